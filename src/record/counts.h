/* SPDX-License-Identifier: Apache-2.0 */
/* What pieces of a recording add up to, as its channel.close tells it. */
#ifndef RECORD_COUNTS_H
#define RECORD_COUNTS_H

#include "core/event.h"
#include "record/piece.h"

/* Bytes; of both streams of a command together. */
struct counts {
	int64_t output, input;
	int64_t lost;	  /* of holes */
	int64_t left_out; /* on purpose */
	int64_t masked;	  /* not bytes but times */
};

void counts_add(struct counts *c, const struct piece *p);
/* All that was sent: bytes_read has what was left out, too. */
int64_t counts_sent(const struct counts *c);
void counts_to_event(const struct counts *c, struct event *ev);

#endif
