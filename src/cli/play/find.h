/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for a text in what a recording showed, forth and back. */
#ifndef CLI_PLAY_FIND_H
#define CLI_PLAY_FIND_H

#include "archive/screens_search.h"
#include "cli/play/player.h"

/* More hits of a text are not kept. */
#define FIND_MAX 10000

struct find {
	struct buf text; /* as it is looked for; empty: nothing is */
	struct find_hit {
		uint64_t from, to; /* boot times between which it stood */
	} * v;			   /* n of them, by `from` */
	size_t n, cap;
	size_t current;	   /* the hit that was gone to ... */
	uint64_t found_at; /* ... and the moment at which it stands; 0: none */
};

/*
 * Finds all that the recording showed so far. 0, or an error; `n` is the number
 * of hits.
 */
int find_text(struct find *f, struct archive *a, const struct recording *r,
    struct str text, struct err *err);
void find_free(struct find *f);

/* The moment is that of the hit which was gone to last. */
bool find_is_at(const struct find *f, uint64_t at);
/*
 * Columns from *ret_from to before *ret_to: the next place of the text in a
 * row, from column x on. False: there is none.
 */
bool find_in_row(const struct find *f, const struct row *r, unsigned x,
    unsigned *ret_from, unsigned *ret_to);

enum find_way { FIND_NEXT, FIND_PREVIOUS };

/*
 * Jumps to the next or the previous hit, from the moment that is shown on; to
 * where the whole text stands, as a line that is typed begins to stand with its
 * first letter. There is one at least. *ret_around: it is on the other side, as
 * there was none any more. 0 or an error.
 */
int find_go(struct find *f, struct player *p, enum find_way way,
    bool *ret_around, struct err *err);

#endif
