/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place that an output has reached: for each chain the number up to which
 * all was accepted, and where it stands within the window that it is at. It
 * outlives crashes: a file that is replaced as a whole. One that is damaged is
 * an error; nothing is sent anew by accident.
 */
#ifndef OUTPUTS_PLACE_H
#define OUTPUTS_PLACE_H

#include "store/store.h"

struct place {
	struct query_window *v; /* sorted by chain */
	size_t n, cap;
	struct buf mark; /* a store's cursor in these windows; empty: none */
};

void place_free(struct place *p);

/* Its text, and back into an empty one; false: damaged. */
int place_write(const struct place *p, struct buf *b);
bool place_parse(struct place *p, struct str text);

/* The place in FILE; -ENOENT: there is none yet; -EBADMSG: it is damaged. */
int place_load(struct place *p, int dirfd, const char *file, struct err *err);
int place_save(
    const struct place *p, int dirfd, const char *file, struct err *err);

/*
 * Where no window is under way, open the next ones up to what the store has
 * now. *ret_behind: how many numbers lie between the place and the store's
 * ends; 0: there is nothing.
 */
int place_look(
    struct place *p, struct store *s, uint64_t *ret_behind, struct err *err);
/* The windows are through. */
void place_done(struct place *p);

#endif
