/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user's terminal shows, cell by cell. It is sent the differences
 * only, and nothing but these: SGR, where the cursor is and whether it shows,
 * erase, and characters that have looks of their own. Nothing that was recorded
 * gets there in any other way, so a recording cannot do anything to it.
 */
#ifndef CLI_PLAY_VIEW_H
#define CLI_PLAY_VIEW_H

#include "record/screen.h"

/* All zero, then the two flags: nothing shown, no size. */
struct view {
	bool utf8;  /* else other characters than ASCII are shown as such */
	bool color; /* else bold, inverse and the like alone */
	/* Its own: */
	unsigned rows, cols;
	struct cell *wanted, *shown; /* rows * cols each */
	struct screen_cursor cursor;
	bool cursor_shown;
	struct pen pen; /* that the terminal has */
	unsigned x, y;	/* where its cursor is; x beyond cols: not known */
	bool known;	/* what it shows */
};

/* The terminal has this size, at most SCREEN_MAX, and shows who knows what.
 * 0 or -ENOMEM. */
int view_resize(struct view *v, unsigned rows, unsigned cols);
/* Somebody else wrote to the terminal: all is sent anew. */
void view_forget(struct view *v);

/*
 * n rows of a screen from (x, y) on are to stand in the terminal's rows from
 * `at` on; where the screen has nothing there are blanks.
 */
void view_put(struct view *v, unsigned at, unsigned n, const struct screen *s,
    unsigned x, unsigned y);
/* Of what was put there, columns [from, to) of a row, inverse. */
void view_invert(struct view *v, unsigned at, unsigned from, unsigned to);
/* Beyond the terminal: not shown. */
void view_set_cursor(struct view *v, struct screen_cursor cursor);

/* Appends what brings the terminal there. */
void view_draw(struct view *v, struct buf *out);

void view_free(struct view *v);

#endif
