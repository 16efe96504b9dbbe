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

struct vouch {
	const char *events;
	enum trust trust;
	void (*report)(void *ctx, const struct finding *f);
	void *ctx;
	struct vouch_result *ret;
	struct claim *claims;
	size_t n, cap;
	struct map by_stream;  /* index + 1 of the newest claim */
	struct map by_session; /* pointers */
	uint64_t first;	       /* of the chain being read; 0: nothing yet */
	uint64_t last;
	int64_t newest; /* event */
	bool replica;	/* of a host that sends its recordings behind events */
	bool whole;	/* all of the events could be read, from the first on */
	struct arena mem;
};

static void __attribute__((format(printf, 5, 6))) found(struct vouch *v,
    enum verdict verdict, const char *where, uint64_t seq, const char *fmt, ...)
{
	char detail[300];
	const struct finding f = {verdict, where, seq, detail};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	v->ret->verdicts |= 1U << verdict;
	if (v->report)
		v->report(v->ctx, &f);
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
	v->ret->sessions++;
	sha256_peek(&s->digests, &digest);
	if (n != s->n || (uint64_t)event_int(ev, F_RECORDED, -1) != s->bytes ||
	    memcmp(&digest, &told, sizeof digest) != 0)
		found(v, VERDICT_EDITED, v->events, ev->seq,
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

static int take_event_frame(
    struct vouch *v, const struct frame *f, struct err *err)
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
		r = event_from_json(&ev, f->payload, &v->mem, err);
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

static int take_recording_frame(
    struct vouch *v, const struct frame *f, struct err *err)
{
	struct claim *c = claim_of(v, f);

	(void)err;
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
	v->ret->recordings++;
	if (c->equal)
		return;
	if (is_awaited(v, c))
		found(v, VERDICT_AWAITED, "recording", c->number,
		    "of its frames up to %llu, which event %llu of %s tells "
		    "of, the last were not sent by the host yet",
		    (unsigned long long)c->last, (unsigned long long)c->event,
		    v->events);
	else if (c->last > v->last)
		found(v, v->last ? VERDICT_TRUNCATED : VERDICT_MISSING,
		    "recording", c->number,
		    "its frames up to %llu were there when event %llu of %s "
		    "told of them",
		    (unsigned long long)c->last, (unsigned long long)c->event,
		    v->events);
	else if (c->found != c->last)
		found(v, VERDICT_MISSING, "recording", c->number,
		    "not all of its frames up to %llu, which event %llu of %s "
		    "tells of, are there",
		    (unsigned long long)c->last, (unsigned long long)c->event,
		    v->events);
	else
		found(v, VERDICT_EDITED, "recording", c->number,
		    "its content is not that which event %llu of %s vouches "
		    "for",
		    (unsigned long long)c->event, v->events);
}

/* --- both --- */

static int read_chain(struct vouch *v, int dirfd, enum frame_type type,
    int (*take)(struct vouch *v, const struct frame *f, struct err *err),
    struct err *err)
{
	struct trail_reader *reader = NULL;
	struct frame f;
	int r = trail_reader_open(&reader, dirfd, 1, err);

	v->first = v->last = 0;
	while (r == 0) {
		r = trail_reader_next(reader, &f, err);
		if (r == 0)
			break;
		if (r == -EBADMSG) {
			v->whole = false;
			r = 0;
			continue;
		}
		if (r < 0)
			break;
		if (!v->first)
			v->first = f.seq;
		v->whole = v->whole && v->first == 1;
		v->last = f.seq;
		r = f.type == type ? take(v, &f, err) : 0;
	}
	trail_reader_close(reader);
	return r;
}

static void free_sessions(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].used)
			free((void *)(uintptr_t)m->slots[i].value);
	map_free(m);
}

static int check(
    struct vouch *v, int events_fd, int recordings_fd, struct err *err)
{
	int r = read_chain(v, events_fd, FRAME_EVENT, take_event_frame, err);

	v->first = v->last = 0;
	if (r == 0 && recordings_fd >= 0 && v->n)
		r = read_chain(v, recordings_fd, FRAME_RECORDING,
		    take_recording_frame, err);
	for (size_t i = 0; i < v->n && r == 0; i++)
		judge(v, &v->claims[i]);
	for (size_t i = 0; i < v->n; i++)
		free(v->claims[i].ctx);
	free(v->claims);
	map_free(&v->by_stream);
	free_sessions(&v->by_session);
	arena_free(&v->mem);
	return r == -ENOMEM ? err_sys(err, r, "cannot verify recordings") : r;
}

/* -1 in *ret: there is no such chain. */
static int open_chain(int dirfd, const char *chain, int *ret, struct err *err)
{
	int r = layout_open_chain(dirfd, chain, false, ret, err);

	/* Of a long name no chain can have been made. */
	return r == -ENOENT || r == -ENAMETOOLONG ? 0 : r;
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

int vouch_check(int dirfd, const char *chain,
    void (*report)(void *ctx, const struct finding *f), void *ctx,
    struct vouch_result *ret, struct err *err)
{
	struct str host;
	bool of_events;
	const struct pair *pair = pair_of(chain, &host, &of_events);
	CLEANUP_FD int events_fd = -1, recordings_fd = -1;
	char events[TRAIL_ORIGIN_MAX + 1], recordings[TRAIL_ORIGIN_MAX + 1];
	struct vouch v = {.events = events,
	    .report = report,
	    .ctx = ctx,
	    .ret = ret,
	    .whole = true};
	int r;

	*ret = (struct vouch_result){0};
	if (!pair)
		return 0;
	v.trust = pair->trust;
	snprintf(events, sizeof events, "%.*s%.*s", STR_ARG(pair->events),
	    STR_ARG(host));
	snprintf(recordings, sizeof recordings, "%.*s%.*s",
	    STR_ARG(pair->recordings), STR_ARG(host));
	r = open_chain(dirfd, events, &events_fd, err);
	if (r == 0)
		r = open_chain(dirfd, recordings, &recordings_fd, err);
	/* Of events that have such a chain it is told there. */
	if (r < 0 || events_fd < 0 || (of_events && recordings_fd >= 0))
		return r;
	v.replica = faccessat(events_fd, LAYOUT_WRITER_NOTE, F_OK, 0) == 0;
	return check(&v, events_fd, recordings_fd, err);
}
