/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever source tells first of a login, wherever a commit or a restart of the
 * daemon falls between, and however long PAM takes: it is one session in the
 * end, and each session is of one login.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/index.h"
#include "archive/layout.h"
#include "base/fd.h"

enum { ROUNDS = 12, LOGINS = 30, STEPS = 9, EVENTS = LOGINS * STEPS };

#define SECOND ((int64_t)1000000)
#define BEGIN  (1790000000 * SECOND)
#define CHAIN  "events:h"

enum voice { JOURNAL, BPF, AUDIT, WTMP, N_TELLERS };

/* What is told of a login, in its order. */
static const struct step {
	enum voice voice;
	enum event_kind kind;
	const char *source, *ident, *type;
	bool peer, ses, child, tty;
} steps[STEPS] = {
    {JOURNAL, EVENT_AUTH_OK, "journal", "sshd", "", true, false, false, false},
    {AUDIT, EVENT_SESSION_OPEN, "audit", "", "LOGIN", false, true, false,
	false},
    {BPF, EVENT_SESSION_OPEN, "bpf", "", "LOGIN", true, true, false, false},
    {JOURNAL, EVENT_SESSION_OPEN, "journal", "sshd", "", false, false, false,
	false},
    {WTMP, EVENT_SESSION_OPEN, "wtmp", "", "", false, false, false, true},
    {BPF, EVENT_EXEC, "bpf", "", "", false, true, true, false},
    {JOURNAL, EVENT_CONN_CLOSE, "journal", "sshd", "", true, false, true,
	false},
    {WTMP, EVENT_SESSION_CLOSE, "wtmp", "", "", false, false, false, true},
    {BPF, EVENT_SESSION_CLOSE, "bpf", "", "", false, true, false, false},
};

struct told {
	int64_t time;
	unsigned login;
	const struct step *step;
};

struct host {
	uint64_t random;
	bool audited; /* audit tells of it, too */
	char dir[40];
	int fd;
	struct archive_index ix;
	uint64_t seq;
	int64_t slow[LOGINS]; /* how long PAM takes */
	struct told told[EVENTS];
	/* By who tells it, each in order; how many there are, and were told. */
	const struct told *line[N_TELLERS][EVENTS];
	size_t n[N_TELLERS], at[N_TELLERS], left;
};

static unsigned below(struct host *h, unsigned n)
{
	h->random = h->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(h->random >> 33) % n;
}

static int by_time(const void *va, const void *vb)
{
	const struct told *a = va, *b = vb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->step < b->step ? -1 : a->step > b->step;
}

static bool has_terminal(unsigned login)
{
	return login % 2;
}

/* Some logins follow each other quickly, and most last for a while. */
static void plan(struct host *h)
{
	int64_t begin = BEGIN;

	for (unsigned i = 0; i < LOGINS; i++) {
		int64_t time = begin;

		h->slow[i] = below(h, 3) ? 0 : below(h, 90) * SECOND;
		for (unsigned k = 0; k < STEPS; k++) {
			h->told[i * STEPS + k] =
			    (struct told){time, i, &steps[k]};
			time += 1000 + below(h, 400000);
			if (steps[k].voice == AUDIT)
				time += h->slow[i];
			if (steps[k].kind == EVENT_EXEC)
				time += below(h, 60) * SECOND;
		}
		begin += below(h, 20) * SECOND;
	}
	qsort(h->told, EVENTS, sizeof *h->told, by_time);
	for (size_t i = 0; i < EVENTS; i++) {
		const enum voice by = h->told[i].step->voice;

		if ((by == AUDIT && !h->audited) ||
		    (by == WTMP && !has_terminal(h->told[i].login)))
			continue;
		h->line[by][h->n[by]++] = &h->told[i];
		h->left++;
	}
}

static void open_index(struct host *h)
{
	static const uint8_t key[16] = {1, 2, 3};
	struct err err = {""};

	if (index_open(&h->ix, h->dir, STORE_WRITE, key, &err) < 0)
		fail_msg("%s", err.text);
	index_chain(&h->ix, h->fd, CHAIN);
	assert_int_equal(index_resume(&h->ix, &err), 0);
}

static void add(struct host *h, struct event *ev)
{
	struct err err = {""};

	ev->host = STR("h");
	ev->boot = STR("boot");
	ev->seq = ++h->seq;
	if (index_add(&h->ix, ev, &err) < 0)
		fail_msg("%s", err.text);
}

