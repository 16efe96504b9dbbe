/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that stood on a terminal's screen, and when each appeared and
 * vanished: what a search in a recording looks at. Not every state of a row is
 * one. What is typed or goes on to be printed is one line, told as it was in
 * the end; of a line that is edited, what stood for a second; of one in which
 * only numbers and signs change (progress bars, clocks), what stood longer
 * each time, up to a minute, and how it was in the end. What gives way to
 * something else is told however short it stood, also when it was shown and
 * scrolled away at once.
 */
#ifndef RECORD_LINES_H
#define RECORD_LINES_H

#include "record/screen.h"

struct line {
	/* Times as the screen is fed with, nanoseconds; it stood from `from`
	 * until before `to`. */
	uint64_t from, to;
	/* From when on it was all there, as it is told: of what was typed, when
	 * the last letter of it was. */
	uint64_t since;
	bool alternate;	 /* on the screen that editors use */
	struct str text; /* UTF-8 without control characters, not empty */
};

typedef void line_fn(void *user, const struct line *line);

struct lines;

/* Watches the screen, which must live longer. NULL: no memory. */
struct lines *lines_new(struct screen *s, line_fn *told, void *user);
void lines_free(struct lines *l);
/* After each piece that the screen was fed, of this time. */
void lines_look(struct lines *l, uint64_t now);
/* 0, or -ENOMEM since a line could not be told. */
int lines_error(const struct lines *l);
/* All that stands is told, as if it vanished now. */
void lines_end(struct lines *l, uint64_t now);

/*
 * So that lines can be told from a snapshot on, and be the same ones as from
 * the beginning: writes since when each row stands, and forgets what is not
 * needed to go on; what had vanished already is told. After lines_look().
 */
void lines_mark(struct lines *l, uint64_t now, struct buf *out);
/* On a screen that was just brought there. -EBADMSG: it is no mark of it. */
int lines_resume(struct lines *l, struct str mark);

#endif
