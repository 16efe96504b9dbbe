/* SPDX-License-Identifier: Apache-2.0 */
#include "core/correlate.h"

#include <errno.h>
#include <stdlib.h>

#include "core/live.h"

int correlator_new(struct correlator **ret, const uint8_t key[static 16])
{
	struct correlator *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	memcpy(c->key, key, sizeof c->key);
	c->names = INTERN_INIT;
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
	map_free(&c->index);
	arena_free(&c->boot_text);
	buf_free(&c->text);
	free(c);
}

void correlator_boundary(struct correlator *c)
{
	for (size_t i = 0; i < c->n_hosts; i++) {
		struct live_host *h = c->hosts[i];

		for (unsigned k = 0; k < TRACK_N_KINDS; k++) {
			live_kill_all(c, h, (enum track_kind)k);
			free((void *)(uintptr_t)h->boot[k].p);
			h->boot[k] = STR_NONE;
		}
		procs_clear(&h->procs);
		h->booted = h->serial = h->ses = -1;
		h->login_since = h->agent_started = false;
	}
}

static enum track_kind stream_of(struct str source)
{
	static const struct {
		struct str prefix;
		enum track_kind kind;
	} streams[] = {
	    {{"audit", 5}, TRACK_AUDIT},
	    {{"bpf", 3}, TRACK_AUDIT},
	    {{"utmp", 4}, TRACK_LOGIN},
	    {{"wtmp", 4}, TRACK_LOGIN},
	    {{"btmp", 4}, TRACK_LOGIN},
	};

	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
		if (str_starts(source, streams[i].prefix))
			return streams[i].kind;
	return TRACK_CONN;
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

int correlate(struct correlator *c, struct event *ev)
{
	static int (*const streams[TRACK_N_KINDS])(struct correlator *,
	    struct live_host *, struct event *, struct live **) = {
	    [TRACK_AUDIT] = audit_event,
	    [TRACK_CONN] = conn_event,
	    [TRACK_LOGIN] = login_event,
	};
	enum track_kind stream = stream_of(ev->source);
	struct live *l = NULL;
	struct live_host *h;
	int err;

	ev->track = 0;
	event_unset(ev, F_INTERACTIVE);
	event_unset(ev, F_LOGIN_USER);
	event_unset(ev, F_SETUP);
	err = live_host_get(c, ev->host, stream == TRACK_AUDIT, &h);
	if (err || !h)
		return err;
	err = streams[stream](c, h, ev, &l);
	if (err)
		return err;
	if (ev->kind == EVENT_GAP && !l)
		mark_gap(c, h, stream);
	if (!l)
		return 0;
	ev->track = l->t.id;
	event_set_str(ev, F_LOGIN_USER, l->t.user);
	return 0;
}
