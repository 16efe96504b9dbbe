/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/making.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "hub/follow.h"
#include "store/plan.h"
#include "wire/files.h"

static void making_free(void *ctx)
{
	struct making *m = ctx;

	arena_free(&m->texts);
	buf_free(&m->line);
	free(m->store);
	free(m);
}

struct making *making_new(const struct api_call *c)
{
	struct making *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->now = time_now();
	m->store = strdup(c->hub->cfg->store);
	if (m->store && query_copy(&m->q, &c->ask.q, &m->texts) == 0)
		return m;
	making_free(m);
	return NULL;
}

/* --- the thread --- */

int making_alive(void *ctx)
{
	const struct making *m = ctx;

	return maker_alive(m->maker);
}

static int put(struct making *m)
{
	int r = buf_error(&m->line);

	if (r == 0)
		r = maker_put(m->maker, buf_str(&m->line));
	buf_clear(&m->line);
	return r;
}

static int begin_file(void *ctx, const char *name)
{
	struct making *m = ctx;

	files_write_name(&m->line, name);
	return put(m);
}

static int add_bytes(void *ctx, struct str bytes)
{
	struct making *m = ctx;
	int r = 0;

	while (r == 0 && bytes.n) {
		struct str some = str_upto(bytes, MAKING_AHEAD);

		bytes = str_from(bytes, some.n);
		files_write_bytes(&m->line, some);
		r = put(m);
	}
	return r;
}

static void end_line(
    struct making *m, int r, const struct evidence_size *size, struct err *err)
{
	if (r < 0) {
		files_write_failed(&m->line, api_status(r), err->text);
		snprintf(m->how, sizeof m->how, "failed: %.200s", err->text);
		return;
	}
	files_write_whole(&m->line, size);
	snprintf(m->how, sizeof m->how,
	    "all of it: events %llu, recordings %llu",
	    (unsigned long long)size->events,
	    (unsigned long long)size->recordings);
}

static void run(void *ctx, struct maker *maker)
{
	struct evidence_size size = {.events = 0};
	struct making *m = ctx;
	const struct file_sink to = {begin_file, add_bytes, m};
	struct archive *a = NULL;
	struct err err = {""};
	int r = archive_open(&a, m->store, ARCHIVE_READ, &err);

	m->maker = maker;
	if (r == 0)
		r = m->make(m, a, &to, &size, &err);
	archive_close(a);
	end_line(m, r, &size, &err);
	put(m);
}

static const struct maker_ops ops = {run, making_free};

/* --- the hub --- */

struct delivery {
	struct hub *hub;
	struct delivery *next, **place; /* of the hub */
	char account[ACCOUNT_NAME_MAX + 1];
	struct maker *maker;	 /* NULL: none yet */
	struct making *making;	 /* the maker's */
	struct loop_watch watch; /* of the maker */
	struct event about;	 /* who asked for what */
	struct arena texts;	 /* of it */
	uint64_t bytes;		 /* that were taken */
	int64_t spoken;		 /* loop_now() */
	bool done;		 /* all was taken, and more was asked for */
};

/* Not asked again before the client takes more. */
static void on_more(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct delivery *d = w->ctx;

	(void)what;
	loop_unwatch(l, w);
	http_server_wake(d->hub->http);
}

static int next_piece(void *ctx, struct buf *ret)
{
	struct delivery *d = ctx;

	d->done = !maker_take(d->maker, ret);
	d->bytes += ret->n;
	if (ret->n == 0 && !d->done &&
	    loop_now() - d->spoken >= FOLLOW_BEAT / 2)
		files_write_wait(ret);
	if (ret->n)
		d->spoken = loop_now();
	if (ret->n || d->done)
		return d->done ? -ENODATA : 1;
	/* Woken by what comes; or, at the latest, like all others. */
	if (!d->watch.is_added)
		loop_watch(d->hub->loop, &d->watch, LOOP_READ);
	return 0;
}

/* How it went is an event, as that it was asked for is. */
static void tell_end(struct delivery *d)
{
	char reason[320];

	snprintf(reason, sizeof reason, "%s, %llu bytes",
	    d->done ? d->making->how : "broken off",
	    (unsigned long long)d->bytes);
	d->about.time = time_now();
	event_set_str(&d->about, F_REASON, str_z(reason));
	hub_append(d->hub, &d->about);
}

static void delivery_free(struct delivery *d)
{
	*d->place = d->next;
	if (d->next)
		d->next->place = d->place;
	loop_unwatch(d->hub->loop, &d->watch);
	if (d->maker)
		maker_leave(d->maker);
	arena_free(&d->texts);
	free(d);
}

static void end(void *ctx)
{
	tell_end(ctx);
	delivery_free(ctx);
}

static const struct http_feed feed = {true, next_piece, end};

/* `op` stays. */
static int remember(
    struct delivery *d, const struct api_call *c, const char *op)
{
	struct buf text = BUF_INIT;
	struct event *ev = &d->about;

	api_event(c, EVENT_VIEW, ev);
	ask_write(&c->ask, &text);
	event_set_str(ev, F_USER, arena_dup(&d->texts, event_str(ev, F_USER)));
	event_set_str(ev, F_ADDR, arena_dup(&d->texts, event_str(ev, F_ADDR)));
	event_set_str(ev, F_OP, str_z(op));
	if (text.n)
		event_set_str(ev, F_TEXT, arena_dup(&d->texts, buf_str(&text)));
	buf_free(&text);
	return event_str(ev, F_USER).p && event_str(ev, F_ADDR).p ? 0 : -ENOMEM;
}

static struct delivery *delivery_new(struct hub *h, const char *account)
{
	struct delivery *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->hub = h;
	d->spoken = loop_now();
	snprintf(d->account, sizeof d->account, "%s", account);
	d->next = h->deliveries;
	d->place = &h->deliveries;
	if (d->next)
		d->next->place = &d->next;
	h->deliveries = d;
	return d;
}

/* Nobody has all of them. */
static int check_room(const struct api_call *c, struct err *err)
{
	size_t all = 0, own = 0;

	for (struct delivery *d = c->hub->deliveries; d; d = d->next) {
		all++;
		own += strcmp(d->account, c->account.name) == 0;
	}
	if (own >= MAKING_EACH)
		return err_set(err, -EUSERS,
		    "%d large answers are being made for this account: take "
		    "them, or try again later",
		    MAKING_EACH);
	return all < MAKING_MAX
		   ? 0
		   : err_set(err, -EUSERS,
			 "%d large answers are being made: try again later",
			 MAKING_MAX);
}

static int start(struct delivery *d, struct making *m)
{
	int r = maker_start(&d->maker, &ops, m, MAKING_AHEAD);

	if (r < 0)
		return r;
	d->making = m;
	d->watch = (struct loop_watch){
	    .fd = maker_fd(d->maker), .ready = on_more, .ctx = d};
	return 0;
}

int making_begin(
    struct making *m, struct api_call *c, const char *op, struct err *err)
{
	struct delivery *d = NULL;
	int r = check_room(c, err);

	if (r == 0) {
		d = delivery_new(c->hub, c->account.name);
		r = d ? remember(d, c, op) : -ENOMEM;
	}
	if (r == 0)
		r = start(d, m);
	else
		making_free(m);
	if (r < 0 && d)
		delivery_free(d);
	if (r == -EUSERS)
		return r;
	if (r < 0)
		return err_sys(err, r, "a large answer");
	c->reply->type = "application/x-sshtrail-files";
	c->reply->feed = &feed;
	c->reply->feed_ctx = d;
	return 0;
}
