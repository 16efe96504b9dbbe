/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "agent/control.h"
#include "agent/feed.h"
#include "agent/handover.h"
#include "agent/host.h"
#include "agent/ledger.h"
#include "agent/lending.h"
#include "agent/link.h"
#include "agent/places.h"
#include "agent/pulse.h"
#include "agent/recorder.h"
#include "agent/reveal.h"
#include "agent/room.h"
#include "agent/start.h"
#include "agent/status.h"
#include "agent/twins.h"
#include "archive/lock.h"
#include "base/boot_id.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/sandbox.h"
#include "base/when.h"

/* Pieces read of one feed before the others get their turn. */
#define TURN	   16
#define TICK_USEC  ((int64_t)TAP_INTERVAL_MS * 1000)
/* Read in one tick: a ring is full within a second. */
#define BUSY_BYTES ((uint64_t)1 << 20)
#define REST_TICKS 5 /* the store is looked after, where nothing comes */

struct collector;

/* One tap's place in the collector. */
struct slot {
	struct collector *collector;
	struct feed *feed; /* NULL: not open, or ended */
	struct loop_watch watch;
	bool reopening;	 /* the monitor was asked to */
	bool later;	 /* to be read at the next tick, see TAP_LATER */
	int64_t read_at; /* when bytes came last */
	int64_t idle_at; /* when nothing more was there last */
};

struct collector {
	struct agent *agent;
	struct loop loop;
	struct loop_watch link;
	struct loop_timer tick, again, sync, commit;
	bool syncing, committing; /* their timers run */
	struct lending lending;
	struct ledger *ledger;
	struct recorder *recorder;
	struct feed_sink sink;
	struct twins twins;
	struct feed_config feed_config;
	struct slot slots[AGENT_TAPS_MAX]; /* by number of tap */
	struct places places;
	struct control control;
	struct rates rates;
	uint64_t bytes;	 /* of all taps, at the last tick */
	unsigned rested; /* ticks in which none came, up to REST_TICKS */
	struct room room;
	struct sandbox_state sandbox;
	const char *why_stop; /* NULL: it was asked to */
	bool leaves;	      /* what is open, to the next one */
	struct pulse pulse;
	struct err err; /* of the ledger: ends the collector */
};

static int take_event(void *ctx, const struct feed *f, struct event *ev)
{
	struct collector *c = ctx;

	(void)f;
	if (!room_keeps(&c->room, ev->kind))
		return 0;
	if (ev->kind == EVENT_SESSION_CLOSE)
		recorder_close_session(c->recorder, ev);
	return ledger_add(c->ledger, ev, &c->err);
}

static bool is_told(void *ctx, const struct feed *f, const struct event *ev)
{
	struct collector *c = ctx;

	for (size_t i = 0; i < c->agent->n_taps; i++) {
		struct feed *other = c->slots[i].feed;

		if (other && other != f && feed_tells(other, ev))
			return true;
	}
	return false;
}

static bool is_twin(void *ctx, const struct feed *f, struct event *ev)
{
	struct collector *c = ctx;

	return twins_told(&c->twins, feed_tap(f), ev);
}

static int take_piece(void *ctx, const struct feed *f, uint64_t terminal,
    const struct piece *p, struct event *ev)
{
	struct collector *c = ctx;

	(void)f;
	return recorder_take(c->recorder, terminal, p, ev, &c->err);
}

static int take_gap(
    void *ctx, const struct feed *f, uint64_t lost, const char *where)
{
	struct collector *c = ctx;

	return ledger_gap(c->ledger, feed_tap(f)->name, lost, where, &c->err);
}

static struct agent_tap *tap_of(const struct slot *s)
{
	return &s->collector->agent->taps[s - s->collector->slots];
}

