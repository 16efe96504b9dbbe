/* SPDX-License-Identifier: Apache-2.0 */
/* What standard output is, and how text may look there. */
#ifndef CLI_TEXT_TERM_H
#define CLI_TEXT_TERM_H

#include "base/buf.h"

struct term {
	bool tty;
	bool color;
	bool utf8;	/* false: non-ASCII goes out as escapes */
	unsigned width; /* columns; 0: no limit */
};

enum style {
	STYLE_NONE,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
	STYLE_GREEN,
	STYLE_YELLOW,
	STYLE_BLUE,
	STYLE_CYAN,
	STYLE_N
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/*
 * Ask descriptor fd and the environment (COLUMNS, TERM, NO_COLOR) and set the
 * locale's character type. `width` 0: that of the terminal.
 */
void term_init(struct term *t, int fd, unsigned width, enum color_when color);

/* Flags for escape_add(). */
unsigned term_escape_flags(const struct term *t);

void term_style(const struct term *t, struct buf *b, enum style s);
/* Ends what term_style() of the same style began. */
void term_unstyle(const struct term *t, struct buf *b, enum style s);

#endif
