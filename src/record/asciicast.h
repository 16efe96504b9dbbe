/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings as asciinema knows them (docs.asciinema.org/manual/asciicast/):
 * lines of JSON. A view: bytes that are not UTF-8 become U+FFFD.
 */
#ifndef RECORD_ASCIICAST_H
#define RECORD_ASCIICAST_H

#include "base/buf.h"
#include "record/piece.h"

/* A character that is not complete yet. */
struct asciicast_tail {
	char p[4];
	size_t n;
};

struct asciicast {
	unsigned version; /* 2 or 3 */
	struct buf *out;
	uint64_t first, last; /* boot times of pieces; version 3: of lines */
	uint64_t told_ms;     /* version 3: sum of the intervals told */
	bool no_tty;	      /* newlines are to be completed */
	struct asciicast_tail output, input, errors;
};

struct asciicast_head {
	uint16_t cols, rows; /* 0: not known, 80x24 then */
	int64_t time;	     /* nanoseconds since 1970 */
	uint64_t boot;	     /* of the first piece */
	struct str title;
	bool no_tty; /* of a command that had none: a newline is just that */
};

/* Lines are appended to `out`; look at buf_error() now and then. */
void asciicast_begin(struct asciicast *a, unsigned version, struct buf *out,
    const struct asciicast_head *head);
void asciicast_piece(struct asciicast *a, const struct piece *p);
/* What is left of characters that were never complete. */
void asciicast_end(struct asciicast *a);

#endif
