/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/retain.h"

#include <errno.h>
#include <stdio.h>

#include "archive/retention.h"
#include "base/when.h"

#define FIRST_AFTER ((int64_t)60 * 1000000)

int retain_begin(struct retain *t, struct hub *h, struct err *err)
{
	struct buf complaints = BUF_INIT;
	struct str first, rest;
	int r = 0;

	t->hub = h;
	t->configured = h->cfg->retention != NULL;
	if (t->configured)
		r = policy_load(&t->policy, h->cfg->retention, &complaints);
	rest = buf_str(&complaints);
	str_cut(&rest, '\n', &first);
	if (r < 0)
		err_set(err, r, "%.*s", STR_ARG(first));
	buf_free(&complaints);
	return r;
}

void retain_free(struct retain *t)
{
	if (t->configured)
		policy_free(&t->policy);
}

static int count(void *ctx, const struct retention_step *step)
{
	uint64_t *n = ctx;

	(void)step;
	++*n;
	return 0;
}

/* Into a chain from which nothing is ever removed. */
static int tell(void *ctx, const struct retention_step *step)
{
	struct hub *h = ctx;
	char chain[80];
	struct buf text = BUF_INIT;
	struct event ev;
	int r;

	snprintf(chain, sizeof chain, "retention:%s", h->cfg->name);
	retention_describe(step, &text);
	retention_event(&ev, step, h->cfg->retention, buf_str(&text));
	ev.time = time_now();
	ev.host = str_z(h->cfg->name);
	ev.source = STR(HUB_SOURCE);
	ev.trust = TRUST_DAEMON;
	r = buf_error(&text);
	if (r == 0)
		r = archive_begin(h->archive, chain, &h->failure);
	if (r == 0)
		r = archive_append(h->archive, &ev, &h->failure);
	buf_free(&text);
	return r;
}

/* Chains that hosts write are opened again as soon as they send more. */
static int remove_all(struct hub *h, const struct policy *p)
{
	struct retention_work work = {
	    .policy = p, .now = time_now(), .tell = tell, .ctx = h};
	int r = hub_commit(h, &h->failure);

	hub_close_chains(h);
	if (r == 0)
		r = archive_retain(h->archive, &work, &h->failure);
	if (r == 0)
		r = hub_begin_own(h, &h->failure);
	h->uncommitted = true;
	return r;
}

static int look(struct retain *t)
{
	struct hub *h = t->hub;
	uint64_t n = 0;
	struct err err = {""};
	int r = retention_plan(
	    archive_dirfd(h->archive), &t->policy, time_now(), count, &n, &err);

	/* A damaged chain stays; the hub goes on. */
	if (r < 0)
		return hub_note(
		    h, EVENT_ALERT, STR_NONE, "retention", err.text);
	return n ? remove_all(h, &t->policy) : 0;
}

static void on_timer(struct loop *l, struct loop_timer *timer)
{
	struct retain *t = timer->ctx;
	int r = t->hub->full ? 0 : look(t);

	(void)l;
	if (r < 0)
		hub_fail(t->hub, r);
}

void retain_start(struct retain *t, struct loop *l)
{
	const int64_t every = t->hub->cfg->retention_every;

	t->timer = (struct loop_timer){.due = on_timer, .ctx = t};
	if (t->configured)
		loop_timer_start(l, &t->timer,
		    every < FIRST_AFTER ? every : FIRST_AFTER, every);
}
