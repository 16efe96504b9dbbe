/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/vouch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/layout.h"
#include "base/array.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/when.h"
#include "core/event_json.h"
#include "crypto/digest.h"

/*
 * Chains of events, and the chains of recordings that they tell of. Who wrote a
 * log that was imported may have written anything into it, but no source reads
 * the fields that vouch from a log: what has them is of who imported.
 */
static const struct pair {
	struct str events, recordings; /* HOST behind each */
	enum trust trust;	       /* the least that counts */
} pairs[] = {
    {STR_INIT("import:"), STR_INIT(ARCHIVE_RECORDINGS "import:"), TRUST_TEXT},
    {STR_INIT("events:"), STR_INIT(ARCHIVE_RECORDINGS), TRUST_DAEMON},
};

/* One recording, as its channel.close tells it. */
struct claim {
	uint64_t number, last, event;
	int64_t time;  /* of the event's frame */
	int64_t bytes; /* -1: not told */
	struct sha256 digest;
	size_t next; /* of the same stream: index + 1 */
	/* Of the frames seen so far. */
	struct sha256_ctx *ctx;
	uint64_t found; /* the last of them */
	int64_t found_bytes;
	bool equal; /* all are there, and as told */
};

/* The recordings told of one session so far. */
struct vouched_session {
	struct sha256_ctx digests;
	uint64_t n;
	uint64_t bytes;
};

struct held_finding {
	struct finding f;
	struct held_finding *next;
};

enum side { EVENTS, RECORDINGS, N_SIDES };

struct vouch {
	char name[N_SIDES][TRAIL_ORIGIN_MAX + 1];
	bool has_recordings;
	enum side side; /* whose frames come */
	enum trust trust;
	struct vouch_result ret;
	/* Until the end: they are told of recordings where there are any. */
	struct held_finding *held, **held_end;
	struct arena held_mem;
	int error; /* of a frame */
	struct claim *claims;
	size_t n, cap;
	struct map by_stream;  /* index + 1 of the newest claim */
	struct map by_session; /* pointers */
	uint64_t first;	       /* of the chain being read; 0: nothing yet */
	uint64_t last;
	int64_t newest; /* event */
	bool replica;	/* of a host that sends its recordings behind events */
	bool whole;	/* from the first on nothing was passed over */
	struct arena mem;
};

static void __attribute__((format(printf, 5, 6))) found(struct vouch *v,
    enum verdict verdict, const char *where, uint64_t seq, const char *fmt, ...)
{
	struct held_finding *held = arena_alloc(&v->held_mem, sizeof *held);
	struct str detail;
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	detail = arena_dup(&v->held_mem, str_z(text));
	if (!held || !detail.p) {
		v->error = -ENOMEM;
		return;
	}
	*held = (struct held_finding){{verdict, where, seq, detail.p}, NULL};
	*v->held_end = held;
	v->held_end = &held->next;
	v->ret.verdicts |= 1U << verdict;
}

/* --- events --- */

static struct vouched_session *session_of(
    struct vouch *v, const struct event *ev)
{
	uint64_t *at;

	at = map_put(&v->by_session,
	    hash_stable(ev->boot) ^ hash_u64((uint64_t)ev->v[F_SES].i));
	if (at && !*at) {
		struct vouched_session *s = calloc(1, sizeof *s);

		if (s)
			sha256_init(&s->digests);
		*at = (uintptr_t)s;
	}
	return at ? (struct vouched_session *)(uintptr_t)*at : NULL;
}

static struct claim *add_claim(struct vouch *v)
{
	if (array_grow(&v->claims, v->n, &v->cap, sizeof *v->claims) < 0)
		return NULL;
	return &v->claims[v->n++];
}

static int take_channel_close(
    struct vouch *v, const struct event *ev, int64_t time)
{
	struct sha256 digest;
	struct vouched_session *s;
	struct claim *c;
	uint64_t *stream;

	if (!event_has(ev, F_RECORDING) ||
	    !sha256_parse(event_str(ev, F_SHA256), &digest))
		return 0;
	c = add_claim(v);
	if (!c)
		return -ENOMEM;
	*c = (struct claim){.number = (uint64_t)ev->v[F_RECORDING].i,
	    .last = (uint64_t)event_int(ev, F_RECORDING_END, 0),
	    .event = ev->seq,
	    .time = time,
	    .bytes = event_int(ev, F_RECORDED, -1),
	    .digest = digest};
	stream = map_put(&v->by_stream, (uint32_t)c->number);
	if (!stream)
		return -ENOMEM;
	c->next = *stream;
	*stream = v->n;
	if (!event_has(ev, F_SES))
		return 0;
	s = session_of(v, ev);
	if (!s)
		return -ENOMEM;
	sha256_add(&s->digests, digest.h, sizeof digest.h);
	s->n++;
	s->bytes += (uint64_t)event_int(ev, F_RECORDED, 0);
	return 0;
}

