/* SPDX-License-Identifier: Apache-2.0 */
#include "net/caller.h"

#include <stdlib.h>

#include "base/loop.h"

#define SECOND	   ((int64_t)1000000)
#define LOOK_EVERY (SECOND / 4)

/* What came while nobody looked was not read: the server is late, not they. */
static int64_t clock_at(const struct callers *cs, int64_t now)
{
	const int64_t passed = now - cs->looked_at;

	return cs->clock + (passed < SECOND ? passed : SECOND);
}

void callers_init(
    struct callers *cs, size_t max, int64_t patience, int64_t rest)
{
	*cs = (struct callers){.max = max,
	    .patience = patience,
	    .rest = rest,
	    .looked_at = loop_now()};
	crowd_init(&cs->strangers);
}

void callers_free(struct callers *cs)
{
	crowd_free(&cs->strangers);
}

/* Who reads from the descriptor finds its end, and closes it. */
static void cut(struct callers *cs, struct caller *c)
{
	crowd_leave(&cs->strangers, &c->member);
	(void)shutdown(c->fd, SHUT_RDWR);
	c->cut = true;
	cs->n--;
	cs->cut++;
}

struct caller *caller_enter(
    struct callers *cs, int fd, const struct sockaddr *from)
{
	struct caller *c = calloc(1, sizeof *c);

	if (!c || crowd_enter(&cs->strangers, &c->member, from) < 0) {
		free(c);
		return NULL;
	}
	c->fd = fd;
	c->since = clock_at(cs, loop_now());
	c->next = cs->first;
	c->place = &cs->first;
	if (c->next)
		c->next->place = &c->next;
	cs->first = c;
	cs->n++;
	/* There is one at least: who came. */
	if (cs->n > cs->max)
		cut(cs, (struct caller *)crowd_yields(&cs->strangers));
	return c;
}

void caller_leave(struct callers *cs, struct caller *c)
{
	if (!c)
		return;
	crowd_leave(&cs->strangers, &c->member);
	cs->n -= !c->cut;
	*c->place = c->next;
	if (c->next)
		c->next->place = c->place;
	free(c);
}

void caller_does(
    struct callers *cs, struct caller *c, enum caller_doing doing, uint64_t n)
{
	if (!c)
		return;
	if (doing == CALLER_FOLLOWS || doing == CALLER_WAITS)
		caller_is_known(cs, c);
	c->doing = doing == CALLER_BEGINS && c->known ? CALLER_RESTS : doing;
	c->since = clock_at(cs, loop_now());
	c->n = n;
}

void caller_sent(struct caller *c, size_t n)
{
	if (c)
		c->n += n;
}

void caller_takes(const struct callers *cs, struct caller *c, size_t n)
{
	if (!c)
		return;
	if (n == 0) {
		c->doing = CALLER_WAITS;
		return;
	}
	/* What was taken fast is no credit for later. */
	if (c->doing != CALLER_TAKES || c->n >= CALLER_TAKE_PART) {
		c->doing = CALLER_TAKES;
		c->since = clock_at(cs, loop_now());
		c->n = 0;
	}
	c->n += n;
}

void caller_is_known(struct callers *cs, struct caller *c)
{
	if (!c)
		return;
	crowd_leave(&cs->strangers, &c->member);
	c->known = true;
}

static bool is_late(const struct callers *cs, const struct caller *c)
{
	const int64_t took = cs->clock - c->since;

	switch (c->doing) {
	case CALLER_FOLLOWS:
	case CALLER_WAITS:
		return false;
	case CALLER_TAKES:
		return took - cs->patience >
		       (int64_t)c->n * SECOND / CALLER_TAKE_RATE;
	case CALLER_RESTS:
		return took > cs->rest;
	default:
		return took - cs->patience >
		       (int64_t)(c->n / CALLER_RATE) * SECOND;
	}
}

void callers_look(struct callers *cs)
{
	const int64_t now = loop_now();

	if (now - cs->looked_at < LOOK_EVERY)
		return;
	cs->clock = clock_at(cs, now);
	cs->looked_at = now;
	for (struct caller *c = cs->first; c; c = c->next)
		if (!c->cut && is_late(cs, c))
			cut(cs, c);
}
