/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that a terminal was sent, cut into text, controls and sequences: UTF-8
 * decoded, then the state machine of ECMA-48 and DEC as vt100.net/emu/
 * dec_ansi_parser describes it, with the transitions that xterm.js 6 has.
 * What no sequence can be is left out, as terminals do; bytes that are no
 * UTF-8 come as U+FFFD, so that nothing of them hides. The contents of OSC,
 * DCS, APC, PM and SOS are passed over: nothing of them is kept.
 *
 * Takes bytes in any division: what is put out depends on the bytes alone.
 */
#ifndef RECORD_SEQUENCE_H
#define RECORD_SEQUENCE_H

#include "base/buf.h"

#define SEQUENCE_PARAMS	   32
#define SEQUENCE_PARAM_MAX 0x7fffffff

enum sequence_state {
	SEQ_GROUND,
	SEQ_ESCAPE,
	SEQ_ESCAPE_MORE, /* an intermediate byte was seen */
	SEQ_CSI,
	SEQ_CSI_PARAM,
	SEQ_CSI_MORE,
	SEQ_CSI_IGNORE,
	SEQ_OSC,
	SEQ_SOS, /* and PM, APC */
	SEQ_DCS,
	SEQ_DCS_PARAM,
	SEQ_DCS_MORE,
	SEQ_DCS_IGNORE,
	SEQ_DCS_DATA,
	SEQ_N_STATES,
};

/* What was read of a sequence; of use to who is called with it. */
struct sequence {
	/* Its private and intermediate bytes, the last one lowest. */
	uint32_t marks;
	unsigned n_params; /* 1 at least */
	unsigned n_subs;
	/* Numbers between ; and those behind : in them; -1: left out. */
	int32_t params[SEQUENCE_PARAMS], subs[SEQUENCE_PARAMS];
	/* Of each parameter: where its subs begin and end. */
	uint8_t sub_from[SEQUENCE_PARAMS], sub_to[SEQUENCE_PARAMS];
	bool full, subs_full, in_sub;
};

struct sequence_ops {
	/* Bytes of 0x20 to 0x7e. */
	void (*ascii)(void *user, const char *p, size_t n);
	/* Any other character from U+00A0 on. */
	void (*character)(void *user, uint32_t cp);
	/* C0, and C1 as 0x80 to 0x9f. */
	void (*control)(void *user, uint32_t code);
	void (*escape)(void *user, const struct sequence *s, char final);
	void (*csi)(void *user, const struct sequence *s, char final);
	/* A string that was passed over ended, or was cut off. */
	void (*string)(void *user);
};

struct sequence_parser {
	const struct sequence_ops *ops;
	void *user;
	enum sequence_state state;
	struct sequence s;
	uint64_t taken;	 /* bytes, the one at hand included */
	uint8_t tail[4]; /* of a character that is not complete yet */
	unsigned n_tail;
};

void sequence_init(
    struct sequence_parser *p, const struct sequence_ops *ops, void *user);
void sequence_feed(struct sequence_parser *p, struct str bytes);

/* Whether nothing was begun: what comes next does not depend on it. */
static inline bool sequence_idle(const struct sequence_parser *p)
{
	return p->state == SEQ_GROUND && p->n_tail == 0;
}

/* Bytes that bring an idle parser to where this one is. */
void sequence_pending(const struct sequence_parser *p, struct buf *out);

/* The n-th parameter, `none` where it is 0 or not there. */
static inline int32_t sequence_param(
    const struct sequence *s, unsigned n, int32_t none)
{
	return n < s->n_params && s->params[n] > 0 ? s->params[n] : none;
}

#endif