static int take_session_close(
    struct vouch *v, const struct event *ev, int64_t time)
{
	uint64_t n = (uint64_t)event_int(ev, F_RECORDINGS, 0);
	struct sha256 digest, told;
	struct vouched_session *s;

	(void)time;
	if (!event_has(ev, F_SES) ||
	    !sha256_parse(event_str(ev, F_RECORDINGS_SHA256), &told))
		return 0;
	s = session_of(v, ev);
	if (!s)
		return -ENOMEM;
	/* Events of its recordings may be gone. */
	if (!v->whole && s->n < n)
		return 0;
	v->ret.sessions++;
	sha256_peek(&s->digests, &digest);
	if (n != s->n || (uint64_t)event_int(ev, F_RECORDED, -1) != s->bytes ||
	    memcmp(&digest, &told, sizeof digest) != 0)
		found(v, VERDICT_EDITED, v->name[EVENTS], ev->seq,
		    "session.close tells of %llu recordings with other "
		    "content than the %llu that ended before it",
		    (unsigned long long)n, (unsigned long long)s->n);
	return 0;
}

static const struct {
	struct str kind; /* behind KIND */
	int (*take)(struct vouch *v, const struct event *ev, int64_t time);
} kinds[] = {
    {STR_INIT("channel.close\""), take_channel_close},
    {STR_INIT("session.close\""), take_session_close},
};

/* As it stands near the begin of JSON: no string in it holds a bare quote. */
#define KIND STR("\"kind\":\"")

static int take_event_frame(struct vouch *v, const struct frame *f)
{
	size_t at = str_find(f->payload, KIND);
	struct str kind =
	    at == STR_NPOS ? STR_NONE : str_from(f->payload, at + KIND.n);
	struct event ev;

	v->newest = f->realtime;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int r;

		if (!str_starts(kind, kinds[i].kind))
			continue;
		arena_reset(&v->mem);
		r = event_from_json(&ev, f->payload, &v->mem, NULL);
		/* What was damaged is told of the chain. */
		if (r < 0)
			return r == -ENOMEM ? r : 0;
		ev.seq = f->seq;
		return ev.trust <= v->trust ? kinds[i].take(v, &ev, f->realtime)
					    : 0;
	}
	return 0;
}

/* --- recordings --- */

static struct claim *claim_of(const struct vouch *v, const struct frame *f)
{
	const uint64_t *stream = map_get(&v->by_stream, f->stream);
	struct claim *c;

	for (size_t i = stream ? *stream : 0; i; i = c->next) {
		c = &v->claims[i - 1];
		if (f->seq >= c->number && f->seq <= c->last)
			return c;
	}
	return NULL;
}

static void end_claim(struct claim *c)
{
	struct sha256 digest;

	sha256_final(c->ctx, &digest);
	c->equal = memcmp(&digest, &c->digest, sizeof digest) == 0 &&
		   (c->bytes < 0 || c->bytes == c->found_bytes);
	free(c->ctx);
	c->ctx = NULL;
}

static int take_recording_frame(struct vouch *v, const struct frame *f)
{
	struct claim *c = claim_of(v, f);

	if (!c)
		return 0;
	if (f->seq == c->number && !c->ctx) {
		c->ctx = malloc(sizeof *c->ctx);
		if (!c->ctx)
			return -ENOMEM;
		sha256_init(c->ctx);
	}
	if (!c->ctx)
		return 0;
	sha256_add(c->ctx, f->payload.p, f->payload.n);
	c->found = f->seq;
	c->found_bytes += (int64_t)f->payload.n;
	if (f->seq == c->last)
		end_claim(c);
	return 0;
}

/*
 * A host sends events first. What of its recordings has not come while its
 * events went on for a day is not on the way.
 */
#define AWAITED_MAX USEC_PER_DAY

static bool is_awaited(const struct vouch *v, const struct claim *c)
{
	return v->replica && c->last > v->last &&
	       v->newest - c->time <= AWAITED_MAX;
}

