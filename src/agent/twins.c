/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/twins.h"

#include <stdlib.h>

#include "base/hash.h"

/*
 * An id is had once within so long by each tap; so with this span of its time
 * it names one event.
 */
#define SPAN_USEC (2 * TWINS_USEC)

void twins_free(struct twins *t)
{
	map_free(&t->at);
	free(t->ring);
	*t = (struct twins){.ring = NULL};
}

static uint64_t key_of(uint64_t id, int64_t time)
{
	uint64_t key = hash_u64(id ^ hash_u64((uint64_t)(time / SPAN_USEC)));

	return key ? key : 1;
}

static struct twin *find(const struct twins *t, uint64_t key)
{
	const uint64_t *at = map_get(&t->at, key);

	return at ? &t->ring[*at] : NULL;
}

static void forget(struct twins *t, struct twin *w)
{
	if (w->key)
		map_del(&t->at, w->key);
	w->key = 0;
}

static bool is_near(const struct twin *w, int64_t time)
{
	return w->time - time <= TWINS_USEC && time - w->time <= TWINS_USEC;
}

/* What another tap told of it, or NULL. */
static struct twin *find_other(
    const struct twins *t, const struct tap *tap, const struct event *ev)
{
	const uint64_t id = ev->v[F_ID].u;

	for (int side = -1; side <= 1; side += 2) {
		struct twin *w =
		    find(t, key_of(id, ev->time + side * TWINS_USEC));

		if (w && w->tap != tap && is_near(w, ev->time))
			return w;
	}
	return NULL;
}

static void remember(
    struct twins *t, const struct tap *tap, const struct event *ev)
{
	const uint64_t key = key_of(ev->v[F_ID].u, ev->time);
	struct twin *w = find(t, key);
	uint64_t *at;

	if (!w) {
		if (!t->ring)
			t->ring = calloc(TWINS_MAX, sizeof *t->ring);
		at = t->ring ? map_put(&t->at, key) : NULL;
		if (!at)
			return;
		*at = t->next;
		w = &t->ring[t->next];
		t->next = (t->next + 1) % TWINS_MAX;
		forget(t, w);
	}
	*w = (struct twin){key, ev->time, tap, ev->trust >= TRUST_TEXT};
}

bool twins_told(struct twins *t, const struct tap *tap, struct event *ev)
{
	struct twin *w;

	if (!event_has(ev, F_ID) || event_has(ev, F_SERIAL))
		return false;
	w = find_other(t, tap, ev);
	if (!w) {
		remember(t, tap, ev);
		return false;
	}
	forget(t, w);
	if (!w->text || ev->trust >= TRUST_TEXT)
		return true;
	ev->time = w->time;
	event_set_int(ev, F_AMENDS, true);
	return false;
}
