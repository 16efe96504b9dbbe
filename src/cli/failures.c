/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/failures.h"

#include <errno.h>
#include <stdlib.h>

#include "base/when.h"

/* By how much times of one attempt differ: PAM delays, whole seconds. */
#define WINDOW	   (3 * USEC_PER_SEC)
/* Bytes of a name that a login record is sure to keep. */
#define NAME_KEPT  31
/* Records that audit writes of one attempt, at most. */
#define AUDIT_MAX  4
/* Times that one line may stand for; more are not believed. */
#define REPEAT_MAX 1000000

/* How well a source tells of an attempt; the higher stands for the lower. */
enum teller { BY_AUDIT, BY_RECORD, BY_LINE, N_TELLERS };

struct failure {
	struct event ev;
	struct arena text;
	enum teller teller;
	bool folded;		 /* another one stands for it */
	int64_t left[N_TELLERS]; /* accounts that it may still stand for */
};

int failures_init(struct failures *a,
    bool (*row)(void *ctx, const struct event *ev), void *ctx)
{
	*a = (struct failures){.row = row, .ctx = ctx};
	a->held = calloc(FAILURES_HELD_MAX, sizeof *a->held);
	return a->held ? 0 : -ENOMEM;
}

static struct failure *held_at(const struct failures *a, size_t i)
{
	return &a->held[(a->first + i) % FAILURES_HELD_MAX];
}

static void drop_first(struct failures *a)
{
	arena_free(&held_at(a, 0)->text);
	a->first = (a->first + 1) % FAILURES_HELD_MAX;
	a->n--;
}

void failures_free(struct failures *a)
{
	while (a->n)
		drop_first(a);
	free(a->held);
	a->held = NULL;
}

static void let_go(struct failures *a)
{
	struct failure *t = held_at(a, 0);

	if (!t->folded && !a->done) {
		a->told++;
		a->done = !a->row(a->ctx, &t->ev);
	}
	drop_first(a);
}

static enum teller teller_of(const struct event *ev)
{
	static const char *const records[] = {"utmp", "wtmp", "btmp"};

	if (str_starts(ev->source, STR("audit")) ||
	    str_starts(ev->source, STR("bpf")))
		return BY_AUDIT;
	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		if (str_starts(ev->source, str_z(records[i])))
			return BY_RECORD;
	return BY_LINE;
}

static int64_t apart(const struct event *a, const struct event *b)
{
	uint64_t off = a->time > b->time
			   ? (uint64_t)a->time - (uint64_t)b->time
			   : (uint64_t)b->time - (uint64_t)a->time;

	return off > INT64_MAX ? INT64_MAX : (int64_t)off;
}

/* sshd does not tell audit the names of users that do not exist. */
static bool is_unknown(struct str user)
{
	static const char *const names[] = {
	    "?", "(invalid user)", "(unknown)", "(unknown user)", "UNKNOWN"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqz(user, names[i]))
			return true;
	return !user.n;
}

static bool same_user(const struct event *a, const struct event *b)
{
	struct str s = event_str(a, F_USER), l = event_str(b, F_USER);

	if (s.n > l.n) {
		struct str swap = s;

		s = l;
		l = swap;
	}
	return str_eq(s, l) || (s.n >= NAME_KEPT && str_starts(l, s));
}

static bool same_peer(const struct event *a, const struct event *b)
{
	struct str x = event_str(a, F_ADDR), y = event_str(b, F_ADDR);
	int64_t p = event_int(a, F_PID, -1), q = event_int(b, F_PID, -1);

	if (x.n && y.n && !str_eq(x, y))
		return false;
	return p <= 0 || q <= 0 || p == q;
}

static bool may_be_one(const struct event *a, const struct event *b)
{
	return apart(a, b) <= WINDOW && str_eq(a->host, b->host) &&
	       same_peer(a, b) &&
	       (same_user(a, b) || is_unknown(event_str(a, F_USER)) ||
		   is_unknown(event_str(b, F_USER)));
}

