/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of a plan, in its order, each with the positions of its rows that
 * match. Once scanner_ahead() was called, a thread scans some blocks before
 * they are asked for, while the caller reads the rows of others: either is
 * about half of the work where many rows match.
 */
#ifndef STORE_SCANNER_H
#define STORE_SCANNER_H

#include "base/worker.h"
#include "store/scan.h"

/* Blocks that are scanned before they are asked for. */
#define SCAN_AHEAD 3

struct key {
	struct position at;
	uint32_t row;
};

/* Rows of a block that match, in the order of the plan. */
struct rows {
	size_t block; /* in the plan */
	struct key *keys;
	size_t n, next;
};

struct scan_job {
	struct job job;
	struct scan *scan;
	int opened; /* 0, or why there is no block */
	struct block *block;
	uint64_t limit;
	struct rows rows;
};

struct scanner {
	const struct plan *plan;
	struct sql *sql;
	int blocks_fd;
	struct scan scan;      /* the worker's while it has jobs */
	struct worker *worker; /* NULL: none */
	struct scan_job jobs[SCAN_AHEAD + 1]; /* of block i: i % their number */
	size_t taken, given;		      /* blocks */
};

/* The plan and sql must outlive it. -ENOMEM, then nothing is to be freed. */
int scanner_init(
    struct scanner *s, struct sql *sql, int blocks_fd, const struct plan *p);
/* Where no thread is to be had, all goes on without. */
void scanner_ahead(struct scanner *s);
/*
 * Block number s->taken, which must be below plan->n_blocks: its first rows,
 * up to `limit`, and the block itself, NULL when it has none; both the
 * caller's, rows->keys to free().
 */
int scanner_next(struct scanner *s, uint64_t limit, struct rows *rows,
    struct block **block, struct err *err);
void scanner_free(struct scanner *s);

#endif