/* A feed that cannot go on: the others do, and the loss is told. */
static int end_feed(struct slot *s, const char *why)
{
	struct collector *c = s->collector;
	struct agent_tap *t = tap_of(s);

	t->error = err_set(&t->why, -EIO, "%s", why);
	loop_unwatch(&c->loop, &s->watch);
	feed_close(s->feed);
	s->feed = NULL;
	return ledger_gap(c->ledger, t->tap->name, 0, t->why.text, &c->err);
}

static int ask_reopen(struct slot *s)
{
	struct link_message m = {
	    .what = LINK_REOPEN, .index = (unsigned)(s - s->collector->slots)};

	s->reopening = true;
	loop_unwatch(&s->collector->loop, &s->watch);
	return link_send(s->collector->agent->link_fd, &m);
}

static int read_slot(struct slot *s)
{
	struct collector *c = s->collector;
	int state = TAP_MORE;
	struct err why = {""};

	for (unsigned n = 0; n < TURN; n++) {
		state = feed_read(s->feed, &why);
		if (state != TAP_MORE && state != TAP_NEXT)
			break;
	}
	/* The ledger's errors end the collector, a tap's its feed. */
	if (state < 0 || state == TAP_END)
		return c->err.text[0] ? -EIO : end_feed(s, why.text);
	s->later = state == TAP_LATER;
	if (s->later)
		return 0;
	*(state == TAP_IDLE ? &s->idle_at : &s->read_at) = loop_now();
	if (state == TAP_REOPEN)
		return ask_reopen(s);
	if (state != TAP_IDLE)
		loop_timer_start(&c->loop, &c->again, 0, 0);
	return 0;
}

/* Who tells the same on better authority comes first. */
static int read_better(const struct slot *s)
{
	struct collector *c = s->collector;
	const char *name = tap_of(s)->tap->yields_to;

	for (size_t i = 0; name && i < c->agent->n_taps; i++)
		if (c->slots[i].feed && !c->slots[i].reopening &&
		    strcmp(c->agent->taps[i].tap->name, name) == 0)
			return read_slot(&c->slots[i]);
	return 0;
}

static int save_places(struct collector *c)
{
	struct buf place = BUF_INIT;
	int r = 0;

	for (size_t i = 0; i < c->agent->n_taps && r == 0; i++) {
		if (!c->slots[i].feed)
			continue;
		buf_clear(&place);
		feed_place(c->slots[i].feed, &place);
		r = places_set(
		    &c->places, c->agent->taps[i].tap->name, buf_str(&place));
	}
	buf_free(&place);
	return r < 0 ? r : places_save(&c->places, &c->err);
}

/* What was read just now: when it must be on the disk, and seen. */
static int plan_keeping(struct collector *c)
{
	const struct agent *a = c->agent;

	if ((ledger_uncommitted(c->ledger) ||
		recorder_uncommitted(c->recorder)) &&
	    !c->committing) {
		loop_timer_start(&c->loop, &c->commit, a->commit_usec, 0);
		c->committing = true;
	}
	if (ledger_urgent(c->ledger))
		return ledger_sync(c->ledger, &c->err);
	if ((ledger_unsynced(c->ledger) || recorder_unsynced(c->recorder)) &&
	    !c->syncing) {
		loop_timer_start(&c->loop, &c->sync, a->sync_usec, 0);
		c->syncing = true;
	}
	return 0;
}

/* The end of each callback. */
static void done(struct collector *c, int r)
{
	if (r == 0)
		r = plan_keeping(c);
	if (r < 0)
		loop_stop(&c->loop, r);
}

static void on_sync(struct loop *l, struct loop_timer *t)
{
	struct collector *c = t->ctx;
	int r = ledger_sync(c->ledger, &c->err);

	(void)l;
	c->syncing = false;
	/* Recordings come after the events. */
	done(c, r < 0 ? r : recorder_sync(c->recorder, &c->err));
}

/*
 * Places follow a commit: after a crash some of the events behind them are
 * read again, which the ledger knows, and none is passed over.
 */
