/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a block, for the two files that read it. */
#ifndef STORE_BLOCK_INSIDE_H
#define STORE_BLOCK_INSIDE_H

#include "store/block.h"

struct place {
	uint64_t at;
	uint32_t values, raw, size, crc;
};

struct block {
	int fd;		  /* or -1 */
	struct str image; /* where fd is -1 */
	uint64_t size;
	char name[64];
	uint32_t rows;
	int64_t min_time, max_time;
	bool has[COL_N];
	struct place places[COL_N];
	struct arena mem;
	const struct shape *shapes;
	uint32_t n_shapes;
	const uint32_t *row_shape;
	const uint32_t *shape_rows; /* how many rows have each shape */
	const struct run *runs;
	uint32_t n_runs;
	const struct str *hosts;
	uint32_t n_hosts;
	const uint32_t *row_run;
	struct ints ints[COL_N];
	const struct strings *strings[COL_N];
	/* The rows' places in columns that the same shapes have. */
	struct {
		enum field field; /* one of them */
		const uint16_t *place;
	} places_of[EVENT_N_FIELDS];
	size_t n_places_of;
};

static inline uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static inline uint64_t get_u64(const unsigned char *p)
{
	return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

/* -EBADMSG, with what to do about it. */
int block_damaged(const struct block *b, struct err *err);
int block_read_at(
    struct block *b, uint64_t at, void *p, size_t n, struct err *err);
/* The column's bytes, decompressed, in the block's memory. */
int block_load(
    struct block *b, unsigned column, struct str *ret, struct err *err);

#endif
