/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/sender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/disk.h"
#include "base/hash.h"
#include "hub/hub.h"

/* A source is told anew after this time what time it is. */
#define MTIME_OLD  (3600 * USEC_PER_SEC)
/* A host may join at any time. */
#define LOOK_EVERY USEC_PER_SEC

static const char *const source_names[SENDER_N_KINDS] = {
    [SENDER_SYSLOG] = "auth-log",
    [SENDER_AUDIT] = "audit",
};

/* --- its chain --- */

/* That the disk is full is the loss of an event; all else ends the hub. */
static int failed(struct sender *s, struct hub_chain *c, int r)
{
	if (c)
		hub_chain_close(c);
	if (r >= 0 || !disk_is_full(r)) {
		s->hub->failed = r;
		return r;
	}
	sender_lost(s, SENDER_LOST_FULL, 1);
	sender_full(s);
	return 0;
}

void sender_full(struct sender *s)
{
	s->hub->senders.stalled = loop_now();
	/* What the trail had not synced is not there either. */
	s->full = true;
	s->ready = false;
	s->n_recent = 0;
}

static void remember(struct sender *s, uint64_t id)
{
	s->recent[s->n_recent++ % SENDER_RECENT] = id;
}

static int remember_event(void *ctx, const struct event *ev)
{
	if (event_has(ev, F_ID))
		remember(ctx, ev->v[F_ID].u);
	return 0;
}

/* All that is known of it may come again. */
static int know_recent(struct sender *s)
{
	const size_t n =
	    s->n_recent < SENDER_RECENT ? s->n_recent : SENDER_RECENT;

	map_clear(&s->known);
	for (size_t i = 0; i < n; i++) {
		uint64_t *count = map_put(&s->known, s->recent[i]);

		if (!count)
			return -ENOMEM;
		++*count;
	}
	return 0;
}

/* A part of what it says begins: see archive/part.h. */
static int begin_chain(struct sender *s, struct hub_chain *c)
{
	struct err *err = &s->hub->failure;
	struct event ev;
	int r = 0;

	if (!s->ready)
		r = replica_recent(
		    c->replica, SENDER_RECENT, remember_event, s, err);
	if (r >= 0 && !s->ready)
		r = know_recent(s);
	if (r >= 0)
		r = replica_write_gap(c->replica, s->chain, err);
	event_init(&ev, EVENT_AGENT_START);
	ev.time = time_now();
	ev.host = str_z(s->hub->cfg->name);
	ev.source = STR(HUB_SOURCE);
	ev.trust = TRUST_DAEMON;
	event_set_str(&ev, F_OP, STR("sender"));
	event_set_str(&ev, F_SENDER, str_z(s->name));
	if (r >= 0)
		r = replica_write(c->replica, &ev, err);
	s->ready = s->ready || r >= 0;
	s->has_chain = true;
	return r;
}

struct hub_chain *sender_open_chain(const struct sender *s)
{
	struct hub *h = s->hub;
	struct hub_chain *c =
	    s->chain_at < h->n_chains ? &h->chains[s->chain_at] : NULL;

	return c && c->replica && strcmp(c->name, s->chain) == 0 ? c : NULL;
}

/* NULL: *ret_r says why. */
static struct hub_chain *get_chain(struct sender *s, int *ret_r)
{
	struct hub *h = s->hub;
	struct hub_chain *c = sender_open_chain(s);

	if (c)
		return c;
	*ret_r = hub_chain_open(h, s->chain, &c, &h->failure);
	if (*ret_r > 0)
		*ret_r = begin_chain(s, c);
	if (*ret_r < 0) {
		*ret_r = failed(s, c, *ret_r);
		return NULL;
	}
	s->chain_at = (size_t)(c - h->chains);
	return c;
}