static void on_commit(struct loop *l, struct loop_timer *t)
{
	struct collector *c = t->ctx;
	int r = ledger_commit(c->ledger, &c->err);

	(void)l;
	c->committing = false;
	if (r == 0)
		r = recorder_commit(c->recorder, &c->err);
	done(c, r < 0 ? r : save_places(c));
}

static void on_input(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct slot *s = w->ctx;
	int r = read_better(s);

	(void)l;
	(void)what;
	done(s->collector, r < 0 ? r : read_slot(s));
}

/* Some feed had more at hand when its turn was over. */
static void on_again(struct loop *l, struct loop_timer *t)
{
	struct collector *c = t->ctx;
	int r = 0;

	(void)l;
	for (size_t i = 0; i < c->agent->n_taps && r == 0; i++)
		if (c->slots[i].feed && !c->slots[i].reopening)
			r = read_slot(&c->slots[i]);
	done(c, r);
}

/* How much came since the last tick. */
static uint64_t note_rates(struct collector *c, int64_t now)
{
	uint64_t bytes = 0, before = c->bytes;

	for (size_t i = 0; i < c->agent->n_taps; i++) {
		struct feed_stats s = {.bytes = 0};

		if (c->slots[i].feed)
			feed_stats(c->slots[i].feed, &s);
		bytes += s.bytes;
	}
	c->bytes = bytes;
	rates_note(&c->rates, now, ledger_stats(c->ledger)->events, bytes);
	return bytes > before ? bytes - before : 0;
}

/* Feeds without a descriptor to wait for, and events held back too long. */
static void on_tick(struct loop *l, struct loop_timer *t)
{
	struct collector *c = t->ctx;
	int64_t now = loop_now(), idle_since = now;
	uint64_t came = note_rates(c, now);
	int r = pulse_beat(&c->pulse, c->ledger, &c->err);

	(void)l;
	c->rested = came ? 0 : (c->rested + 1) % REST_TICKS;
	if (r == 0 && !c->rested)
		r = ledger_guard(c->ledger, &c->err);
	if (r == 0 && !c->rested)
		r = recorder_guard(c->recorder, &c->err);
	if (r == 0 && !c->rested)
		r = room_follow(&c->room, c->ledger, c->recorder, &c->err);
	if (r == 0)
		r = recorder_mend(c->recorder, now, &c->err);
	for (size_t i = 0; i < c->agent->n_taps && r == 0; i++) {
		struct slot *s = &c->slots[i];

		if (s->feed && !s->reopening &&
		    (s->later || feed_fd(s->feed) < 0 ||
			lending_is_due(&c->lending)))
			r = read_slot(s);
		if (r == 0 && s->feed && now - s->read_at > TICK_USEC)
			r = feed_settle(s->feed, &c->err);
		if (s->feed && !feed_tap(s->feed)->alone &&
		    s->idle_at < idle_since)
			idle_since = s->idle_at;
	}
	if (r == 0)
		r = lending_look(&c->lending, c->ledger, idle_since, &c->err);
	/* Left for later, it is still made, or by whoever asks for it first. */
	if (came < BUSY_BYTES)
		recorder_derive(c->recorder);
	done(c, r);
}

static int watch_slot(struct slot *s)
{
	s->watch = (struct loop_watch){
	    .fd = feed_fd(s->feed), .ready = on_input, .ctx = s};
	return s->watch.fd < 0
		   ? 0
		   : loop_watch(&s->collector->loop, &s->watch, LOOP_READ);
}

static int take_reopened(struct collector *c, struct link_message *m)
{
	struct slot *s = &c->slots[m->index];
	struct err why = {""};
	int r = m->error;

	if (m->index >= c->agent->n_taps || !s->feed) {
		tap_opened_close(&m->opened);
		return 0;
	}
	s->reopening = false;
	/* The new file is not there yet. */
	s->later = r < 0;
	if (r == 0)
		r = feed_reopened(s->feed, &m->opened, &why);
	if (r < 0 && !s->later)
		return end_feed(s, why.text);
	r = watch_slot(s);
	return r < 0 || s->later ? r : read_slot(s);
}

