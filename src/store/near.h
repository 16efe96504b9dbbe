/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracks of a host that join_tracks() has to see together: some that
 * changed, and what may be one session with these, found by what they share (a
 * pid, a client port, a ses, a terminal). Each one brings the few that begin
 * next to it, before and behind, under each of these: however many tracks of
 * the host are of one instant, or made to look alike, no more are loaded.
 */
#ifndef STORE_NEAR_H
#define STORE_NEAR_H

#include "base/map.h"
#include "store/session_row.h"

struct near {
	struct sql *sql;
	int64_t host;
	struct str host_name; /* the caller's */
	struct track_rows rows;
	size_t n_changed;	 /* the first of rows */
	struct track_place last; /* of these */
	struct map known;	 /* ids in rows; 1: of one that changed */
	struct map marked; /* what was tried or recorded under a key: until */
	struct arena mem;
};

/*
 * Load the first tracks that changed, `limit` at most, in their order, in
 * place of what was loaded before. 0, then n_changed and last tell of them.
 */
int near_load_changed(struct near *n, size_t limit, struct err *err);

/* Load what is near to them. 1: that makes more than `max` in all. */
int near_load_others(struct near *n, size_t max, struct err *err);

/*
 * Attempts and recordings are joined with sessions, and not with one another:
 * mark those as changed that can be of one of the tracks that changed, and were
 * not among these. Rows are still in the order in which they were loaded.
 */
int near_mark(struct near *n, struct err *err);

void near_free(struct near *n);

#endif