static int write_event(struct sender *s, struct event *ev)
{
	int r = 0;
	struct hub_chain *c = get_chain(s, &r);

	if (!c)
		return r;
	r = replica_write(c->replica, ev, &s->hub->failure);
	if (r < 0)
		return failed(s, c, r);
	s->hub->uncommitted = s->dirty = s->hub->senders.dirty = true;
	s->events++;
	senders_charge(s, SENDERS_EVENT_COST);
	return 0;
}

/* Who closed it has synced it. */
static int sync_chain(struct sender *s)
{
	struct hub_chain *c = sender_open_chain(s);
	int r = c ? replica_sync(c->replica, &s->hub->failure) : 0;

	return r < 0 ? failed(s, c, r) : 0;
}

int sender_hold(struct sender *s)
{
	int r = held_sync(
	    &s->held, s->hub->place.dirfd, s->chain, &s->hub->failure);

	return r < 0 ? failed(s, NULL, r) : 0;
}

int sender_sync(struct sender *s)
{
	const struct sender_stream *st = &s->streams[SENDER_AUDIT];
	int r;

	if (!s->dirty)
		return 0;
	s->dirty = false;
	r = sync_chain(s);
	if (r < 0)
		return r;
	if (!s->full)
		held_trim(&s->held, st->run
					? st->source->held(st->run, st->offset)
					: st->offset);
	return sender_hold(s);
}

/* --- its events --- */

static void infer(struct sender *s, struct event *ev, struct str what)
{
	struct str old = event_str(ev, F_INFERRED);

	if (old.n)
		what = arena_printf(
		    &s->arena, "%.*s; %.*s", STR_ARG(old), STR_ARG(what));
	event_set_str(ev, F_INFERRED, what);
}

static bool ships(const struct hub *h, struct str host)
{
	for (size_t i = 0; i < h->silence.n; i++)
		if (str_eqz(host, h->silence.v[i].name))
			return true;
	return str_eqz(host, h->cfg->name);
}

/*
 * Who has an agent tells its own story, and nobody by its name: it would be
 * taken for the same sessions.
 */
static int check_host(struct sender *s, struct event *ev)
{
	const int64_t now = loop_now();
	char reason[512];

	if (!str_eqz(ev->host, s->host) || now - s->host_looked > LOOK_EVERY) {
		snprintf(s->host, sizeof s->host, "%.*s", STR_ARG(ev->host));
		s->host_ships = ships(s->hub, ev->host);
		s->host_looked = now;
	}
	if (!s->host_ships)
		return 0;
	s->forged++;
	infer(s, ev,
	    arena_printf(&s->arena,
		"host: it says %s, which sends its own trail", s->host));
	ev->host = str_z(s->name);
	if (s->forged_told)
		return 0;
	s->forged_told = true;
	snprintf(reason, sizeof reason,
	    "%s sends lines of %s, which sends its own trail: they are kept "
	    "as those of a host %s",
	    s->text, s->host, s->name);
	return hub_note(s->hub, EVENT_ALERT, str_z(s->host), "sender", reason);
}

/* One of before it connected again. */
static bool is_repeated(struct sender *s, const struct event *ev)
{
	uint64_t *n = s->known.n && event_has(ev, F_ID)
			  ? map_get(&s->known, ev->v[F_ID].u)
			  : NULL;

	if (!n || *n == 0)
		return false;
	--*n;
	s->repeated++;
	return true;
}

static int on_event(struct source_sink *sink, struct event *ev)
{
	struct sender_stream *stream = (struct sender_stream *)sink;
	struct sender *s = stream->sender;
	int r;

	arena_reset(&s->arena);
	if (event_has(ev, F_ID))
		event_set_hex(ev, F_ID,
		    hash_u64(ev->v[F_ID].u ^ hash_stable(str_z(s->chain))));
	if (is_repeated(s, ev))
		return 0;
	if (ev->source.n == 0)
		ev->source = str_z(stream->source->name);
	ev->trust = TRUST_NETWORK;
	event_unset(ev, F_OFFSET);
	event_set_str(ev, F_SENDER, str_z(s->text));
	r = check_host(s, ev);
	if (r == 0)
		r = write_event(s, ev);
	if (r == 0 && event_has(ev, F_ID))
		remember(s, ev->v[F_ID].u);
	return r;
}

