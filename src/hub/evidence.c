/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/bundle.h"
#include "base/maker.h"
#include "base/when.h"
#include "hub/follow.h"
#include "store/plan.h"
#include "wire/files.h"

/* A bundle that is being made, of a thread of its own. */
struct making {
	struct maker *maker;
	char *store; /* its directory */
	struct query q;
	struct arena texts; /* of q */
	int64_t now;
	struct buf line; /* that is being made */
	char how[256];	 /* it ended; the hub's, once it has */
};

static void free_making(void *ctx)
{
	struct making *m = ctx;

	arena_free(&m->texts);
	buf_free(&m->line);
	free(m->store);
	free(m);
}

static int alive(void *ctx)
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
		struct str some = str_upto(bytes, EVIDENCE_AHEAD);

		bytes = str_from(bytes, some.n);
		files_write_bytes(&m->line, some);
		r = put(m);
	}
	return r;
}

static int make_of(struct making *m, struct bundle *b,
    struct evidence_size *ret, struct err *err)
{
	const struct file_sink to = {begin_file, add_bytes, m};
	struct parcel parcel;
	int r = bundle_choose(b, &m->q, EVIDENCE_EVENTS_MAX, err);

	*ret = bundle_size(b);
	if (r < 0 || ret->events == 0)
		return r;
	parcel_hand_on(&parcel, &to);
	r = bundle_write(b, &parcel, m->now, m->q.session, err);
	return parcel_close(&parcel, r, err);
}

static int make(struct making *m, struct evidence_size *ret, struct err *err)
{
	struct archive *a = NULL;
	struct bundle *b = NULL;
	int r = archive_open(&a, m->store, ARCHIVE_READ, err);

	if (r == 0)
		r = bundle_open(&b, m->store, archive_store(a), alive, m, err);
	if (r == 0)
		r = make_of(m, b, ret, err);
	bundle_close(b);
	archive_close(a);
	return r;
}

static void run(void *ctx, struct maker *maker)
{
	struct evidence_size size = {.events = 0};
	struct making *m = ctx;
	struct err err = {""};
	int r;

	m->maker = maker;
	r = make(m, &size, &err);
	if (r < 0) {
		files_write_failed(&m->line, api_status(r), err.text);
		snprintf(m->how, sizeof m->how, "failed: %.200s", err.text);
	} else {
		files_write_whole(&m->line, &size);
		snprintf(m->how, sizeof m->how,
		    "all of it: %llu events, %llu recordings",
		    (unsigned long long)size.events,
		    (unsigned long long)size.recordings);
	}
	put(m);
}

static const struct maker_ops ops = {run, free_making};

/* --- the hub --- */

struct delivery {
	struct hub *hub;
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

static void free_delivery(struct delivery *d)
{
	d->hub->makers--;
	loop_unwatch(d->hub->loop, &d->watch);
	if (d->maker)
		maker_leave(d->maker);
	arena_free(&d->texts);
	free(d);
}

static void end(void *ctx)
{
	tell_end(ctx);
	free_delivery(ctx);
}

static const struct http_feed feed = {next_piece, end};

static int start(struct delivery *d, const struct api_call *c)
{
	struct making *m = calloc(1, sizeof *m);
	int r;

	if (!m)
		return -ENOMEM;
	m->now = time_now();
	m->store = strdup(c->hub->cfg->store);
	r = m->store ? query_copy(&m->q, &c->ask.q, &m->texts) : -ENOMEM;
	if (r < 0) {
		free_making(m);
		return r;
	}
	d->making = m;
	r = maker_start(&d->maker, &ops, m, EVIDENCE_AHEAD);
	if (r == 0)
		d->watch = (struct loop_watch){
		    .fd = maker_fd(d->maker), .ready = on_more, .ctx = d};
	return r;
}

/* Nothing is masked in a bundle, which is told like any unmasking. */
static int tell_begin(const struct api_call *c)
{
	struct event ev;
	char of[32] = "all sessions";

	api_event(c, EVENT_REVEAL, &ev);
	event_set_str(&ev, F_CMD, STR("sshtrail --hub export --evidence"));
	if (c->ask.q.session)
		snprintf(of, sizeof of, "session %016llx",
		    (unsigned long long)c->ask.q.session);
	event_set_str(&ev, F_TEXT, str_z(of));
	return hub_append(c->hub, &ev);
}

static int remember(struct delivery *d, const struct api_call *c)
{
	struct buf text = BUF_INIT;
	struct event *ev = &d->about;

	api_event(c, EVENT_VIEW, ev);
	ask_write(&c->ask, &text);
	ev->host = arena_dup(&d->texts, ev->host);
	event_set_str(ev, F_USER, arena_dup(&d->texts, event_str(ev, F_USER)));
	event_set_str(ev, F_ADDR, arena_dup(&d->texts, event_str(ev, F_ADDR)));
	event_set_str(ev, F_OP, STR("evidence"));
	if (text.n)
		event_set_str(ev, F_TEXT, arena_dup(&d->texts, buf_str(&text)));
	buf_free(&text);
	return ev->host.p ? 0 : -ENOMEM;
}

static int check_question(const struct api_call *c, struct err *err)
{
	if (c->account.role == ROLE_VIEWER)
		return err_set(err, -EACCES,
		    "a viewer has no evidence: its proofs hold hashes and "
		    "numbers of what is of others in the same chains, and "
		    "nothing in it is masked; ask an auditor");
	if (c->ask.q.cursor.n)
		return err_set(
		    err, -EINVAL, "evidence is one answer: it takes no cursor");
	if (c->hub->makers >= EVIDENCE_MAKERS_MAX)
		return err_set(err, -EUSERS,
		    "%d bundles of evidence are being made: try again later",
		    EVIDENCE_MAKERS_MAX);
	return 0;
}

int evidence_begin(struct api_call *c, struct err *err)
{
	struct delivery *d;
	int r = check_question(c, err);

	if (r < 0)
		return r;
	d = calloc(1, sizeof *d);
	if (!d)
		return err_sys(err, -ENOMEM, "evidence");
	d->hub = c->hub;
	d->hub->makers++;
	d->spoken = loop_now();
	r = remember(d, c);
	if (r == 0)
		r = tell_begin(c);
	if (r == 0)
		r = start(d, c);
	if (r < 0) {
		free_delivery(d);
		return err_sys(err, r, "evidence");
	}
	c->reply->type = "application/x-sshtrail-files";
	c->reply->feed = &feed;
	c->reply->feed_ctx = d;
	return 0;
}
