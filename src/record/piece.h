/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of a recording: what a terminal showed, was sent, or became, or what
 * a command without one wrote, at one moment. Bytes are raw: nothing is decoded
 * before it is shown.
 */
#ifndef RECORD_PIECE_H
#define RECORD_PIECE_H

#include "base/str.h"

enum piece_type {
	PIECE_BEGIN,  /* bytes: the event channel.open as JSON */
	PIECE_OUTPUT, /* bytes that the terminal was to show */
	PIECE_INPUT,  /* bytes that were typed */
	PIECE_ERRORS, /* bytes that a command wrote to its standard error */
	PIECE_MASKED, /* typed while nothing was echoed: not kept, once */
	PIECE_SIZE,   /* the window has this size from now on */
	PIECE_HOLE,   /* output is missing here */
	/* Output is left out from here on: once with 0; at the end, how much */
	PIECE_LEFT_OUT,
	PIECE_MARK, /* bytes: a text for people, about this moment */
	PIECE_EXIT, /* what was recorded ended with this status */
	PIECE_END,
	PIECE_N_TYPES,
};

/*
 * Marks that begin so tell of a signal, by its name without SIG, as formats
 * that know of signals hold it: "signal TSTP".
 */
#define PIECE_SIGNAL "signal "

struct piece {
	enum piece_type type;
	uint64_t boot; /* nanoseconds since boot: orders and spaces pieces */
	int64_t time;  /* nanoseconds since 1970, as the clock went then */
	struct str bytes;
	uint16_t cols, rows; /* PIECE_SIZE */
	uint64_t lost;	     /* HOLE, LEFT_OUT: bytes; 0: not known how many */
	uint32_t status;     /* PIECE_EXIT */
};

/* Whether its bytes are for who looks on. */
static inline bool piece_is_shown(const struct piece *p)
{
	return p->type == PIECE_OUTPUT || p->type == PIECE_ERRORS;
}

#endif
