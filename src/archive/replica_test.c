/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/replica.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "archive/verify.h"
#include "base/fd.h"
#include "core/event_json.h"

/* Two stores: one whose chains are written, one that gets them. */
struct pair {
	char dir[64], from[80], to[80];
};

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof *p);

	snprintf(p->dir, sizeof p->dir, "/tmp/replica_test.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->from, sizeof p->from, "%s/from", p->dir);
	snprintf(p->to, sizeof p->to, "%s/to", p->dir);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	fd_remove_tree(p->dir);
	free(p);
	return 0;
}

static void append(
    struct archive *a, enum event_kind kind, int64_t time, const char *user)
{
	struct event ev;
	struct err err = {""};

	event_init(&ev, kind);
	ev.time = time;
	ev.host = STR("h");
	ev.boot = STR("0123456789abcdef0123456789abcdef");
	ev.source = STR("test");
	ev.trust = TRUST_DAEMON;
	if (user)
		event_set_str(&ev, F_USER, str_z(user));
	event_set_int(&ev, F_SES, 7);
	event_set_int(&ev, F_PID, 700);
	assert_int_equal(archive_append(a, &ev, &err), 0);
}

/* A run of the daemon with one session in it, from event `n` of it on. */
static void write_from(const struct pair *p, int64_t start)
{
	struct archive *a;
	struct err err = {""};

	assert_int_equal(archive_open(&a, p->from, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(archive_begin(a, "events:h", &err), 0);
	append(a, EVENT_AGENT_START, start, NULL);
	append(a, EVENT_SESSION_OPEN, start + 1, "alice");
	for (int i = 0; i < 50; i++)
		append(a, EVENT_EXEC, start + 2 + i, NULL);
	append(a, EVENT_SESSION_CLOSE, start + 100, "alice");
	assert_int_equal(archive_commit(a, &err), 0);
	archive_close(a);
}

static uint64_t copy(const struct pair *p, struct replica *to, uint64_t end)
{
	struct archive *a;
	struct trail_reader *reader;
	struct frame f;
	struct err err = {""};
	uint64_t n = 0;

	assert_int_equal(archive_open(&a, p->from, ARCHIVE_READ, &err), 0);
	assert_int_equal(archive_read_chain(a, "events:h",
			     replica_tree(to)->size + 1, &reader, &err),
	    0);
	while (trail_reader_next(reader, &f, &err) > 0 && f.seq < end) {
		assert_int_equal(replica_append(to, &f, &err), 0);
		n++;
	}
	trail_reader_close(reader);
	archive_close(a);
	assert_int_equal(replica_sync(to, &err), 0);
	return n;
}

static void stats(const char *dir, struct store_stats *ret)
{
	struct archive *a;
	struct err err = {""};

	assert_int_equal(archive_open(&a, dir, ARCHIVE_READ, &err), 0);
	assert_int_equal(
	    archive_store(a)->ops->stats(archive_store(a), ret, &err), 0);
	archive_close(a);
}

static void assert_same(const struct pair *p)
{
	const struct archive_verify_sink quiet = {0};
	struct store_stats from, to;
	bool sound = false;
	struct err err = {""};

	stats(p->from, &from);
	stats(p->to, &to);
	assert_int_equal(from.events, to.events);
	assert_int_equal(from.sessions, to.sessions);
	assert_int_equal(from.hosts, to.hosts);
	assert_int_equal(archive_verify(p->to, NULL, &quiet, &sound, &err), 0);
	assert_true(sound);
}

/* One session comes in pieces, with a restart of the receiver in its midst. */
static void test_in_pieces(void **state)
{
	static const uint64_t ends[] = {2, 20, 21, 40, UINT64_MAX};
	const struct pair *p = *state;
	struct archive *a;
	struct replica *r;
	struct err err = {""};

	write_from(p, 1795346625000000);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		assert_int_equal(
		    archive_open(&a, p->to, ARCHIVE_WRITE, &err), 0);
		assert_int_equal(replica_open(&r, a, "events:h", &err), 0);
		assert_true(copy(p, r, ends[i]) > 0);
		/* Every other time it ends as if it were killed. */
		if (i % 2 == 0) {
			assert_int_equal(replica_prepare(r, &err), 0);
			assert_int_equal(archive_commit(a, &err), 0);
		}
		replica_close(r);
		archive_close(a);
	}
	assert_same(p);
}

static void test_two_chains(void **state)
{
	const struct pair *p = *state;
	struct archive *a;
	struct replica *events, *recordings;
	struct frame f = {.seq = 1,
	    .realtime = 5,
	    .type = FRAME_RECORDING,
	    .stream = 1,
	    .payload = STR("x")};
	struct err err = {""};
	struct buf note = BUF_INIT;

	write_from(p, 1795346625000000);
	assert_int_equal(archive_open(&a, p->to, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(replica_open(&events, a, "events:h", &err), 0);
	assert_int_equal(replica_open(&recordings, a, "other:h", &err), 0);
	assert_int_equal(replica_append(recordings, &f, &err), 0);
	assert_int_equal(replica_append(recordings, &f, &err), -EINVAL);
	f.seq = 3;
	assert_int_equal(replica_append(recordings, &f, &err), -EINVAL);
	assert_int_equal(copy(p, events, UINT64_MAX), 53);
	/* What is no event would stop whoever makes the index again. */
	f = (struct frame){54, 1, 1, FRAME_EVENT, 0, STR("{\"a")};
	assert_int_equal(replica_append(events, &f, &err), -EBADMSG);
	assert_int_equal(replica_sync(events, &err), 0);
	assert_int_equal(replica_tree(events)->size, 53);
	assert_int_equal(replica_note(events, &note, &err), 0);
	assert_int_equal(note.n, 0);
	assert_int_equal(replica_set_note(events, STR("n\n"), &err), 0);
	assert_int_equal(replica_note(events, &note, &err), 0);
	assert_true(str_eqz(buf_str(&note), "n\n"));
	assert_int_equal(replica_prepare(events, &err), 0);
	assert_int_equal(replica_prepare(recordings, &err), 0);
	assert_int_equal(archive_commit(a, &err), 0);
	replica_close(events);
	replica_close(recordings);
	archive_close(a);
	assert_same(p);
	buf_free(&note);
}

static int count(void *ctx, const struct event *ev)
{
	size_t *n = ctx;

	*n += event_int(ev, F_PID, 0) == 700;
	return 0;
}

/* Chains of the store's own, side by side; cut off, and begun again. */
static void test_own(void **state)
{
	const struct archive_verify_sink quiet = {0};
	static const char *const chains[] = {"sender:a", "sender:b"};
	const struct pair *p = *state;
	struct store_stats before, after;
	struct archive *a;
	struct replica *r[2];
	struct err err = {""};
	bool sound = false;

	for (int run = 0; run < 2; run++) {
		assert_int_equal(
		    archive_open(&a, p->to, ARCHIVE_WRITE, &err), 0);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(
			    replica_open(&r[i], a, chains[i], &err), 0);
			assert_int_equal(
			    replica_write_gap(r[i], chains[i], &err), 0);
		}
		for (int i = 0; i < 100; i++) {
			struct event ev;
			size_t n = 0;

			event_init(&ev, EVENT_AUTH_OK);
			ev.time = 1795346625000000 + run * 1000 + i;
			ev.host = STR("h");
			ev.source = STR("auth-log");
			ev.trust = TRUST_NETWORK;
			event_set_int(&ev, F_PID, 700);
			event_set_str(&ev, F_USER, STR("u"));
			assert_int_equal(replica_write(r[i % 2], &ev, &err), 0);
			if (i != 50)
				continue;
			assert_int_equal(replica_sync(r[0], &err), 0);
			assert_int_equal(
			    replica_recent(r[0], 10, count, &n, &err), 0);
			assert_int_equal(n, 10);
		}
		assert_int_equal(replica_prepare(r[0], &err), 0);
		assert_int_equal(replica_prepare(r[1], &err), 0);
		assert_int_equal(archive_commit(a, &err), 0);
		replica_close(r[0]);
		replica_close(r[1]);
		archive_close(a);
	}
	stats(p->to, &before);
	assert_int_equal(before.events, 200);
	assert_int_equal(archive_reindex(p->to, NULL, NULL, &err), 0);
	stats(p->to, &after);
	assert_int_equal(after.events, 200);
	assert_int_equal(after.sessions, before.sessions);
	assert_int_equal(archive_verify(p->to, NULL, &quiet, &sound, &err), 0);
	assert_true(sound);
}

#define N_CHAINS 40

static void write_one(struct replica *r, const char *user)
{
	struct event ev;
	struct err err = {""};

	event_init(&ev, EVENT_AUTH_OK);
	ev.time = 1700000000000000;
	ev.host = STR("h");
	ev.source = STR("test");
	ev.trust = TRUST_NETWORK;
	event_set_str(&ev, F_USER, str_z(user));
	assert_int_equal(replica_write(r, &ev, &err), 0);
}

static int count_event(void *ctx, const struct event *ev)
{
	++*(unsigned *)ctx;
	return 0;
}

/* What many wait for together is what each would have waited for. */
static void test_together(void **state)
{
	const struct archive_verify_sink quiet = {0};
	const struct pair *p = *state;
	struct rlimit no_room = {.rlim_max = RLIM_INFINITY}, room;
	struct replica *v[N_CHAINS];
	struct archive *a;
	char name[32];
	bool sound = false;
	struct err err = {""};

	assert_int_equal(archive_open(&a, p->to, ARCHIVE_WRITE, &err), 0);
	for (size_t i = 0; i < N_CHAINS; i++) {
		snprintf(name, sizeof name, "sender:s%zu", i);
		assert_int_equal(replica_open(&v[i], a, name, &err), 0);
		write_one(v[i], "ann");
	}
	replicas_wait(v, N_CHAINS, false);
	for (size_t i = 0; i < N_CHAINS; i++) {
		unsigned n = 0;

		assert_int_equal(
		    replica_recent(v[i], 9, count_event, &n, &err), 0);
		assert_int_equal(n, 1);
		assert_int_equal(replica_sync(v[i], &err), 0);
		assert_true(replica_is_dirty(v[i]));
	}
	replicas_wait(v, N_CHAINS, true);
	for (size_t i = 0; i < N_CHAINS; i++) {
		assert_int_equal(replica_prepare(v[i], &err), 0);
		assert_false(replica_is_dirty(v[i]));
		write_one(v[i], "bob");
	}
	/* What goes wrong is told by what comes next, once it is asked. */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &room), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &no_room), 0);
	replicas_wait(v, 1, false);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &room), 0);
	assert_true(replica_sync(v[0], &err) < 0);
	assert_int_equal(archive_commit(a, &err), 0);
	replicas_close(v, N_CHAINS);
	archive_close(a);
	assert_int_equal(archive_verify(p->to, NULL, &quiet, &sound, &err), 0);
	assert_true(sound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_in_pieces, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_two_chains, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_own, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_together, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