int sender_connected(struct sender *s)
{
	s->reconnected = true;
	return know_recent(s);
}

/* --- its lines --- */

static int open_stream(struct sender *s, struct sender_stream *stream)
{
	stream->input = (struct source_input){.name = s->chain,
	    .mtime = time_now(),
	    .mtime_is = "the time of its arrival",
	    .utc_offset = time_zone_local,
	    .host = str_z(s->name),
	    .host_inferred = "host: not said, that is who sent it",
	    .id_key = archive_id_key(s->hub->archive)};
	return stream->source->open(
	    &stream->run, &stream->input, &s->hub->failure);
}

/* Offsets begin anew: nothing waits across that. */
static int tell_time(struct sender_stream *stream)
{
	int r = stream->source->finish(stream->run, &stream->sink);

	stream->input.mtime = time_now();
	stream->offset = 0;
	if (stream == &stream->sender->streams[SENDER_AUDIT] &&
	    !stream->sender->full)
		held_restart(&stream->sender->held);
	return r < 0 ? r : stream->source->next(stream->run, &stream->input);
}

static int feed(struct sender_stream *stream, struct str line)
{
	ssize_t taken;
	int r = 0;

	if (!stream->run)
		r = open_stream(stream->sender, stream);
	else if (time_now() - stream->input.mtime > MTIME_OLD)
		r = tell_time(stream);
	if (r < 0)
		return r;
	taken = stream->source->feed(
	    stream->run, line, stream->offset, false, &stream->sink);
	if (taken < 0)
		return (int)taken;
	stream->offset += (uint64_t)taken;
	return 0;
}

static bool is_last_again(struct sender *s, struct str line)
{
	const uint64_t hash = hash_stable(line);
	const bool again = s->reconnected && hash == s->last;

	s->reconnected = false;
	s->last = hash;
	return again;
}

int sender_take(struct sender *s, enum sender_kind kind, struct str line,
    const char *address)
{
	int r;

	if (strcmp(address, s->name) == 0)
		snprintf(s->text, sizeof s->text, "%s", address);
	else
		snprintf(s->text, sizeof s->text, "%s (%s)", s->name, address);
	s->heard = loop_now();
	s->messages++;
	/* It was not answered for the last one, and sends it again. */
	if (is_last_again(s, line) && kind == SENDER_AUDIT) {
		s->repeated++;
		return 0;
	}
	r = feed(&s->streams[kind], line);
	if (r == 0 && kind == SENDER_AUDIT) {
		s->dirty = s->hub->senders.dirty = true;
		r = held_add(&s->held, line);
	}
	if (r < 0)
		s->hub->failed = r;
	return r;
}

static int take_again(struct sender *s, struct str lines)
{
	struct sender_stream *st = &s->streams[SENDER_AUDIT];
	struct str line;
	int r = 0;

	if (st->run)
		st->source->close(st->run);
	st->run = NULL;
	st->offset = 0;
	held_restart(&s->held);
	/* What of it was kept is known with the chain. */
	if (lines.n)
		(void)get_chain(s, &r);
	while (r == 0 && str_cut(&lines, '\n', &line))
		r = sender_take(
		    s, SENDER_AUDIT, str_make(line.p, line.n + 1), s->name);
	return r;
}

int sender_resume(struct sender *s)
{
	struct buf lines = BUF_INIT;
	int r = 0;

	if (s->full)
		buf_add_str(&lines, buf_str(&s->held.lines));
	else
		r = held_read(
		    s->hub->place.dirfd, s->chain, &lines, &s->hub->failure);
	s->full = false;
	if (r == 0)
		r = buf_error(&lines);
	if (r == 0)
		r = take_again(s, buf_str(&lines));
	buf_free(&lines);
	return r;
}

