/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorded.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/when.h"
#include "core/correlate.h"
#include "crypto/digest.h"

/*
 * A terminal that is left behind may be open for long. By then the correlator
 * may have forgotten the session, and would make another of its close.
 */
#define WAIT_MAX ((int64_t)60 * USEC_PER_SEC)

struct session_recordings {
	struct sha256_ctx digests; /* of those that ended */
	int64_t n;
	uint64_t bytes; /* as told, whoever did */
	unsigned open;
	int64_t since;	     /* when `close` came */
	struct event *close; /* in mem: it waits to be told whole, or NULL */
	struct arena mem;
};

/* AUDIT_UNSET: none. Numbers of sessions begin anew with each boot. */
static uint64_t ses_of(const struct recorded *r, const struct event *ev)
{
	return ev->boot.n == 0 || str_eq(ev->boot, r->boot)
		   ? (uint64_t)event_int(ev, F_SES, AUDIT_UNSET)
		   : AUDIT_UNSET;
}

static struct session_recordings *find(const struct recorded *r, uint64_t ses)
{
	const uint64_t *at = map_get(&r->by_ses, ses);

	return at ? (struct session_recordings *)(uintptr_t)*at : NULL;
}

static void forget(struct recorded *r, uint64_t ses)
{
	struct session_recordings *s = find(r, ses);

	arena_free(&s->mem);
	free(s);
	map_del(&r->by_ses, ses);
	if (ses > r->forgotten)
		r->forgotten = ses;
}

/* The kernel counts sessions up: the one with the lowest number is oldest. */
static bool forget_oldest(struct recorded *r)
{
	uint64_t oldest = UINT64_MAX;

	for (size_t i = 0; i < r->by_ses.cap; i++) {
		const struct map_slot *slot = &r->by_ses.slots[i];

		if (slot->used && slot->key < oldest &&
		    find(r, slot->key)->open == 0)
			oldest = slot->key;
	}
	if (oldest != UINT64_MAX)
		forget(r, oldest);
	return oldest != UINT64_MAX;
}

/* NULL: nothing is said of it, now nor later. */
static struct session_recordings *find_or_add(struct recorded *r, uint64_t ses)
{
	struct session_recordings *s = find(r, ses);
	uint64_t *at;

	if (s || ses >= AUDIT_UNSET || ses <= r->forgotten)
		return s;
	if (r->by_ses.n < RECORDED_MAX || forget_oldest(r))
		s = ses > r->forgotten ? calloc(1, sizeof *s) : NULL;
	at = s ? map_put(&r->by_ses, ses) : NULL;
	if (!at) {
		free(s);
		if (ses > r->forgotten)
			r->forgotten = ses;
		return NULL;
	}
	*at = (uintptr_t)s;
	sha256_init(&s->digests);
	return s;
}

void recorded_free(struct recorded *r)
{
	for (size_t i = 0; i < r->by_ses.cap; i++) {
		const struct map_slot *slot = &r->by_ses.slots[i];
		struct session_recordings *s;

		if (!slot->used)
			continue;
		s = find(r, slot->key);
		arena_free(&s->mem);
		free(s);
	}
	map_free(&r->by_ses);
	arena_free(&r->due);
}

void recorded_begin(struct recorded *r, const struct event *ev)
{
	struct session_recordings *s = find_or_add(r, ses_of(r, ev));

	if (s)
		s->open++;
}

static void add(
    struct session_recordings *s, const struct sha256 *digest, int64_t bytes)
{
	sha256_add(&s->digests, digest->h, sizeof digest->h);
	s->n++;
	s->bytes += (uint64_t)bytes;
}

void recorded_end(struct recorded *r, const struct event *ev, bool begun)
{
	struct session_recordings *s = find_or_add(r, ses_of(r, ev));
	struct sha256 digest;

	if (!s)
		return;
	if (begun && s->open)
		s->open--;
	if (sha256_parse(event_str(ev, F_SHA256), &digest))
		add(s, &digest, event_int(ev, F_RECORDED, 0));
}

static void set_totals(
    const struct session_recordings *s, struct event *ev, char hex[static 65])
{
	struct sha256 digest;

	if (s->n == 0)
		return;
	sha256_peek(&s->digests, &digest);
	sha256_hex(&digest, hex);
	event_set_int(ev, F_RECORDINGS, s->n);
	event_set_int(ev, F_RECORDED, (int64_t)s->bytes);
	event_set_str(ev, F_RECORDINGS_SHA256, str_z(hex));
}

/* Where there is no memory for it, it stays as it was told. */
static void keep(struct session_recordings *s, const struct event *ev)
{
	struct event *copy = arena_alloc(&s->mem, sizeof *copy);

	if (copy && event_copy(copy, ev, &s->mem) == 0)
		s->close = copy;
	s->since = time_now();
}