static void judge(struct vouch *v, const struct claim *c)
{
	if (v->first && c->number < v->first)
		return;
	v->ret.recordings++;
	if (c->equal)
		return;
	if (is_awaited(v, c))
		found(v, VERDICT_AWAITED, "recording", c->number,
		    "of its frames up to %llu, which event %llu of %s tells "
		    "of, the last were not sent by the host yet",
		    (unsigned long long)c->last, (unsigned long long)c->event,
		    v->name[EVENTS]);
	else if (c->last > v->last)
		found(v, v->last ? VERDICT_TRUNCATED : VERDICT_MISSING,
		    "recording", c->number,
		    "its frames up to %llu were there when event %llu of %s "
		    "told of them",
		    (unsigned long long)c->last, (unsigned long long)c->event,
		    v->name[EVENTS]);
	else if (c->found != c->last)
		found(v, VERDICT_MISSING, "recording", c->number,
		    "not all of its frames up to %llu, which event %llu of %s "
		    "tells of, are there",
		    (unsigned long long)c->last, (unsigned long long)c->event,
		    v->name[EVENTS]);
	else
		found(v, VERDICT_EDITED, "recording", c->number,
		    "its content is not that which event %llu of %s vouches "
		    "for",
		    (unsigned long long)c->event, v->name[EVENTS]);
}

/* --- both --- */

static const struct {
	enum frame_type type;
	int (*take)(struct vouch *v, const struct frame *f);
} sides[N_SIDES] = {
    [EVENTS] = {FRAME_EVENT, take_event_frame},
    [RECORDINGS] = {FRAME_RECORDING, take_recording_frame},
};

void vouch_frame(struct vouch *v, const struct frame *f)
{
	v->whole = v->whole && f->seq == v->last + 1;
	v->last = f->seq;
	if (!v->first)
		v->first = f->seq;
	if (f->type == sides[v->side].type && v->error == 0)
		v->error = sides[v->side].take(v, f);
}

const char *vouch_recordings(struct vouch *v)
{
	v->side = RECORDINGS;
	v->first = v->last = 0;
	return v->has_recordings ? v->name[RECORDINGS] : NULL;
}

int vouch_end(struct vouch *v,
    void (*report)(void *ctx, const struct finding *f), void *ctx,
    struct vouch_result *ret, struct err *err)
{
	for (size_t i = 0; i < v->n && v->error == 0; i++)
		judge(v, &v->claims[i]);
	*ret = v->ret;
	if (v->error < 0)
		return err_sys(err, v->error, "cannot verify recordings");
	for (const struct held_finding *h = v->held; h; h = h->next)
		report(ctx, &h->f);
	return 0;
}

static void free_sessions(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].used)
			free((void *)(uintptr_t)m->slots[i].value);
	map_free(m);
}

void vouch_close(struct vouch *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->n; i++)
		free(v->claims[i].ctx);
	free(v->claims);
	map_free(&v->by_stream);
	free_sessions(&v->by_session);
	arena_free(&v->held_mem);
	arena_free(&v->mem);
	free(v);
}

/* NULL: `chain` is none of either. */
static const struct pair *pair_of(
    const char *chain, struct str *ret_host, bool *ret_of_events)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		*ret_host = str_z(chain);
		*ret_of_events = str_skip(ret_host, pairs[i].events);
		if (*ret_of_events || str_skip(ret_host, pairs[i].recordings))
			return &pairs[i];
	}
	return NULL;
}

/* -1 in *ret: there is no such chain. */
static int open_side(struct vouch *v, enum side side, struct str front,
    struct str host, int dirfd, int *ret, struct err *err)
{
	int r;

	snprintf(v->name[side], sizeof v->name[side], "%.*s%.*s",
	    STR_ARG(front), STR_ARG(host));
	r = layout_open_chain(dirfd, v->name[side], false, ret, err);
	/* Of a long name no chain can have been made. */
	return r == -ENOENT || r == -ENAMETOOLONG ? 0 : r;
}

int vouch_open(
    struct vouch **ret, int dirfd, const char *chain, struct err *err)
{
	CLEANUP_FD int events = -1, recordings = -1;
	struct str host;
	bool of_events;
	const struct pair *pair = pair_of(chain, &host, &of_events);
	struct vouch *v;
	int r;

	*ret = NULL;
	if (!pair)
		return 0;
	v = calloc(1, sizeof *v);
	if (!v)
		return err_sys(err, -ENOMEM, "cannot verify recordings");
	v->held_end = &v->held;
	v->whole = true;
	v->trust = pair->trust;
	r = open_side(v, EVENTS, pair->events, host, dirfd, &events, err);
	if (r == 0)
		r = open_side(v, RECORDINGS, pair->recordings, host, dirfd,
		    &recordings, err);
	if (r < 0 || events < 0) {
		vouch_close(v);
		return r;
	}
	v->has_recordings = recordings >= 0;
	v->replica = faccessat(events, LAYOUT_WRITER_NOTE, F_OK, 0) == 0;
	*ret = v;
	return !of_events;
}
