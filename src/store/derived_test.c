/* SPDX-License-Identifier: Apache-2.0 */
/* What the store concludes about events: their session, the time they span. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/calls_test.h"
#include "store/model.h"

#define AUDIT	((uint64_t)0xaaaa000000000001)
#define CONN	((uint64_t)0xbbbb000000000002)
#define ALONE	((uint64_t)0xcccc000000000003)
#define UNKNOWN ((uint64_t)0xdddd000000000004)

static struct event event_at(uint64_t seq, uint64_t track, int64_t time)
{
	struct event ev;

	event_init(&ev, EVENT_EXEC);
	ev.host = STR("h");
	ev.chain = 1;
	ev.seq = seq;
	ev.time = time;
	ev.track = track;
	return ev;
}

/* A login as audit and as sshd tell it, and one that nobody else tells of. */
static void put_tracks(struct store *s)
{
	struct track t = simple_track(AUDIT, 1000000);
	struct err err = {""};

	t.flags |= TRACK_BEGAN;
	assert_int_equal(s->ops->put_track(s, &t, &err), 0);
	t = simple_track(CONN, 1000500);
	t.kind = TRACK_CONN;
	t.ses = -1;
	t.port = 4242;
	t.user = STR("ann");
	assert_int_equal(s->ops->put_track(s, &t, &err), 0);
	t = simple_track(ALONE, 900000000);
	t.pid = 77;
	t.ses = 8;
	assert_int_equal(s->ops->put_track(s, &t, &err), 0);
}

static void test_session_of_events(void **state)
{
	static const struct {
		uint64_t track, session;
	} rows[] = {{AUDIT, AUDIT}, {CONN, AUDIT}, {ALONE, ALONE}, {0, 0},
	    {UNKNOWN, 0}, {CONN, AUDIT}};
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	struct err err = {""};
	struct store_cursor *c;
	struct event ev;

	for (unsigned i = 0; i < 6; i++) {
		ev = event_at(i + 1, rows[i].track, 1000000 + i);
		add(s, &ev);
	}
	put_tracks(s);
	commit(s);
	assert_int_equal(s->ops->events(s, &q, &c, &err), 0);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(s->ops->next_event(c, &ev, &err), 1);
		assert_true(ev.track == rows[i].track);
		assert_true(ev.session == rows[i].session);
	}
	s->ops->cursor_close(c);
	s->ops->close(s);
	model_dir_remove(dir);
}

/* More tracks than are remembered at once, each asked for twice. */
static void test_many_sessions(void **state)
{
	enum { TRACKS = 70000 };
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	struct err err = {""};
	struct store_cursor *c;
	struct event ev;

	for (unsigned i = 0; i < 2 * TRACKS; i++) {
		ev = event_at(i + 1, 1 + i % TRACKS, 1000000 + i);
		add(s, &ev);
	}
	for (unsigned i = 0; i < TRACKS; i++) {
		struct track t = simple_track(1 + i, 1000000 + i);

		t.flags = TRACK_CLOSED | TRACK_BEGAN | TRACK_SSH;
		t.kind = TRACK_CONN;
		t.pid = t.ses = -1;
		assert_int_equal(s->ops->put_track(s, &t, &err), 0);
	}
	commit(s);
	assert_int_equal(s->ops->events(s, &q, &c, &err), 0);
	for (unsigned i = 0; i < 2 * TRACKS; i++) {
		assert_int_equal(s->ops->next_event(c, &ev, &err), 1);
		assert_true(ev.session == 1 + i % TRACKS);
	}
	s->ops->cursor_close(c);
	s->ops->close(s);
	model_dir_remove(dir);
}

static void check_range(const char *dir, int64_t oldest, int64_t newest)
{
	struct store *s = open_store(dir, STORE_READ);
	struct store_stats st;
	struct err err = {""};

	assert_int_equal(s->ops->stats(s, &st, &err), 0);
	assert_int_equal(st.oldest, oldest);
	assert_int_equal(st.newest, newest);
	s->ops->close(s);
}

/* Reading a log in is of today and does not count, also in merged blocks. */
static void test_range(void **state)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct event ev = event_at(1, 0, 5);

	ev.kind = EVENT_IMPORT_START;
	add(s, &ev);
	commit(s);
	check_range(dir, 0, 0);
	for (unsigned i = 0; i < 20; i++) {
		ev = event_at(10 * i + 2, 0, 1000 + i);
		add(s, &ev);
		ev = event_at(10 * i + 3, 0, 900000);
		ev.kind = EVENT_IMPORT_END;
		add(s, &ev);
		ev.kind = EVENT_GAP;
		ev.source = STR("import");
		ev.seq++;
		add(s, &ev);
		commit(s);
		check_range(dir, 1000, 1000 + i);
	}
	/* A loss that a log tells of does. */
	ev.source = STR("audit");
	ev.seq++;
	add(s, &ev);
	commit(s);
	check_range(dir, 1000, 900000);
	s->ops->close(s);
	model_dir_remove(dir);
}

/* Two parts of one session, as two imports of a growing log make them. */
static void put_parts(struct store *s)
{
	struct err err = {""};
	struct track t = simple_track(AUDIT, 5000000);

	t.flags &= ~(unsigned)TRACK_CLOSED;
	t.n_exec = 3;
	t.n_file = 2;
	t.bytes_in = 100;
	t.bytes_out = -1;
	assert_int_equal(s->ops->put_track(s, &t, &err), 0);
	t.id = ALONE;
	assert_int_equal(s->ops->put_track(s, &t, &err), 0);
}

