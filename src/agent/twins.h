/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that two taps read: what journald takes it hands to rsyslog, too, so
 * that a host has most of them in its journal and in auth.log. Both readings
 * have the same id (docs/sources.md, "Identity"), and one is told.
 *
 * Bounded: where one tap is more than TWINS_MAX lines behind the other, as that
 * behind a long stop may be, the lines between are told twice.
 */
#ifndef AGENT_TWINS_H
#define AGENT_TWINS_H

#include "base/map.h"
#include "core/event.h"

struct tap;

#define TWINS_MAX  32768
/*
 * How far apart the two may say that it was. Less than half of the time within
 * which a line that comes again has another id.
 */
#define TWINS_USEC ((int64_t)4000000)

struct twin {
	uint64_t key; /* 0: nothing is waited for */
	int64_t time;
	const struct tap *tap;
	bool text;
};

struct twins {
	struct map at;	   /* key: place in `ring` */
	struct twin *ring; /* TWINS_MAX, the oldest next; NULL: none yet */
	size_t next;
};

/* Zeroes are a good beginning. */
void twins_free(struct twins *t);

/*
 * Whether another tap than this one told it, within TWINS_USEC; each event
 * answers for one. Else it is known from now on. What stands with more
 * authority than the one that was told is to be told all the same: it gets that
 * one's time and F_AMENDS, by which it takes its place. What is known by
 * its number alone (F_SERIAL) is never taken for told: anybody could have
 * written that number before. Without memory nothing is.
 */
bool twins_told(struct twins *t, const struct tap *tap, struct event *ev);

#endif
