/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a block. Columns are read and decompressed when first asked for and
 * stay until block_close(). Everything read is checked: a damaged block gives
 * -EBADMSG, never wrong memory.
 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include "base/err.h"
#include "store/block_format.h"
#include "store/column.h"

struct block;

/* A file in directory dirfd; `name` is kept for messages only. */
int block_open_file(
    struct block **ret, int dirfd, const char *name, struct err *err);
/* An image in memory, which must outlive the block. */
int block_open_bytes(struct block **ret, struct str image, struct err *err);
/* The same, with a copy of its own. */
int block_open_copy(struct block **ret, struct str image, struct err *err);
void block_close(struct block *b);

uint32_t block_rows(const struct block *b);
void block_times(const struct block *b, int64_t *min, int64_t *max);
/* Bytes of memory that it holds. */
size_t block_memory(const struct block *b);

/* All below: 0, -EBADMSG, -ENOMEM or a read error. */

/* Shapes, and the shape of each row. */
int block_shapes(struct block *b, const struct shape **ret, uint32_t *n,
    const uint32_t **ret_rows, struct err *err);
int block_runs(
    struct block *b, const struct run **ret, uint32_t *n, struct err *err);
/* Name of a run's host. */
struct str block_host(const struct block *b, uint32_t host);
bool block_has(const struct block *b, unsigned column);
/*
 * The column must be there. Below COL_FIELD every row has a value: v[] and
 * codes[] are by row.
 */
int block_ints(
    struct block *b, unsigned column, struct ints *ret, struct err *err);
int block_strings(struct block *b, unsigned column, const struct strings **ret,
    struct err *err);
/* 1: all bits may be there, 0: not. See store/gram.h. */
int block_gram(struct block *b, unsigned column, const uint32_t *bits, size_t n,
    struct err *err);

/*
 * Row as event; fields outside `want` (as in struct query; NULL: all) may be
 * missing. Strings live as long as the block.
 */
int block_event(struct block *b, uint32_t row, const uint64_t *want,
    struct event *ret, struct err *err);

#endif