static void check_counts(struct store *s)
{
	struct query q = everything();
	struct err err = {""};
	struct store_cursor *c;
	struct session got;

	assert_int_equal(s->ops->sessions(s, &q, &c, &err), 0);
	assert_int_equal(s->ops->next_session(c, &got, &err), 1);
	assert_int_equal(got.n_tracks, 2);
	assert_int_equal(got.sum.n_exec, 5);
	assert_int_equal(got.sum.n_file, 3);
	assert_int_equal(got.sum.bytes_in, 130);
	assert_int_equal(got.sum.bytes_out, -1);
	s->ops->cursor_close(c);
}

/* A command, one that sshd ran for the login, one that failed, a file. */
static struct event part_event(unsigned k, bool amends)
{
	struct event ev = event_at(k + 1, amends ? ALONE : AUDIT, 5000000);

	event_set_hex(&ev, F_ID, k % 4);
	if (amends)
		event_set_int(&ev, F_AMENDS, 1);
	if (k % 4 == 1)
		event_set_int(&ev, F_SETUP, 1);
	if (k % 4 == 2)
		event_set_int(&ev, F_SUCCESS, 0);
	if (k % 4 == 3) {
		ev.kind = EVENT_FILE;
		event_set_int(&ev, F_BYTES_WRITTEN, 70);
	}
	return ev;
}

/* What is hidden counts no longer, but only what had counted. */
static void test_counts_without_hidden(void **state)
{
	for (unsigned i = 0; i < 8; i++) {
		char *dir = model_dir();
		struct store *s = open_store(dir, STORE_WRITE);

		put_parts(s);
		for (unsigned k = 0; k < 8; k++) {
			struct event ev = part_event(k, (k >= 4) == !(i & 1));

			add(s, &ev);
			if (i & 2)
				commit(s);
			if (i & 4)
				put_parts(s);
		}
		commit(s);
		check_counts(s);
		put_parts(s);
		commit(s);
		s->ops->close(s);
		s = open_store(dir, STORE_READ);
		check_counts(s);
		s->ops->close(s);
		model_dir_remove(dir);
	}
}

enum { TRIED = 45000, TRIED_PIDS = 15000 };

/* One behind the other; or all at one instant. */
static void put_tried(struct store *s, bool at_once)
{
	for (unsigned i = 0; i < TRIED; i++) {
		struct track t =
		    simple_track(1 + i, 1000000 + (at_once ? 0 : i));
		struct err err = {""};

		t.kind = TRACK_CONN;
		t.flags = TRACK_SSH | TRACK_FAILURE;
		t.n_auth_fail = 1;
		t.login = t.ses = t.auid = -1;
		t.pid = 1 + i % TRIED_PIDS;
		t.end = t.start;
		t.fp = STR("");
		assert_int_equal(s->ops->put_track(s, &t, &err), 0);
	}
}

/* Attempts find the session that they became, whichever is known first. */
static void test_tried(void **state)
{
	for (unsigned turn = 0; turn < 4; turn++) {
		const bool first = turn & 1, at_once = turn & 2;
		char *dir = model_dir();
		struct store *s = open_store(dir, STORE_WRITE);
		struct query q = everything();
		struct err err = {""};
		struct store_cursor *c;
		struct session got;

		if (first)
			put_tried(s, at_once);
		if (first)
			commit(s);
		put_tracks(s);
		commit(s);
		if (!first)
			put_tried(s, at_once);
		commit(s);
		assert_int_equal(s->ops->sessions(s, &q, &c, &err), 0);
		assert_int_equal(s->ops->next_session(c, &got, &err), 1);
		/* Of pid 5: audit's, sshd's, and what was tried within 5 s. */
		assert_int_equal(got.n_tracks, 2 + TRIED / TRIED_PIDS);
		assert_int_equal(s->ops->next_session(c, &got, &err), 1);
		assert_int_equal(got.n_tracks, 1);
		assert_int_equal(s->ops->next_session(c, &got, &err), 0);
		s->ops->cursor_close(c);
		s->ops->close(s);
		model_dir_remove(dir);
	}
}

enum { SETTLED = 45000, LATER = 300, EACH = SETTLED / LATER };

/*
 * What comes later finds its own among more than are looked at together. Each
 * begins `step` behind the one before, and stays open.
 */
static void join_later(int64_t step)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	size_t n = 0, joined = 0;
	struct store_cursor *c;
	struct err err = {""};
	struct session got;

	for (unsigned i = 0; i < SETTLED + LATER; i++) {
		const bool later = i >= SETTLED;
		const unsigned at = later ? (i - SETTLED) * EACH : i;
		struct track t = simple_track(1 + i, step * (int64_t)at);

		t.kind = later ? TRACK_LOGIN : TRACK_CONN;
		t.flags |= TRACK_BEGAN;
		t.ses = -1;
		t.pid = 1 + at;
		if (i == SETTLED)
			commit(s);
		assert_int_equal(s->ops->put_track(s, &t, &err), 0);
	}
	commit(s);
	assert_int_equal(s->ops->sessions(s, &q, &c, &err), 0);
	for (; s->ops->next_session(c, &got, &err) == 1; n++)
		joined += got.n_tracks == 2;
	assert_int_equal(n, SETTLED);
	assert_int_equal(joined, LATER);
	s->ops->cursor_close(c);
	s->ops->close(s);
	model_dir_remove(dir);
}

static void test_far_apart(void **state)
{
	join_later(1000000);
}

/* All could be one with each, by their times. */
static void test_at_once(void **state)
{
	join_later(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_session_of_events),
	    cmocka_unit_test(test_many_sessions),
	    cmocka_unit_test(test_range),
	    cmocka_unit_test(test_counts_without_hidden),
	    cmocka_unit_test(test_tried),
	    cmocka_unit_test(test_far_apart),
	    cmocka_unit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
