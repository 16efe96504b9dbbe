/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal without keyboard: what would stand on the screen after the bytes
 * that it was sent. It never answers, whatever is asked, and knows no titles,
 * links, pictures or clipboard. Where terminals differ it does as xterm.js 6
 * does; docs/terminal-model.md lists what it takes and where it does not.
 *
 * Memory is bounded whatever it is fed: 24 bytes for each cell of two screens
 * and of the rows of history, where something was written.
 */
#ifndef RECORD_SCREEN_H
#define RECORD_SCREEN_H

#include "record/piece.h"
#include "record/row.h"

/* Sizes are brought between these; programs of the session cannot set one. */
#define SCREEN_MIN_COLS 2
#define SCREEN_MAX	1000 /* columns, and rows */

struct screen;

struct screen_cursor {
	unsigned x, y; /* x: the number of columns when the row is full */
	bool visible;
};

enum row_leaves {
	ROW_GONE, /* scrolled out, or another screen is shown; tag becomes 0 */
	ROW_CLEARED, /* erased where it stands, with all others or many */
};

struct screen_watch {
	/*
	 * What the row holds is about to leave the screen, at this time of a
	 * feed. From the top row down. A row without a tag in which nothing
	 * was written is not told, nor one that is not shown.
	 */
	void (*leave)(
	    void *user, struct row *r, uint64_t time, enum row_leaves how);
	void *user;
};

/* With `history` rows at most kept above the screen. NULL: no memory. */
struct screen *screen_new(unsigned rows, unsigned cols, unsigned history);
void screen_free(struct screen *s);
void screen_watch(struct screen *s, const struct screen_watch *watch);

/*
 * Times have any unit and may be any but 0; they should not run back. After
 * a failure for want of memory (screen_error()) the screen may be wrong.
 */
void screen_feed(struct screen *s, uint64_t time, struct str bytes);
/* Text does not flow: rows are cut or go on, as xterm does. */
void screen_resize(
    struct screen *s, uint64_t time, unsigned rows, unsigned cols);
/*
 * What a piece of a recording says: begin (the size; of a command that had no
 * terminal, that a newline also returns), output, errors, size, hole.
 */
void screen_take(struct screen *s, const struct piece *p);
/* 0, or -ENOMEM since something could not be kept. */
int screen_error(const struct screen *s);

unsigned screen_rows(const struct screen *s);
unsigned screen_cols(const struct screen *s);
/* y from 0 on; the pointer holds until the next feed. */
struct row *screen_row(const struct screen *s, unsigned y);
struct screen_cursor screen_cursor(const struct screen *s);
/* Whether the alternate screen is shown, as editors use it. */
bool screen_is_alternate(const struct screen *s);
/* Rows that were scrolled off the top; 0 is the oldest. */
unsigned screen_n_history(const struct screen *s);
const struct row *screen_history(const struct screen *s, unsigned i);

/*
 * Whether what comes next begins anew: no character or sequence has begun.
 * Only then is a snapshot whole for other terminals.
 */
bool screen_idle(const struct screen *s);
/*
 * Text that brings a new screen of this size, in this program and in any
 * terminal that knows xterm's sequences, to where this one is: both screens,
 * colours, cursor and saved cursors, margins, tabs, character sets and modes.
 * Not the history, nor times. Bytes fed to both from then on do the same.
 */
void screen_snapshot(const struct screen *s, struct buf *out);

#endif
