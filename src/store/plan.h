/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query made ready: texts folded, tracks and blocks that can matter looked
 * up. Holds no row of any event.
 */
#ifndef STORE_PLAN_H
#define STORE_PLAN_H

#include "base/map.h"
#include "store/catalogue.h"
#include "store/fold.h"

/* Bits of a gram filter that a needle is tested by. */
#define NEEDLE_BITS 24

struct needle {
	struct str text; /* folded; empty: any */
	struct fold fold;
	struct str plain; /* longest part that no quoting of commands changes */
	struct fold plain_fold;
	uint32_t bits[NEEDLE_BITS], cmd_bits[NEEDLE_BITS];
	size_t n_bits, n_cmd_bits;
};

/* Tracks by id; `on` false: all. */
struct track_set {
	bool on;
	struct map ids;
};

struct position {
	int64_t time;
	uint64_t chain, seq;
};

struct plan_block {
	int64_t id, min, max;
};

struct plan {
	struct arena mem;
	struct query q; /* strings lie in mem */
	struct needle cmd, path, text;
	struct track_set session, person; /* a row's track must be in both */
	struct track_set user, addr;	  /* ... or the row itself matches */
	struct map hidden;		  /* see hidden_hash() */
	bool resume;
	struct position after;
	struct plan_block *blocks; /* in the order of the query */
	size_t n_blocks;
};

/* -EINVAL: the query's cursor is not one of this order. */
int plan_make(
    struct plan *p, struct sql *s, const struct query *q, struct err *err);
void plan_free(struct plan *p);

/* Order of positions as the query has it: < 0 when a comes first. */
int position_cmp(
    const struct plan *p, const struct position *a, const struct position *b);

/* Sessions have marks of their own. */
bool mark_parse(struct str mark, char kind, struct position *ret);
void mark_write(struct buf *b, char kind, const struct position *at);

/* Order of windows, for qsort() and bsearch(). */
int window_cmp(const void *x, const void *y);
/* The query's window of a chain, or NULL. */
const struct query_window *window_of(const struct query *q, uint64_t chain);

/* The query, its texts in `a` but that of the cursor. -ENOMEM. */
int query_copy(struct query *dst, const struct query *src, struct arena *a);
/* Whether a value equals addr, or begins with it when addr ends in . or : */
bool addr_match(struct str addr, struct str value);

#endif