void recorded_close(struct recorded *r, struct event *ev, char hex[static 65])
{
	struct session_recordings *s = find(r, ses_of(r, ev));

	/* sudo and su close sessions of their own within this one. */
	if (!s || ev->trust > TRUST_DAEMON || !correlate_is_sshd(ev))
		return;
	if (s->open == 0)
		set_totals(s, ev, hex);
	else if (!s->close && event_has(ev, F_ID))
		keep(s, ev);
}

struct event *recorded_due(
    struct recorded *r, const struct event *ev, char hex[static 65])
{
	struct session_recordings *s = find(r, ses_of(r, ev));
	struct event *close = s ? s->close : NULL;

	if (!close || s->open)
		return NULL;
	s->close = NULL;
	arena_free(&r->due);
	r->due = s->mem;
	s->mem = ARENA_INIT;
	if (s->n == 0 || time_now() - s->since > WAIT_MAX)
		return NULL;
	set_totals(s, close, hex);
	event_set_int(close, F_AMENDS, true);
	return close;
}

/* --- what was told before --- */

struct told {
	uint64_t seq, ses;
	int64_t bytes;
	struct sha256 digest;
};

struct told_list {
	struct told *v;
	size_t n, cap;
};

static int add_told(
    struct told_list *list, uint64_t ses, const struct event *ev)
{
	struct told *t;

	if (array_grow(&list->v, list->n, &list->cap, sizeof *list->v) < 0)
		return -ENOMEM;
	t = &list->v[list->n];
	*t = (struct told){
	    .seq = ev->seq, .ses = ses, .bytes = event_int(ev, F_RECORDED, 0)};
	list->n += sha256_parse(event_str(ev, F_SHA256), &t->digest);
	return 0;
}

static int cmp_seq(const void *va, const void *vb)
{
	const struct told *a = va, *b = vb;

	return (a->seq > b->seq) - (a->seq < b->seq);
}

struct telling {
	struct recorded *recorded;
	struct store *store;
	struct str host;
	struct told_list list;
	struct err *err;
};

/* `session`: 0: of any. */
static int find_told(
    struct telling *t, uint64_t session, int64_t since, int64_t until)
{
	static const enum field wanted[] = {
	    F_RECORDING, F_SES, F_RECORDED, F_SHA256};
	const struct store_ops *ops = t->store->ops;
	struct query q = {.since = since,
	    .until = until,
	    .host = {t->host},
	    .n_host = 1,
	    .session = session,
	    .kinds = (uint64_t)1 << EVENT_CHANNEL_CLOSE};
	struct store_cursor *c;
	struct event ev;
	int r;

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		query_want(&q, wanted[i]);
	r = ops->events(t->store, &q, &c, t->err);
	if (r < 0)
		return r;
	while ((r = ops->next_event(c, &ev, t->err)) > 0) {
		uint64_t ses = ses_of(t->recorded, &ev);

		if (ses < AUDIT_UNSET && event_has(&ev, F_RECORDING) &&
		    ev.trust <= TRUST_DAEMON)
			r = add_told(&t->list, ses, &ev);
		if (r < 0)
			break;
	}
	ops->cursor_close(c);
	return r;
}

/* Of sessions that may last for long; of others it is recent. */
static int find_told_of_open(struct telling *t, int64_t until)
{
	const struct store_ops *ops = t->store->ops;
	const struct query q = {.since = INT64_MIN,
	    .until = until,
	    .host = {t->host},
	    .n_host = 1,
	    .open_only = true};
	struct store_cursor *c;
	struct session row;
	int r = ops->sessions(t->store, &q, &c, t->err);

	if (r < 0)
		return r;
	while ((r = ops->next_session(c, &row, t->err)) > 0) {
		r = find_told(t, row.sum.id, INT64_MIN, until);
		if (r < 0)
			break;
	}
	ops->cursor_close(c);
	return r;
}

int recorded_restore(
    struct recorded *r, struct store *s, struct str host, struct err *err)
{
	struct telling telling = {r, s, host, {NULL, 0, 0}, err};
	struct told_list *list = &telling.list;
	int64_t recent = time_now() - RECORDED_RECENT;
	int error = find_told(&telling, 0, recent, INT64_MAX);

	if (error == 0)
		error = find_told_of_open(&telling, recent);
	if (list->n)
		qsort(list->v, list->n, sizeof *list->v, cmp_seq);
	for (size_t i = 0; i < list->n && error == 0; i++) {
		const struct told *t = &list->v[i];
		struct session_recordings *of = find_or_add(r, t->ses);

		if (of)
			add(of, &t->digest, t->bytes);
	}
	free(list->v);
	return error == -ENOMEM ? err_sys(err, error, "recordings told before")
				: error;
}
