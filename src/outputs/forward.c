/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "crypto/digest.h"
#include "outputs/dead.h"
#include "outputs/place.h"

#define SECOND	  USEC_PER_SEC
/* A place at which nothing was sent is kept this often. */
#define IDLE_SAVE (10 * SECOND)

/* One batch; texts lie in `data` one behind the other. */
struct batch {
	struct record *v;
	size_t n;
	struct buf data;
	struct buf mark;   /* behind its last event */
	bool last;	   /* of the windows */
	int64_t last_time; /* of its last event */
};

struct run {
	const struct forward *f;
	const struct event_format *format;
	struct format_settings settings;
	struct output *output;
	struct store *store;
	struct progress place;
	struct batch batch;
	struct arena masked; /* strings of one event */
	int dirfd, lockfd;
	char place_file[OUTPUT_NAME_MAX + 16];
	unsigned failures; /* one after the other */
	int64_t failing;   /* time of the first of them; 0: it works */
	bool told;	   /* that it fails */
	int64_t saved;
	struct forward_counts *counts;
};

static bool stopped(const struct run *run)
{
	return *run->f->stop != 0;
}

/* Ends early with a signal. */
static void rest(const struct run *run, int64_t us)
{
	const int64_t end = time_boot() + us;

	while (!stopped(run)) {
		int64_t left = end - time_boot();

		if (left <= 0)
			return;
		poll(NULL, 0, left > SECOND ? 1000 : (int)(left / 1000) + 1);
	}
}

/* A second, two, four, ... up to `retry`; half of it by chance. */
static int64_t back_off(const struct run *run)
{
	int64_t us = SECOND, most = run->f->cfg->retry;
	uint32_t chance;

	for (unsigned i = 1; i < run->failures && us < most; i++)
		us *= 2;
	if (us > most)
		us = most;
	random_bytes(&chance, sizeof chance);
	us = us / 2 + us / 2 * (chance >> 16) / 65536;
	if (run->output && run->output->retry_after > us)
		us = run->output->retry_after;
	return us;
}

static void tell(const struct run *run, const char *what, const char *why)
{
	char text[1024];

	snprintf(text, sizeof text, "%s: %s%s%s", run->f->name, what,
	    *why ? ": " : "", why);
	run->f->tell(run->f->ctx, text);
}

static int keep_place(struct run *run, struct err *err)
{
	run->saved = time_boot();
	return place_save(&run->place, run->dirfd, run->place_file, err);
}

static void add_time(struct buf *b, const char *key, int64_t t)
{
	char text[TIME_ISO_LEN];

	if (t == 0)
		return;
	time_format_iso(t, text);
	buf_printf(b, ",\"%s\":\"%s\"", key, text);
}

/* For people and monitors; it may be lost. */
static void keep_status(const struct run *run)
{
	const struct forward_counts *c = run->counts;
	struct buf b = BUF_INIT;
	char file[OUTPUT_NAME_MAX + 16], now[TIME_ISO_LEN];

	time_format_iso(time_now(), now);
	snprintf(file, sizeof file, "%s.status", run->f->name);
	buf_printf(&b,
	    "{\"time\":\"%s\",\"name\":\"%s\",\"sent\":%llu,\"rejected\":%llu,"
	    "\"events_behind\":%llu,\"seconds_behind\":%lld,\"failures\":%u",
	    now, run->f->name, (unsigned long long)c->sent,
	    (unsigned long long)c->rejected, (unsigned long long)c->behind,
	    (long long)(c->behind_time / SECOND), run->failures);
	add_time(&b, "failing_since", run->failing);
	add_time(&b, "last_success", c->last_success);
	buf_add_z(&b, "}\n");
	if (!buf_error(&b))
		(void)fd_replace_file(run->dirfd, file, 0644, b.p, b.n);
	buf_free(&b);
}

/* One failure is told, the others until the next success are not. */
static int failed(struct run *run, int code, const char *why)
{
	run->failures++;
	if (!run->failing)
		run->failing = time_now();
	if (!run->told)
		tell(run, "cannot forward, trying again", why);
	run->told = true;
	keep_status(run);
	if (run->f->once && run->failures >= FORWARD_TRIES)
		return code;
	rest(run, back_off(run));
	return 0;
}

static void worked(struct run *run)
{
	if (run->told)
		tell(run, "forwards again", "");
	run->told = false;
	run->failures = 0;
	run->failing = 0;
	if (run->output)
		run->output->retry_after = 0;
	run->counts->last_success = time_now();
}

/* Gathering. */

static void batch_clear(struct batch *b)
{
	b->n = 0;
	b->last = false;
	buf_clear(&b->data);
	buf_clear(&b->mark);
}