static void start_daemon(struct host *h)
{
	struct event ev;

	open_index(h);
	event_init(&ev, EVENT_AGENT_START);
	ev.source = STR("sshtraild");
	ev.time = BEGIN;
	event_set_str(&ev, F_OP, STR("start"));
	add(h, &ev);
}

static void commit(struct host *h)
{
	struct err err = {""};

	if (index_prepare(&h->ix, &err) < 0 || index_commit(&h->ix, &err) < 0)
		fail_msg("%s", err.text);
}

static void tell(struct host *h, const struct told *t)
{
	const struct step *step = t->step;
	struct event ev;
	char addr[16], tty[16];

	event_init(&ev, step->kind);
	ev.source = str_z(step->source);
	ev.time = t->time;
	ev.trust = TRUST_KERNEL;
	event_set_int(
	    &ev, F_PID, (step->child ? 2000 : 1000) + t->login % (LOGINS - 1));
	if (step->ident[0])
		event_set_str(&ev, F_IDENT, str_z(step->ident));
	else
		event_set_str(&ev, F_COMM, STR("sshd"));
	if (step->type[0])
		event_set_str(&ev, F_TYPE, str_z(step->type));
	snprintf(addr, sizeof addr, "192.0.2.%u", t->login % 3);
	if (step->peer || step->tty)
		event_set_str(&ev, F_ADDR, str_z(addr));
	if (step->peer)
		event_set_int(&ev, F_PORT, 5000 + t->login);
	/* The journal may have looked in time. */
	if (step->ses || (step->voice == JOURNAL && below(h, 2)))
		event_set_int(&ev, F_SES, 1 + t->login);
	if (step->voice != BPF && step->voice != AUDIT)
		event_set_str(&ev, F_USER, STR("ann"));
	snprintf(tty, sizeof tty, "pts/%u", t->login);
	if (step->tty)
		event_set_str(&ev, F_TTY, str_z(tty));
	add(h, &ev);
}

/* Each in its own order, who is next and for how long as it happens. */
static void tell_all(struct host *h)
{
	while (h->left) {
		const unsigned by = below(h, N_TELLERS);

		for (unsigned n = 1 + below(h, 12); n && h->at[by] < h->n[by];
		     n--, h->left--)
			tell(h, h->line[by][h->at[by]++]);
		if (below(h, 4) == 0)
			commit(h);
		if (below(h, 20) == 0) {
			commit(h);
			index_close(&h->ix);
			start_daemon(h);
		}
	}
	commit(h);
}

static void check_sessions(struct host *h, unsigned seed)
{
	struct query q = {.since = INT64_MIN, .until = INT64_MAX};
	struct store *s = h->ix.store;
	struct err err = {""};
	struct store_cursor *c;
	struct session got;
	bool seen[LOGINS] = {false};
	size_t n = 0;

	assert_int_equal(s->ops->sessions(s, &q, &c, &err), 0);
	for (; s->ops->next_session(c, &got, &err) == 1; n++) {
		const int64_t i = got.sum.ses - 1;

		if (i < 0 || i >= LOGINS || seen[i] ||
		    got.n_tracks != (has_terminal((unsigned)i) ? 3 : 2) ||
		    got.sum.port != 5000 + i || got.sum.n_exec != 1 ||
		    !(got.sum.flags & TRACK_CLOSED) ||
		    got.sum.flags & TRACK_CONFLICT)
			fail_msg("seed %u: a session of %zu tracks, ses %lld, "
				 "port %lld, pid %lld, tty %.*s, flags %x; PAM "
				 "took %lld s",
			    seed, got.n_tracks, (long long)got.sum.ses,
			    (long long)got.sum.port, (long long)got.sum.pid,
			    STR_ARG(got.sum.tty), got.sum.flags,
			    i >= 0 && i < LOGINS
				? (long long)(h->slow[i] / SECOND)
				: -1);
		seen[i] = true;
	}
	s->ops->cursor_close(c);
	assert_int_equal(n, LOGINS);
}

static void test_turns(void **state)
{
	for (unsigned seed = 1; seed <= ROUNDS; seed++) {
		struct host h = {.random = seed, .audited = seed & 1, .fd = -1};

		snprintf(h.dir, sizeof h.dir, "sshtrail-turns-XXXXXX");
		assert_non_null(mkdtemp(h.dir));
		assert_int_equal(layout_open(h.dir, true, &h.fd, NULL), 0);
		plan(&h);
		start_daemon(&h);
		tell_all(&h);
		check_sessions(&h, seed);
		index_close(&h.ix);
		close(h.fd);
		assert_int_equal(fd_remove_tree(h.dir), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_turns)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