static void on_message(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct collector *c = w->ctx;
	struct link_message m;
	int got, r = 0;

	(void)what;
	while (r == 0 && (got = link_receive(w->fd, &m)) > 0) {
		if (m.what == LINK_REOPENED)
			r = take_reopened(c, &m);
		else if (m.what == LINK_GIVEN)
			r = lending_given(&c->lending, c->ledger, &m, &c->err);
		else
			tap_opened_close(&m.opened);
		c->leaves |= m.what == LINK_LEAVE;
		if (m.what == LINK_STOP || m.what == LINK_LEAVE)
			loop_stop(l, 0);
	}
	/* Without a monitor nobody could open anything anew. */
	if (r == 0 && got == -EPIPE) {
		c->why_stop = "the monitor is gone: killed, or it failed";
		loop_unwatch(l, w);
		loop_stop(l, 0);
	}
	done(c, r);
}

static void report(void *ctx, struct buf *b, bool json)
{
	const struct collector *c = ctx;
	struct feed *feeds[AGENT_TAPS_MAX];
	const struct status s = {.agent = c->agent,
	    .feeds = feeds,
	    .ledger = c->ledger,
	    .recorder = c->recorder,
	    .sandbox = &c->sandbox,
	    .rates = &c->rates};

	for (size_t i = 0; i < AGENT_TAPS_MAX; i++)
		feeds[i] = c->slots[i].feed;
	status_write(&s, b, json);
}

static void reveal(
    void *ctx, const struct ucred *peer, struct str what, struct buf *b)
{
	struct collector *c = ctx;

	done(
	    c, reveal_take(c->ledger, c->agent->store, peer, what, b, &c->err));
}

static const struct control_ops control_ops = {report, reveal};

static int collect(struct collector *c)
{
	int r = loop_watch(&c->loop, &c->link, LOOP_READ);

	for (size_t i = 0; i < c->agent->n_taps && r == 0; i++)
		if (c->slots[i].feed)
			r = watch_slot(&c->slots[i]);
	if (r < 0)
		return r;
	/* Where a feed begins now is where it goes on after a crash. */
	r = save_places(c);
	if (r < 0)
		return r;
	loop_timer_start(&c->loop, &c->tick, TICK_USEC, TICK_USEC);
	loop_timer_start(&c->loop, &c->again, 0, 0);
	return loop_run(&c->loop);
}

static void open_feed(struct collector *c, size_t i, const struct buf *handover)
{
	struct agent_tap *t = &c->agent->taps[i];

	if (t->error == 0)
		t->error = feed_open(&c->slots[i].feed, t->tap, &t->opened,
		    places_get(&c->places, t->tap->name), &c->feed_config,
		    &t->why);
	if (t->error == 0)
		feed_take_over(c->slots[i].feed, handover);
}

static int open_all(struct collector *c)
{
	char boot[BOOT_ID_LEN + 1] = "";
	struct buf handover = BUF_INIT;
	int lockfd = -1;
	int r = boot_id_read(boot);

	/* Read now: the zone's file is out of reach later. */
	tzset();
	if (r == 0)
		r = lending_begin(&c->lending, c->agent, &lockfd, &c->err);
	/* What root's import made while it was waited for. */
	if (r == 0)
		r = host_prepare_store(c->agent, &c->err);
	if (r == 0)
		r = host_confine(c->agent, &c->sandbox, &c->err);
	if (r == 0)
		r = ledger_open(&c->ledger, c->agent->store, lockfd,
		    str_z(c->agent->host), str_z(boot), &c->err);
	if (r == 0)
		r = places_open(&c->places, c->agent->store, &c->err);
	if (r < 0)
		return r;
	room_open(&c->room, c->agent->store, c->agent->reserve);
	c->sink = (struct feed_sink){.event = take_event,
	    .piece = take_piece,
	    .gap = take_gap,
	    .told = is_told,
	    .twin = is_twin,
	    .ctx = c};
	c->feed_config = (struct feed_config){
	    str_z(c->agent->host), ledger_id_key(c->ledger), &c->sink};
	handover_take(c->agent->handover_fd, &handover);
	for (size_t i = 0; i < c->agent->n_taps; i++)
		open_feed(c, i, &handover);
	r = start_note(c->agent, c->ledger, &c->err);
	/* What it finds left open is told by this run. */
	if (r == 0)
		r = recorder_open(&c->recorder, c->ledger, &handover, &c->err);
	buf_free(&handover);
	return r;
}

