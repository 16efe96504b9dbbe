/* SPDX-License-Identifier: Apache-2.0 */
#include "core/correlate.h"

#include <errno.h>
#include <stdlib.h>

#include "core/live.h"
#include "core/reach.h"

int correlator_new(struct correlator **ret, const uint8_t key[static 16],
    const struct correlate_memory *memory)
{
	struct correlator *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	memcpy(c->key, key, sizeof c->key);
	c->names = INTERN_INIT;
	if (memory)
		c->memory = *memory;
	c->dirty_end = &c->dirty;
	*ret = c;
	return 0;
}

void correlator_free(struct correlator *c)
{
	if (!c)
		return;
	live_free_all(c);
	free(c->hosts);
	free(c->boots);
	intern_free(&c->names);
	arena_free(&c->boot_text);
	buf_free(&c->text);
	buf_free(&c->log);
	free(c);
}

int correlator_part(
    struct correlator *c, struct str log, uint64_t part, bool goes_on)
{
	live_free_all(c);
	c->n_boots = 0;
	arena_reset(&c->boot_text);
	c->part = part;
	c->goes_on = goes_on;
	buf_clear(&c->log);
	buf_add_str(&c->log, log);
	return buf_error(&c->log);
}

int correlator_save(struct correlator *c)
{
	struct buf data = BUF_INIT;
	int err = 0;

	for (size_t i = 0; i < c->n_hosts && c->memory.save && !err; i++) {
		struct live_host *h = c->hosts[i];
		struct str key;

		if (!h->changed)
			continue;
		buf_clear(&data);
		live_host_put(h, &data);
		err = buf_error(&data);
		if (!err)
			err = live_host_key(c, h, &key);
		if (!err)
			err =
			    c->memory.save(c->memory.ctx, key, buf_str(&data));
		h->changed = err != 0;
	}
	buf_free(&data);
	return err;
}

bool correlator_disordered(const struct correlator *c)
{
	return c->disordered;
}

struct stream {
	struct str source; /* begins so */
	enum track_kind kind;
	bool ordered; /* a log, written as things happen */
};

static const struct stream *stream_of(struct str source)
{
	static const struct stream streams[] = {
	    {{"auth-log", 8}, TRACK_CONN, true},
	    {{"journal", 7}, TRACK_CONN, true},
	    {{"audit", 5}, TRACK_AUDIT, true},
	    {{"bpf", 3}, TRACK_AUDIT, true},
	    {{"terminals", 9}, TRACK_AUDIT, true},
	    {{"recordings", 10}, TRACK_LOGIN, false},
	    {{"rec", 3}, TRACK_AUDIT, false},
	    {{"utmp", 4}, TRACK_LOGIN, true},
	    {{"wtmp", 4}, TRACK_LOGIN, true},
	    {{"btmp", 4}, TRACK_LOGIN, true},
	    {{"", 0}, TRACK_CONN, false},
	};
	const struct stream *s = streams;

	while (!str_starts(source, s->source))
		s++;
	return s;
}

static bool tells_order(const struct stream *stream, const struct event *ev)
{
	return stream->ordered && !event_int(ev, F_AMENDS, 0);
}

bool correlate_tells_order(const struct event *ev)
{
	return tells_order(stream_of(ev->source), ev);
}

bool correlate_is_sshd(const struct event *ev)
{
	return facts_sshd(ev);
}

/*
 * The first event that a part of a log tells of a host. A part that begins
 * before the one read last has nothing to go on from, nor has one that begins
 * later than a session reaches.
 */
static void follow_part(
    struct correlator *c, struct live_host *h, const struct event *ev)
{
	bool earlier;

	if (h->part == 0)
		h->begun = h->told = ev->time;
	earlier = !c->goes_on && ev->time < h->begun;
	c->disordered |= earlier;
	if (earlier ||
	    (ev->time > h->told && (uint64_t)ev->time - (uint64_t)h->told >
				       (uint64_t)TRACK_REACH_OPEN))
		live_forget(c, h);
	if (ev->time > h->begun)
		h->begun = ev->time;
	h->part = c->part;
}

/* Something was lost: whatever was open in that stream may lack it. */
static void mark_gap(
    struct correlator *c, struct live_host *h, enum track_kind kind)
{
	for (struct live *l = h->list[kind].newest; l; l = l->older) {
		if (l->t.flags & (TRACK_CLOSED | TRACK_GAP))
			continue;
		l->t.flags |= TRACK_GAP;
		live_change(c, l);
	}
}

/* Told by sshtrail of its own work, not by a log. */
static bool is_of_reading(const struct event *ev)
{
	return ev->kind == EVENT_IMPORT_START || ev->kind == EVENT_IMPORT_END ||
	       str_eqz(ev->source, "sshtrail");
}

int correlate(struct correlator *c, struct event *ev)
{
	static int (*const follow[TRACK_N_KINDS])(struct correlator *,
	    struct live_host *, struct event *, struct live **) = {
	    [TRACK_AUDIT] = audit_event,
	    [TRACK_CONN] = conn_event,
	    [TRACK_LOGIN] = login_event,
	};
	const bool recorded = str_eqz(ev->source, "recordings");
	const struct stream *stream = stream_of(ev->source);
	struct live *l = NULL;
	struct live_host *h;
	int err;

	ev->track = 0;
	if (is_of_reading(ev))
		return 0;
	event_unset(ev, F_INTERACTIVE);
	event_unset(ev, F_LOGIN_USER);
	event_unset(ev, F_SETUP);
	err = live_host_get(c, ev->host, stream->kind == TRACK_AUDIT, &h);
	if (err || !h)
		return err;
	if (tells_order(stream, ev)) {
		if (h->part != c->part)
			follow_part(c, h, ev);
		h->told = ev->time;
	}
	err = recorded ? recording_event(c, h, ev, &l)
		       : follow[stream->kind](c, h, ev, &l);
	if (err)
		return err;
	h->changed |= stream->ordered || l;
	if (ev->kind == EVENT_GAP && !l)
		mark_gap(c, h, stream->kind);
	if (!l)
		return 0;
	ev->track = l->t.id;
	event_set_str(ev, F_LOGIN_USER, l->t.user);
	return 0;
}
