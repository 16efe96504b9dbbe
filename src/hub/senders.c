/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/senders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/layout.h"
#include "base/fd.h"
#include "base/when.h"
#include "hub/hub.h"

/* What is not on the disk for so long goes there. */
#define SYNC_EVERY   ((int64_t)500 * 1000)
/* Records of one event come within this. */
#define SETTLE_AFTER (2 * USEC_PER_SEC)
/* How long nothing is read when the disk is full. */
#define STALLED_FOR  USEC_PER_SEC
/* What a message costs beside its bytes. */
#define MESSAGE_COST 64
/* So long ago its chain was needed last: it is closed. */
#define IDLE_AFTER   (600 * USEC_PER_SEC)

/* --- finding them --- */

/* Of the names in ss->v, which are sorted: where it is, or belongs. */
static size_t place_of(const struct senders *ss, const char *name)
{
	size_t lo = 0, hi = ss->n;

	while (lo < hi) {
		const size_t mid = (lo + hi) / 2;

		if (strcmp(ss->v[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int add(struct senders *ss, const char *name, size_t at)
{
	struct sender *s;
	void *v = realloc(ss->v, (ss->n + 1) * sizeof(struct sender *));
	int r = v ? 0 : -ENOMEM;

	if (v)
		ss->v = v;
	if (r == 0)
		r = sender_new(&s, ss->hub, name);
	if (r < 0)
		return r;
	memmove(&ss->v[at + 1], &ss->v[at], (ss->n - at) * sizeof *ss->v);
	ss->v[at] = s;
	ss->n++;
	s->credit = ss->rate;
	return 0;
}

static void add_to(struct senders_sum *sum, const struct sender *s)
{
	sum->messages += s->messages;
	sum->events += s->events;
	sum->repeated += s->repeated;
	sum->forged += s->forged;
	sum->lost += sender_losses(s);
	sum->unparsed += sender_unparsed(s);
}

/* Who says nothing that is kept gets no chain for what is lost of it. */
static void count_nobody(struct senders *ss, struct sender *s)
{
	for (int i = 0; i < SENDER_N_LOSSES; i++) {
		const uint64_t n = loss_due(&s->losses[i], loop_now());

		loss_add(
		    &ss->losses[SENDERS_LOST_NOBODY], n, s->losses[i].latest);
		if (n)
			snprintf(
			    ss->stranger, sizeof ss->stranger, "%s", s->name);
	}
}

/* That nothing is kept of it comes before all, then that it said little. */
static bool yields_before(const struct sender *a, const struct sender *b)
{
	return a->has_chain != b->has_chain ? !a->has_chain
					    : a->events < b->events;
}

/* Whose chain is closed has been silent for IDLE_AFTER, or since the start. */
static size_t find_yielding(const struct senders *ss)
{
	size_t found = ss->n;

	for (size_t i = 0; i < ss->n; i++) {
		const struct sender *s = ss->v[i];

		if (s->connections || sender_holds(s) ||
		    (s->has_chain && s->heard))
			continue;
		if (found == ss->n || yields_before(s, ss->v[found]))
			found = i;
	}
	return found;
}

static bool tell_yielded(struct senders *ss, const char *who, const char *to)
{
	char reason[2 * SENDER_NAME_MAX + 128];

	snprintf(reason, sizeof reason,
	    "%s was silent, and gives its place among inputs.senders to %s; "
	    "its chain stays",
	    who, to);
	return hub_note(ss->hub, EVENT_CONFIG, STR_NONE, "sender", reason) == 0;
}

/* For who comes; the store has room for its chain. */
static bool make_place(struct senders *ss, const char *name)
{
	const size_t i = find_yielding(ss);
	struct sender *s = i < ss->n ? ss->v[i] : NULL;

	if (!s || (s->has_chain && !tell_yielded(ss, s->name, name)))
		return false;
	loss_hurry(s->losses, SENDER_N_LOSSES);
	if (!s->has_chain)
		count_nobody(ss, s);
	ss->kept -= !s->has_chain;
	add_to(&ss->gone, s);
	sender_free(s);
	memmove(&ss->v[i], &ss->v[i + 1], (ss->n - i - 1) * sizeof *ss->v);
	ss->n--;
	return true;
}

static bool is_kept(const struct senders *ss, const char *name)
{
	char chain[sizeof SENDER_CHAIN + SENDER_NAME_MAX];
	CLEANUP_FD int fd = -1;

	snprintf(chain, sizeof chain, SENDER_CHAIN "%s", name);
	return !ss->hub->full &&
	       layout_open_chain(archive_dirfd(ss->hub->archive), chain, false,
		   &fd, NULL) == 0;
}

struct sender *senders_get(struct senders *ss, const char *name)
{
	size_t at = place_of(ss, name);
	bool kept;

	if (at < ss->n && strcmp(ss->v[at]->name, name) == 0)
		return ss->v[at];
	kept = is_kept(ss, name);
	if (ss->n >= ss->max && (kept || ss->kept < SENDERS_KEPT * ss->max) &&
	    make_place(ss, name))
		at = place_of(ss, name);
	if (ss->n >= ss->max) {
		loss_add(&ss->losses[SENDERS_LOST_CROWD], 1, time_now());
		snprintf(ss->stranger, sizeof ss->stranger, "%s", name);
		return NULL;
	}
	if (add(ss, name, at) < 0)
		return NULL;
	ss->v[at]->has_chain = kept;
	ss->kept += !kept;
	return ss->v[at];
}

static int find_one(struct senders *ss, const char *chain, bool has_chain)
{
	struct str name = str_z(chain);
	struct sender *s;
	size_t at;
	int r = 0;

	if (!str_skip(&name, STR(SENDER_CHAIN)) || !sender_name_is_good(name.p))
		return 0;
	at = place_of(ss, name.p);
	s = at < ss->n ? ss->v[at] : NULL;
	if (!s || strcmp(s->name, name.p) != 0) {
		ss->kept++;
		/* Others are there again as soon as they say something. */
		if (has_chain && ss->n >= ss->max)
			return 0;
		r = add(ss, name.p, at);
	}
	if (r == 0)
		ss->v[at]->has_chain |= has_chain;
	return r;
}

static int find_chain(void *ctx, const char *chain)
{
	return find_one(ctx, chain, true);
}

static int find_held(void *ctx, const char *name)
{
	return find_one(ctx, name, false);
}

static int is_held(const struct dirent *e)
{
	return str_starts(str_z(e->d_name), STR(SENDER_CHAIN));
}

int senders_open(struct senders *ss, struct hub *h, struct err *err)
{
	const struct hub_config *cfg = h->cfg;
	int r;

	*ss = (struct senders){.hub = h,
	    .max = (size_t)cfg->senders,
	    .rate = cfg->sender_rate,
	    .synced = loop_now()};
	r = layout_each_chain(archive_dirfd(h->archive), find_chain, ss, err);
	if (r == 0)
		r = place_each_name(
		    &h->place, HELD_DIR, is_held, find_held, ss, err);
	return r == -ENOMEM ? err_sys(err, r, "senders") : r;
}

void senders_free(struct senders *ss)
{
	if (ss->loop)
		loop_timer_stop(ss->loop, &ss->timer);
	for (size_t i = 0; i < ss->n; i++)
		sender_free(ss->v[i]);
	free(ss->v);
	*ss = (struct senders){.n = 0};
}

/* --- how much they may send --- */

void senders_charge(struct sender *s, size_t n)
{
	s->credit -= (int64_t)n + MESSAGE_COST;
}

bool senders_may_read(const struct senders *ss, const struct sender *s)
{
	return s->credit > 0 && !ss->hub->full &&
	       (!ss->stalled || loop_now() - ss->stalled > STALLED_FOR);
}

static void give_credit(struct senders *ss)
{
	const int64_t more = ss->rate * SENDERS_TICK / USEC_PER_SEC;

	for (size_t i = 0; i < ss->n; i++) {
		struct sender *s = ss->v[i];

		s->credit += more + 1;
		if (s->credit > ss->rate)
			s->credit = ss->rate;
	}
}

/* --- what is done now and then --- */

int senders_hold(struct senders *ss)
{
	int r = 0;

	for (size_t i = 0; i < ss->n && r == 0; i++)
		if (ss->v[i]->held.fresh)
			r = sender_hold(ss->v[i]);
	return r;
}

/* Where there is no memory for it they wait one by one. */
static void wait_together(struct senders *ss)
{
	struct replica **v = calloc(ss->n + 1, sizeof *v);
	size_t n = 0;

	for (size_t i = 0; v && i < ss->n; i++) {
		struct sender *s = ss->v[i];
		struct hub_chain *c = s->dirty ? sender_open_chain(s) : NULL;

		if (c)
			v[n++] = c->replica;
	}
	if (n > 1)
		replicas_wait(v, n, false);
	free(v);
}

int senders_sync(struct senders *ss)
{
	int r = 0;

	wait_together(ss);
	for (size_t i = 0; i < ss->n && r == 0 && ss->dirty; i++)
		r = sender_sync(ss->v[i]);
	ss->dirty = ss->dirty && r < 0;
	ss->synced = loop_now();
	return r;
}

static int tell(struct senders *ss, int what, uint64_t n)
{
	static const char *const reasons[SENDERS_N_LOSSES] = {
	    [SENDERS_LOST_KERNEL] = "datagrams came faster than they were read",
	    [SENDERS_LOST_STRANGER] =
		"messages and connections from elsewhere than inputs.allow "
		"were refused, the last from",
	    [SENDERS_LOST_CROWD] =
		"there are as many senders as inputs.senders lets: refused, "
		"the last",
	    [SENDERS_LOST_GUEST] =
		"connections were refused, beyond inputs.connections or "
		"without a good certificate, the last from",
	    [SENDERS_LOST_NOBODY] =
		"messages were lost of senders of whom nothing is kept, the "
		"last",
	};
	const struct loss *l = &ss->losses[what];
	char reason[256];
	struct event ev;

	snprintf(reason, sizeof reason, "%s %s", reasons[what],
	    what == SENDERS_LOST_KERNEL ? "" : ss->stranger);
	event_init(&ev, EVENT_GAP);
	ev.time = time_now();
	ev.host = str_z(ss->hub->cfg->name);
	ev.source = STR(HUB_SOURCE);
	ev.trust = TRUST_DAEMON;
	event_set_str(&ev, F_OP, STR("inputs"));
	event_set_str(&ev, F_REASON, str_trim(str_z(reason)));
	event_set_int(&ev, F_LOST, (int64_t)n);
	event_set_int(&ev, F_SINCE, l->since);
	event_set_int(&ev, F_UNTIL, l->latest);
	return hub_append(ss->hub, &ev);
}

static int tell_all(struct senders *ss)
{
	int r = 0;

	for (size_t i = 0; i < ss->n; i++)
		if (!ss->v[i]->has_chain)
			count_nobody(ss, ss->v[i]);
	for (int i = 0; i < SENDERS_N_LOSSES && r == 0; i++) {
		uint64_t n = loss_due(&ss->losses[i], loop_now());

		if (n)
			r = tell(ss, i, n);
	}
	for (size_t i = 0; i < ss->n && r == 0; i++)
		if (ss->v[i]->has_chain)
			r = sender_tell(ss->v[i]);
	return r;
}

/* What it costs to wait for it is given back. */
static int rest(struct sender *s)
{
	struct hub_chain *c;
	int r = sender_sync(s);

	c = sender_open_chain(s);
	if (r == 0 && c) {
		r = hub_commit(s->hub, &s->hub->failure);
		hub_chain_close(c);
	}
	return r;
}

static int tend(struct senders *ss)
{
	const int64_t now = loop_now();
	int r = 0;

	for (size_t i = 0; i < ss->n && r == 0; i++) {
		struct sender *s = ss->v[i];

		if (s->full && now - ss->stalled > STALLED_FOR)
			r = sender_resume(s);
		if (r == 0 && now - s->heard > SETTLE_AFTER && sender_holds(s))
			r = sender_settle(s);
		if (r == 0 && s->heard && now - s->heard > IDLE_AFTER) {
			r = rest(s);
			s->heard = 0;
		}
	}
	if (r == 0)
		r = tell_all(ss);
	if (r == 0 && ss->dirty && now - ss->synced > SYNC_EVERY)
		r = senders_sync(ss);
	return r;
}

static void on_tick(struct loop *l, struct loop_timer *t)
{
	struct senders *ss = t->ctx;
	int r;

	(void)l;
	give_credit(ss);
	r = ss->hub->full ? 0 : tend(ss);
	if (r < 0)
		hub_fail(ss->hub, r);
	if (ss->hub->failed == 0)
		ss->ticked(ss->ctx);
}

int senders_start(struct senders *ss, struct loop *l)
{
	int r = 0;

	for (size_t i = 0; i < ss->n && r == 0; i++)
		r = sender_resume(ss->v[i]);
	if (r < 0)
		return r;
	ss->loop = l;
	ss->timer = (struct loop_timer){.due = on_tick, .ctx = ss};
	loop_timer_start(l, &ss->timer, SENDERS_TICK, SENDERS_TICK);
	return 0;
}

void senders_full(struct senders *ss)
{
	for (size_t i = 0; i < ss->n; i++)
		if (ss->v[i]->has_chain)
			sender_full(ss->v[i]);
}

int senders_end(struct senders *ss)
{
	int r = 0;

	for (size_t i = 0; i < ss->n && r == 0; i++)
		r = sender_settle(ss->v[i]);
	loss_hurry(ss->losses, SENDERS_N_LOSSES);
	for (size_t i = 0; i < ss->n; i++)
		loss_hurry(ss->v[i]->losses, SENDER_N_LOSSES);
	if (r == 0)
		r = tell_all(ss);
	return r < 0 ? r : senders_sync(ss);
}

/* --- for who watches over it --- */

void senders_sum(const struct senders *ss, struct senders_sum *ret)
{
	*ret = ss->gone;
	for (size_t i = 0; i < ss->n; i++)
		add_to(ret, ss->v[i]);
}

uint64_t senders_losses(const struct senders *ss)
{
	uint64_t n = 0;

	for (int i = 0; i < SENDERS_N_LOSSES; i++)
		n += ss->losses[i].n;
	return n;
}
