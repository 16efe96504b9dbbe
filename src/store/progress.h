/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far somebody has come in a store who wants each event once, whenever it
 * came: for each chain the number up to which all is done, and where he stands
 * within the windows that he is at. Windows follow one another without gaps.
 */
#ifndef STORE_PROGRESS_H
#define STORE_PROGRESS_H

#include "base/buf.h"
#include "store/store.h"

struct progress {
	struct query_window *v; /* sorted by chain */
	size_t n, cap;
	struct buf mark; /* a store's cursor in these windows; empty: none */
};

void progress_free(struct progress *p);

/* Behind all others: chains are added in their order. NULL: no memory, or it is
 * not above the last one. */
struct query_window *progress_add(struct progress *p, uint64_t chain);

/*
 * Where no window is under way, open the next ones up to what the store has
 * now. *ret_behind: how many numbers lie between the place and the store's
 * ends; 0: there is nothing.
 */
int progress_look(
    struct progress *p, struct store *s, uint64_t *ret_behind, struct err *err);
/* The windows are through. */
void progress_done(struct progress *p);

/* Ask for what is behind the place in the windows, the oldest first. */
void progress_ask(const struct progress *p, struct query *q);

#endif