bool sender_holds(const struct sender *s)
{
	for (int i = 0; i < SENDER_N_KINDS; i++) {
		const struct sender_stream *st = &s->streams[i];

		if (st->run &&
		    st->source->held(st->run, st->offset) < st->offset)
			return true;
	}
	return false;
}

int sender_settle(struct sender *s)
{
	int r = 0;

	for (int i = 0; i < SENDER_N_KINDS && r == 0; i++) {
		struct sender_stream *st = &s->streams[i];

		if (st->run)
			r = st->source->finish(st->run, &st->sink);
	}
	if (r < 0)
		s->hub->failed = r;
	return r;
}

/* --- what is lost --- */

void sender_lost(struct sender *s, enum sender_loss what, uint64_t n)
{
	loss_add(&s->losses[what], n, time_now());
}

uint64_t sender_losses(const struct sender *s)
{
	uint64_t n = 0;

	for (int i = 0; i < SENDER_N_LOSSES; i++)
		n += s->losses[i].n;
	return n;
}

uint64_t sender_unparsed(const struct sender *s)
{
	uint64_t n = 0;

	for (int i = 0; i < SENDER_N_KINDS; i++)
		n += s->streams[i].sink.unparsed;
	return n;
}

static int tell(
    struct sender *s, const struct loss *l, uint64_t n, const char *reason)
{
	struct event ev;

	event_init(&ev, EVENT_GAP);
	ev.time = time_now();
	ev.host = str_z(s->host[0] && !s->host_ships ? s->host : s->name);
	ev.source = STR(HUB_SOURCE);
	ev.trust = TRUST_DAEMON;
	event_set_str(&ev, F_OP, STR("sender"));
	event_set_str(&ev, F_SENDER, str_z(s->name));
	event_set_str(&ev, F_REASON, str_z(reason));
	event_set_int(&ev, F_LOST, (int64_t)n);
	event_set_int(&ev, F_SINCE, l->since);
	event_set_int(&ev, F_UNTIL, l->latest);
	return write_event(s, &ev);
}

int sender_tell(struct sender *s)
{
	static const char *const reasons[SENDER_N_LOSSES] = {
	    [SENDER_LOST_RATE] = "datagrams came faster than inputs.rate",
	    [SENDER_LOST_LONG] = "messages of 64 KiB and more are not taken",
	    [SENDER_LOST_TORN] =
		"connections ended within a message: of none is the begin "
		"taken",
	    [SENDER_LOST_FULL] = "the disk of the hub was full",
	};
	int r = 0;

	for (int i = 0; i < SENDER_N_LOSSES && r == 0; i++) {
		uint64_t n = loss_due(&s->losses[i], loop_now());

		if (n)
			r = tell(s, &s->losses[i], n, reasons[i]);
	}
	return r;
}

/* --- begin and end --- */

bool sender_name_is_good(const char *name)
{
	const size_t n = strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "._:%@-");

	return n > 0 && n <= SENDER_NAME_MAX && name[n] == '\0';
}

int sender_new(struct sender **ret, struct hub *h, const char *name)
{
	struct sender *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->hub = h;
	s->chain_at = SIZE_MAX;
	s->held = HELD_NONE;
	snprintf(s->name, sizeof s->name, "%s", name);
	snprintf(s->chain, sizeof s->chain, SENDER_CHAIN "%s", name);
	for (int i = 0; i < SENDER_N_KINDS; i++) {
		s->streams[i].sink.event = on_event;
		s->streams[i].sender = s;
		s->streams[i].source = source_find(str_z(source_names[i]));
	}
	*ret = s;
	return 0;
}

void sender_free(struct sender *s)
{
	if (!s)
		return;
	for (int i = 0; i < SENDER_N_KINDS; i++)
		if (s->streams[i].run)
			s->streams[i].source->close(s->streams[i].run);
	map_free(&s->known);
	held_close(&s->held);
	arena_free(&s->arena);
	free(s);
}