/* What is open, to the next collector: it goes on there. */
static int leave_all(struct collector *c)
{
	struct buf handover = BUF_INIT;
	int r = recorder_leave(c->recorder, &handover, &c->err);

	for (size_t i = 0; i < c->agent->n_taps && r == 0; i++)
		if (c->slots[i].feed)
			feed_leave(c->slots[i].feed, &handover);
	if (r == 0)
		handover_leave(c->agent->handover_fd, &handover);
	buf_free(&handover);
	return r;
}

static void close_all(struct collector *c, int r)
{
	struct err ignored;

	for (size_t i = 0; i < c->agent->n_taps && r == 0; i++)
		if (c->slots[i].feed &&
		    feed_read_rest(c->slots[i].feed, &ignored) < 0 &&
		    c->err.text[0])
			r = -EIO;
	if (c->leaves && r == 0)
		r = leave_all(c);
	if (c->recorder)
		r = recorder_close(c->recorder,
		    r == 0 ? "the daemon was stopped" : NULL, &ignored);
	if (c->ledger && r == 0)
		r = ledger_note(
		    c->ledger, EVENT_AGENT_STOP, "stop", c->why_stop, &ignored);
	if (c->ledger && r == 0 && ledger_commit(c->ledger, &ignored) == 0)
		save_places(c);
	for (size_t i = 0; i < c->agent->n_taps; i++)
		feed_close(c->slots[i].feed);
	ledger_close(c->ledger);
	places_close(&c->places);
	twins_free(&c->twins);
	control_close(&c->control);
	loop_free(&c->loop);
}

static int prepare(struct collector *c)
{
	int r = loop_init(&c->loop);

	c->link = (struct loop_watch){
	    .fd = c->agent->link_fd, .ready = on_message, .ctx = c};
	c->tick = (struct loop_timer){.due = on_tick, .ctx = c};
	c->again = (struct loop_timer){.due = on_again, .ctx = c};
	c->sync = (struct loop_timer){.due = on_sync, .ctx = c};
	c->commit = (struct loop_timer){.due = on_commit, .ctx = c};
	for (size_t i = 0; i < AGENT_TAPS_MAX; i++)
		c->slots[i].collector = c;
	if (r == 0)
		r = control_open(&c->control, &c->loop, c->agent->control_fd,
		    &control_ops, c);
	return r < 0 ? err_sys(&c->err, r, "collector") : open_all(c);
}

int collector_run(struct agent *a)
{
	struct collector *c = calloc(1, sizeof *c);
	struct link_message m = {.what = LINK_READY};
	int r;

	if (!c)
		return -ENOMEM;
	c->agent = a;
	prctl(PR_SET_NAME, LOCK_DAEMON);
	r = prepare(c);
	if (r == -ECANCELED) {
		close_all(c, 0);
		free(c);
		return 0;
	}
	if (r == 0) {
		/* From when on it is relied on, not from its first tick. */
		pulse_begin(&c->pulse);
		r = link_send(a->link_fd, &m);
	}
	if (r == 0)
		r = collect(c);
	if (r < 0) {
		m.what = LINK_FAILED;
		m.error = r;
		snprintf(m.text, sizeof m.text, "%s",
		    c->err.text[0] ? c->err.text : strerror(-r));
		link_send(a->link_fd, &m);
	}
	close_all(c, r);
	free(c);
	return r;
}