static int add_record(struct run *run, struct event *ev)
{
	struct batch *b = &run->batch;
	struct record *rec = &b->v[b->n];
	const size_t begin = b->data.n;

	arena_reset(&run->masked);
	if (run->f->mask && mask_event(run->f->mask, ev, &run->masked) < 0)
		return -ENOMEM;
	run->format->write(ev, &run->settings, &b->data);
	if (buf_error(&b->data))
		return -ENOMEM;
	event_eid(ev, rec->eid);
	rec->state = RECORD_WAITS;
	/* Data may move yet: see settle(). */
	rec->text = str_make(NULL, b->data.n - begin);
	b->last_time = ev->time;
	b->n++;
	return 0;
}

static void settle(struct batch *b)
{
	size_t at = 0;

	for (size_t i = 0; i < b->n; i++) {
		b->v[i].text.p = b->data.p + at;
		at += b->v[i].text.n;
	}
}

static int read_events(
    struct run *run, struct store_cursor *cursor, struct err *err)
{
	const struct store_ops *ops = run->store->ops;
	const struct output_config *cfg = run->f->cfg;
	struct batch *b = &run->batch;
	struct event ev;
	int r = 1;

	while (b->n < (size_t)cfg->batch_events &&
	       b->data.n < (size_t)cfg->batch_bytes) {
		r = ops->next_event(cursor, &ev, err);
		if (r <= 0)
			break;
		r = add_record(run, &ev);
		if (r < 0)
			return r;
		r = 1;
	}
	b->last = r == 0;
	return r < 0 ? r : ops->cursor_mark(cursor, &b->mark);
}

/*
 * The next events of the windows. The store's snapshot is given back before
 * they are sent, which may take long.
 */
static int gather(struct run *run, struct err *err)
{
	struct query q = *run->f->filter;
	struct store_cursor *cursor;
	int r;

	batch_clear(&run->batch);
	q.since = INT64_MIN;
	q.until = INT64_MAX;
	progress_ask(&run->place, &q);
	r = run->store->ops->events(run->store, &q, &cursor, err);
	if (r < 0)
		return r;
	r = read_events(run, cursor, err);
	run->store->ops->cursor_close(cursor);
	settle(&run->batch);
	return r;
}

/* Sending. */

static size_t count(const struct batch *b, enum record_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->v[i].state == state;
	return n;
}

/* Until nothing waits any more, or a stop. */
static int deliver(struct run *run, struct err *err)
{
	struct batch *b = &run->batch;
	int r;

	while (count(b, RECORD_WAITS)) {
		size_t waited = count(b, RECORD_WAITS);

		if (stopped(run))
			return -EINTR;
		r = run->output->ops->send(run->output, b->v, b->n, err);
		if (count(b, RECORD_WAITS) < waited)
			run->failures = 0;
		/* What is left may pass now that the rest is through. */
		if (r == 0 && count(b, RECORD_WAITS) < waited)
			continue;
		r = failed(
		    run, r ? r : -EAGAIN, r ? err->text : run->output->said);
		if (r < 0)
			return r == -EAGAIN
				   ? err_set(err, r, "%s", run->output->said)
				   : r;
	}
	worked(run);
	return 0;
}

static int accept_batch(struct run *run, struct err *err)
{
	struct batch *b = &run->batch;
	const struct forward *f = run->f;
	size_t rejected = count(b, RECORD_REJECTED);
	int r = 0;

	if (rejected) {
		r = dead_add(
		    run->dirfd, f->name, f->cfg->dead_size, b->v, b->n, err);
		for (size_t i = 0; i < b->n; i++)
			if (b->v[i].state == RECORD_REJECTED) {
				tell(run, "refused for good, see NAME.dead",
				    b->v[i].reason);
				break;
			}
	}
	if (r < 0)
		return r;
	run->counts->rejected += rejected;
	run->counts->sent += b->n - rejected;
	run->counts->batches += b->n != 0;
	buf_clear(&run->place.mark);
	buf_add_str(&run->place.mark, buf_str(&b->mark));
	if (b->last)
		progress_done(&run->place);
	if (buf_error(&run->place.mark))
		return -ENOMEM;
	if (b->n || time_boot() - run->saved > IDLE_SAVE)
		r = keep_place(run, err);
	return r;
}

/* The store. */

static void leave_store(struct run *run)
{
	if (run->store)
		run->f->close(run->f->ctx);
	run->store = NULL;
}

/* 1: there is something to send; 0: nothing now. */
static int look(struct run *run, struct err *err)
{
	int r = 0;

	if (run->store && run->store->ops->guard(run->store, err) < 0)
		leave_store(run);
	if (!run->store)
		r = run->f->open(run->f->ctx, &run->store, err);
	if (r == 0)
		r = progress_look(
		    &run->place, run->store, &run->counts->behind, err);
	return r < 0 ? r : run->counts->behind > 0;
}

