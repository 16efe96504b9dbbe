/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathers events in memory and makes a block of them. Strings are interned as
 * they come in, so that a row is a handful of numbers and repeated texts take
 * no room. Memory is bounded by builder_full().
 */
#ifndef STORE_BUILDER_H
#define STORE_BUILDER_H

#include "base/map.h"
#include "store/block_format.h"
#include "store/gram.h"

struct builder_row {
	int64_t time;
	uint64_t seq, chain, track;
	uint32_t host, boot, source, shape;
	uint32_t at; /* its first value */
};

struct builder {
	struct builder_row *rows;
	uint32_t n;
	uint64_t *values; /* per row, its fields in order: number or entry */
	size_t n_values, cap_values;
	size_t touched_rows, touched_values; /* bytes: touch_ahead() */
	size_t text; /* bytes of strings, repeated ones too */
	struct intern shapes, hosts, boots, sources;
	struct shape *shape; /* by number of shapes */
	size_t cap_shape;
	struct intern strings[EVENT_N_FIELDS];
	int64_t min_time, max_time;
	int64_t min_told, max_told; /* of what logs tell; see n_told */
	uint32_t n_told;
	struct run *runs; /* after builder_seal() */
	uint32_t n_runs;
	uint64_t kinds; /* bit set, after builder_seal() */
};

int builder_new(struct builder **ret);
void builder_free(struct builder *b);
/* Forget all rows, keep the memory. */
void builder_reset(struct builder *b);
/* The same, and give back what they took; the next ones take it anew. */
void builder_shrink(struct builder *b);
/* Derived fields that follow from the session are not kept. -ENOMEM. */
int builder_add(struct builder *b, const struct event *ev);
/* It must be sealed before another event is added. */
bool builder_full(const struct builder *b);

/*
 * Append the block's image to ret and fill runs and kinds. At least one row.
 * -ENOMEM.
 */
int builder_seal(struct builder *b, struct buf *ret);

#endif