uint64_t failure_times(const struct event *ev)
{
	int64_t repeat = event_int(ev, F_REPEAT, 0);

	return repeat > 0 && repeat < REPEAT_MAX ? (uint64_t)repeat : 1;
}

/*
 * How many records of the others each may stand for: btmp has a user that
 * does not exist twice. Of audit alone the first stands for those that come
 * with it.
 */
static void set_limits(struct failure *t)
{
	const int64_t times = (int64_t)failure_times(&t->ev);

	for (int i = 0; i < N_TELLERS; i++)
		t->left[i] = 0;
	if (t->teller == BY_LINE)
		t->left[BY_RECORD] =
		    times * (event_int(&t->ev, F_VALID, 0) ? 1 : 2);
	t->left[BY_AUDIT] =
	    t->teller == BY_AUDIT ? AUDIT_MAX - 1 : times * AUDIT_MAX;
}

/* Two logins through one sshd differ in audit as their records repeat. */
static bool may_follow(const struct failure *a, const struct failure *b)
{
	if (a->teller != BY_AUDIT || b->teller != BY_AUDIT)
		return true;
	return event_int(&a->ev, F_PID, -1) > 0 &&
	       event_int(&a->ev, F_PID, -1) == event_int(&b->ev, F_PID, -1) &&
	       (is_unknown(event_str(&a->ev, F_USER)) ||
		   is_unknown(event_str(&b->ev, F_USER)));
}

static bool stands_for(const struct failure *a, const struct failure *b)
{
	return !a->folded && a->left[b->teller] > 0 && may_follow(a, b) &&
	       may_be_one(&a->ev, &b->ev);
}

/* The better one: of the same name, then the nearer. */
static bool is_nearer(
    const struct failure *t, const struct failure *a, const struct failure *b)
{
	bool x = same_user(&t->ev, &a->ev), y = same_user(&t->ev, &b->ev);

	return x != y ? x : apart(&t->ev, &a->ev) < apart(&t->ev, &b->ev);
}

/* Find one that stands for t, the last held. */
static void fold_into(struct failures *a, struct failure *t)
{
	struct failure *best = NULL;

	for (size_t i = 0; i + 1 < a->n; i++) {
		struct failure *other = held_at(a, i);

		if (stands_for(other, t) &&
		    (!best || other->teller > best->teller ||
			(other->teller == best->teller &&
			    is_nearer(t, other, best))))
			best = other;
	}
	if (!best)
		return;
	best->left[t->teller]--;
	t->folded = true;
}

/* Let t, the last held, stand for lesser ones that came before it. */
static void fold_others(struct failures *a, struct failure *t)
{
	for (size_t i = a->n - 1; i-- > 0;) {
		struct failure *other = held_at(a, i);

		if (other->folded || other->teller >= t->teller ||
		    !stands_for(t, other))
			continue;
		t->left[other->teller]--;
		other->folded = true;
	}
}

bool failures_add(struct failures *a, const struct event *ev)
{
	struct failure *t;

	while (a->n && (a->n == FAILURES_HELD_MAX ||
			   apart(&held_at(a, 0)->ev, ev) > WINDOW))
		let_go(a);
	if (a->done)
		return false;
	t = held_at(a, a->n);
	*t = (struct failure){.text = ARENA_INIT, .teller = teller_of(ev)};
	if (event_copy(&t->ev, ev, &t->text) < 0) {
		arena_free(&t->text);
		a->no_memory = true;
		return false;
	}
	set_limits(t);
	a->n++;
	if (t->teller != BY_LINE)
		fold_into(a, t);
	if (!t->folded)
		fold_others(a, t);
	return true;
}

int failures_finish(struct failures *a)
{
	while (a->n)
		let_go(a);
	return a->no_memory ? -ENOMEM : 0;
}