static int step(struct run *run, struct err *err)
{
	int r = look(run, err);

	if (r > 0) {
		int failure = gather(run, err);

		r = failure < 0 ? failure : 1;
	}
	if (r < 0) {
		leave_store(run);
		return failed(run, r, err->text);
	}
	if (r == 0) {
		run->counts->behind_time = 0;
		keep_status(run);
		if (run->f->once)
			return 1;
		rest(run, run->f->cfg->poll);
		return 0;
	}
	r = deliver(run, err);
	if (r == 0)
		r = accept_batch(run, err);
	if (r == 0 && run->batch.n) {
		run->counts->behind_time = time_now() - run->batch.last_time;
		if (run->output->pause && !run->f->once) {
			keep_status(run);
			rest(run, run->output->pause);
		}
	}
	return r;
}

static int run_all(struct run *run, struct err *err)
{
	int r = 0;

	while (r == 0 && !stopped(run))
		r = step(run, err);
	keep_status(run);
	if (r > 0 || r == -EINTR)
		r = 0;
	return r < 0 ? r : keep_place(run, err);
}

/* Beginning. */

static int begin_place(struct run *run, struct err *err)
{
	uint64_t behind;
	int r = place_load(&run->place, run->dirfd, run->place_file, err);

	if (r != -ENOENT)
		return r;
	if (run->f->cfg->start == START_BEGINNING)
		return 0;
	r = run->f->open(run->f->ctx, &run->store, err);
	if (r == 0)
		r = progress_look(&run->place, run->store, &behind, err);
	if (r == 0) {
		progress_done(&run->place);
		r = keep_place(run, err);
	}
	return r;
}

static int open_state(struct run *run, struct err *err)
{
	const struct forward *f = run->f;
	char lock[OUTPUT_NAME_MAX + 16];

	snprintf(run->place_file, sizeof run->place_file, "%s.place", f->name);
	snprintf(lock, sizeof lock, "%s.lock", f->name);
	if (mkdir(f->cfg->state, 0750) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make %s", f->cfg->state);
	run->dirfd = open(f->cfg->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->dirfd < 0)
		return err_sys(err, -errno, "cannot open %s", f->cfg->state);
	run->lockfd = openat(
	    run->dirfd, lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (run->lockfd < 0)
		return err_sys(
		    err, -errno, "cannot open %s/%s", f->cfg->state, lock);
	if (flock(run->lockfd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY,
		    "another process forwards to %s already", f->name);
	return 0;
}

int forward_run(
    const struct forward *f, struct forward_counts *ret, struct err *err)
{
	struct run run = {.f = f,
	    .format = output_config_format(f->cfg),
	    .settings = output_config_settings(f->cfg),
	    .dirfd = -1,
	    .lockfd = -1,
	    .masked = ARENA_INIT,
	    .counts = ret};
	int r = open_state(&run, err);

	*ret = (struct forward_counts){0};
	if (r == 0)
		r = begin_place(&run, err);
	if (r == 0) {
		run.batch.v =
		    calloc((size_t)f->cfg->batch_events, sizeof *run.batch.v);
		r = run.batch.v ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = outputs[f->cfg->type]->open(&run.output, f->cfg, err);
	if (r == 0)
		r = run_all(&run, err);
	if (run.output)
		run.output->ops->close(run.output);
	leave_store(&run);
	progress_free(&run.place);
	free(run.batch.v);
	arena_free(&run.masked);
	buf_free(&run.batch.data);
	buf_free(&run.batch.mark);
	fd_close(&run.lockfd);
	fd_close(&run.dirfd);
	return r;
}

int forward_test(const struct output_config *cfg, const char *host,
    struct buf *ret_said, struct err *err)
{
	const struct format_settings settings = output_config_settings(cfg);
	struct record rec = {.state = RECORD_WAITS};
	struct output *o = NULL;
	struct buf text = BUF_INIT;
	struct event ev;
	int r;

	event_init(&ev, EVENT_OTHER);
	ev.time = time_now();
	ev.host = str_z(host);
	ev.source = STR("sshtrail");
	ev.trust = TRUST_DAEMON;
	event_set_str(&ev, F_TYPE, STR("TEST"));
	event_set_str(
	    &ev, F_TEXT, STR("sshtrail test-output: a test, nothing happened"));
	random_bytes(&ev.v[F_ID].u, sizeof ev.v[F_ID].u);
	event_set_hex(&ev, F_ID, ev.v[F_ID].u);
	event_eid(&ev, rec.eid);
	output_config_format(cfg)->write(&ev, &settings, &text);
	rec.text = buf_str(&text);
	r = buf_error(&text);
	if (r == 0)
		r = outputs[cfg->type]->open(&o, cfg, err);
	if (r == 0)
		r = o->ops->send(o, &rec, 1, err);
	if (r == 0 && rec.state != RECORD_ACCEPTED)
		r = err_set(err, -EREMOTEIO, "%s",
		    rec.state == RECORD_REJECTED ? rec.reason : o->said);
	if (r == 0)
		buf_printf(ret_said, "event %s: %s", rec.eid, o->said);
	if (o)
		o->ops->close(o);
	buf_free(&text);
	return r;
}
