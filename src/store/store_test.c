/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, names, amendments, crashes, versions, readers beside a writer. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/calls_test.h"
#include "store/model.h"
#include "store/sql.h"

static int sum_row(void *ctx, const struct group_row *g)
{
	*(uint64_t *)ctx += g->n;
	return 0;
}

static uint64_t count_sum(struct store *s, const struct query *q)
{
	struct err err = {""};
	uint64_t sum = 0;

	assert_int_equal(
	    s->ops->count(s, q, GROUP_USER, sum_row, &sum, &err), 0);
	return sum;
}

static size_t list_sessions(struct store *s, const struct query *q,
    uint64_t *ids, size_t max, struct str *persons)
{
	struct err err = {""};
	struct store_cursor *c;
	struct session got;
	size_t n = 0;

	assert_int_equal(s->ops->sessions(s, q, &c, &err), 0);
	while (s->ops->next_session(c, &got, &err) == 1 && n < max) {
		ids[n] = got.sum.id;
		if (persons)
			persons[n] = str_z(strndup(got.person.p, got.person.n));
		n++;
	}
	s->ops->cursor_close(c);
	return n;
}

static void test_sessions(void **state)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	struct err err = {""};
	uint64_t ids[MODEL_TRACKS], id;
	struct store_stats st;
	struct model m;
	unsigned width;
	char hex[17];

	model_init(&m, 3, 2000);
	while (m.n < 2000)
		model_make(&m);
	model_store(&m, s, 0, m.n);
	/* Two of three tracks logged in. */
	assert_int_equal(list_sessions(s, &q, ids, MODEL_TRACKS, NULL), 40);
	assert_true(ids[0] == m.tracks[1].id && ids[39] == m.tracks[59].id);
	q.order = ORDER_NEWEST_FIRST;
	q.limit = 3;
	assert_int_equal(list_sessions(s, &q, ids, MODEL_TRACKS, NULL), 3);
	assert_true(ids[0] == m.tracks[59].id && ids[1] == m.tracks[58].id);
	q = everything();
	q.since = m.tracks[10].end;
	q.until = m.tracks[14].start;
	assert_int_equal(list_sessions(s, &q, ids, MODEL_TRACKS, NULL), 3);
	q = everything();
	q.addr[q.n_addr++] = STR("10.1.");
	assert_int_equal(list_sessions(s, &q, ids, MODEL_TRACKS, NULL), 20);
	q.host[q.n_host++] = STR("db");
	assert_int_equal(list_sessions(s, &q, ids, MODEL_TRACKS, NULL), 5);
	assert_int_equal(s->ops->find_session(s, STR("last"), &id, &err), 0);
	assert_true(id == m.tracks[59].id);
	assert_int_equal(s->ops->id_width(s, &width, &err), 0);
	assert_int_equal(width, 4);
	snprintf(
	    hex, sizeof hex, "%016llx", (unsigned long long)m.tracks[3].id);
	assert_int_equal(
	    s->ops->find_session(s, str_make(hex, 9), &id, &err), 0);
	assert_true(id == m.tracks[3].id);
	assert_int_equal(s->ops->find_session(s, STR(""), &id, &err), -ENOENT);
	assert_int_equal(
	    s->ops->find_session(s, STR("xyz"), &id, &err), -ENOENT);
	assert_int_equal(s->ops->stats(s, &st, &err), 0);
	assert_int_equal(st.events, 1998);
	assert_int_equal(st.sessions, 40);
	s->ops->close(s);
	model_free(&m);
	model_dir_remove(dir);
}

static size_t count_open(struct store *s)
{
	struct query q = everything();
	uint64_t ids[4];

	q.open_only = true;
	return list_sessions(s, &q, ids, 4, NULL);
}

static void add_boot(struct store *s, int64_t time, struct str id)
{
	const struct boot b = {STR("web"), id, time};
	struct err err = {""};

	assert_int_equal(s->ops->put_boot(s, &b, &err), 0);
	commit(s);
}

/* They end with their boot, however that shows. */
static void test_open_sessions(void **state)
{
	static const struct str boots[] = {
	    STR_INIT("b1"), STR_INIT("b1"), STR_INIT("")};
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct err err = {""};
	struct model m;

	model_init(&m, 1, 1);
	for (unsigned i = 0; i < 3; i++) {
		struct track t = m.tracks[1];

		t.id += i;
		t.host = STR("web");
		t.boot = boots[i];
		t.flags = TRACK_SSH | TRACK_LOGGED_IN;
		t.port += i;
		t.start = 100 + 100 * i;
		t.login = t.end = t.start;
		assert_int_equal(s->ops->put_track(s, &t, &err), 0);
	}
	commit(s);
	assert_int_equal(count_open(s), 3);
	add_boot(s, 90, STR("b1"));
	/* The same boot, seen late: only who knows none is in doubt. */
	add_boot(s, 320, STR("b1"));
	assert_int_equal(count_open(s), 2);
	add_boot(s, 150, STR(""));
	assert_int_equal(count_open(s), 1);
	add_boot(s, 400, STR("b2"));
	assert_int_equal(count_open(s), 0);
	s->ops->close(s);
	model_free(&m);
	model_dir_remove(dir);
}

/* Sessions in which something happened. */
static void test_sessions_by_event(void **state)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	uint64_t ids[MODEL_TRACKS];
	struct event ev;
	struct model m;

	model_init(&m, 3, 300);
	while (m.n < 300)
		model_make(&m);
	model_store(&m, s, 0, m.n);
	event_init(&ev, EVENT_EXEC);
	ev.host = m.tracks[7].host;
	ev.track = m.tracks[7].id;
	ev.time = m.tracks[7].start;
	ev.chain = 99;
	ev.seq = 1;
	event_set_str(&ev, F_ARGV, STR("nc\0-l\0unheard of\0"));
	add(s, &ev);
	commit(s);
	q.cmd = STR("-L 'Unheard");
	assert_int_equal(list_sessions(s, &q, ids, MODEL_TRACKS, NULL), 1);
	assert_true(ids[0] == m.tracks[7].id);
	q.cmd = STR("-l unheard");
	assert_int_equal(list_sessions(s, &q, ids, MODEL_TRACKS, NULL), 0);
	s->ops->close(s);
	model_free(&m);
	model_dir_remove(dir);
}

static struct event account(uint64_t seq, int64_t time, const char *op)
{
	struct event ev;

	event_init(&ev, EVENT_ACCOUNT);
	ev.host = STR("h");
	ev.chain = 1;
	ev.seq = seq;
	ev.time = time;
	event_set_str(&ev, F_OP, str_z(op));
	return ev;
}

/* Names that become known after the session, in any order. */
static void learn(struct store *s, const int *order)
{
	struct err err = {""};
	struct track t = simple_track(0xabcdef0123456789, 1000000);
	struct event ev[4];

	ev[0] = account(0, 2000000, "key");
	event_set_str(&ev[0], F_FP, STR("SHA256:abc"));
	event_set_str(&ev[0], F_COMMENT, STR("alice@laptop"));
	ev[1] = account(0, 1500000, "identity");
	event_set_str(&ev[1], F_FP, STR("SHA256:abc"));
	event_set_str(&ev[1], F_PERSON, STR("Alice"));
	ev[2] = account(0, 3000000, "seen");
	event_set_int(&ev[2], F_AUID, 1000);
	event_set_str(&ev[2], F_USER, STR("alice"));
	event_init(&ev[3], EVENT_EXEC);
	ev[3].host = STR("h");
	ev[3].time = 1000500;
	ev[3].track = t.id;
	for (int i = 0; i < 5; i++) {
		if (order[i] == 4)
			assert_int_equal(s->ops->put_track(s, &t, &err), 0);
		else
			add(s, &ev[order[i]]);
		commit(s);
	}
}

static int only_alice(void *ctx, const struct group_row *g)
{
	assert_int_equal(g->n, 2);
	assert_true(str_eqz(g->user, "alice") || g->user.n == 0);
	*(int *)ctx += 1;
	return 0;
}

static void test_names(void **state)
{
	static const int orders[][5] = {
	    {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {3, 4, 0, 2, 1}, {1, 4, 3, 0, 2}};

	for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
		char *dir = model_dir();
		struct store *s = open_store(dir, STORE_WRITE);
		struct query q = everything();
		struct err err = {""};
		struct str person;
		uint64_t id;
		int rows = 0;

		learn(s, orders[i]);
		q.person[q.n_person++] = STR("Alice");
		assert_int_equal(list_sessions(s, &q, &id, 1, &person), 1);
		assert_true(str_eqz(person, "Alice"));
		free((void *)(uintptr_t)person.p);
		assert_int_equal(count_events(s, &q), 1);
		q = everything();
		q.user[q.n_user++] = STR("alice");
		assert_int_equal(list_sessions(s, &q, &id, 1, NULL), 1);
		assert_int_equal(count_events(s, &q), 2);
		q = everything();
		assert_int_equal(
		    s->ops->count(s, &q, GROUP_USER, only_alice, &rows, &err),
		    0);
		assert_int_equal(rows, 2);
		s->ops->close(s);
		model_dir_remove(dir);
	}
}

static struct event exec_event(uint64_t seq, bool amends)
{
	struct event ev;

	event_init(&ev, EVENT_EXEC);
	ev.host = STR("h");
	ev.chain = 1;
	ev.seq = seq;
	ev.time = 5000000;
	event_set_hex(&ev, F_ID, 0x1234);
	if (amends)
		event_set_int(&ev, F_AMENDS, 1);
	return ev;
}

static void test_amended(void **state)
{
	static const bool orders[][3] = {
	    {false, true, true}, {true, false, true}, {true, true, false}};

	for (size_t i = 0; i < 3; i++)
		for (int commits = 0; commits < 2; commits++) {
			char *dir = model_dir();
			struct store *s = open_store(dir, STORE_WRITE);
			struct query q = everything();

			for (unsigned k = 0; k < 3; k++) {
				struct event ev =
				    exec_event(k + 1, orders[i][k]);

				add(s, &ev);
				if (commits)
					commit(s);
			}
			commit(s);
			assert_int_equal(count_events(s, &q), 1);
			assert_int_equal(count_sum(s, &q), 1);
			/* Merging blocks must not bring them back. */
			for (unsigned k = 0; k < 12; k++) {
				struct event ev = exec_event(k + 4, false);

				ev.time += 1 + k;
				add(s, &ev);
				commit(s);
			}
			assert_int_equal(count_events(s, &q), 13);
			assert_int_equal(count_sum(s, &q), 13);
			s->ops->close(s);
			model_dir_remove(dir);
		}
}

static void test_added_again(void **state)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	struct err err = {""};
	struct event ev = exec_event(1, false);
	uint64_t seq;

	add(s, &ev);
	commit(s);
	add(s, &ev);
	commit(s);
	assert_int_equal(count_events(s, &q), 1);
	/* In any order until the next commit. */
	ev.seq = 7;
	add(s, &ev);
	ev.seq = 5;
	add(s, &ev);
	commit(s);
	add(s, &ev);
	assert_int_equal(count_events(s, &q), 3);
	ev.seq = 9;
	add(s, &ev);
	assert_int_equal(count_events(s, &q), 3);
	assert_int_equal(s->ops->last_seq(s, 1, &seq, &err), 0);
	assert_int_equal(seq, 7);
	s->ops->close(s);
	s = open_store(dir, STORE_READ);
	assert_int_equal(count_events(s, &q), 3);
	assert_int_equal(s->ops->add(s, &ev, &err), -EROFS);
	s->ops->close(s);
	model_dir_remove(dir);
}

/* What is prepared is not there yet, and takes more until the commit. */
static void test_prepared(void **state)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	struct event ev = exec_event(5, false), amending = exec_event(4, true);

	prepare(s);
	add(s, &ev);
	prepare(s);
	prepare(s);
	assert_int_equal(count_events(s, &q), 0);
	s->ops->close(s);
	s = open_store(dir, STORE_WRITE);
	assert_int_equal(count_events(s, &q), 0);

	add(s, &ev);
	prepare(s);
	add(s, &amending);
	prepare(s);
	commit(s);
	assert_int_equal(count_events(s, &q), 1);
	assert_int_equal(count_sum(s, &q), 1);
	s->ops->close(s);
	model_dir_remove(dir);
}

static void check_note(struct store *s, struct str key, const char *want)
{
	struct buf b = BUF_INIT;
	struct err err = {""};

	assert_int_equal(s->ops->get_note(s, key, &b, &err), 0);
	assert_true(str_eqz(buf_str(&b), want));
	buf_free(&b);
}

static void test_notes(void **state)
{
	static const struct str key = {"k\0\xff", 3};
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct err err = {""};

	check_note(s, key, "");
	assert_int_equal(s->ops->put_note(s, key, STR("one"), &err), 0);
	check_note(s, key, "one");
	s->ops->close(s);
	s = open_store(dir, STORE_WRITE);
	check_note(s, key, "");
	assert_int_equal(s->ops->put_note(s, key, STR("two"), &err), 0);
	assert_int_equal(s->ops->put_note(s, key, STR("three"), &err), 0);
	assert_int_equal(s->ops->put_note(s, STR(""), STR("four"), &err), 0);
	commit(s);
	s->ops->close(s);
	s = open_store(dir, STORE_WRITE);
	check_note(s, key, "three");
	check_note(s, STR(""), "four");
	s->ops->close(s);
	model_dir_remove(dir);
}

static void write_forever(const char *dir, struct model *m)
{
	struct err err = {""};
	struct store *s;
	size_t at = 0;

	if (store_embedded.open(&s, dir, STORE_WRITE, &err) < 0)
		_exit(1);
	for (;;) {
		uint64_t seq;

		/* Whole commits of 100: whatever is seen must be so many. */
		s->ops->last_seq(s, 5, &seq, &err);
		for (uint64_t i = 1; i <= 100; i++) {
			struct event ev = m->v[at++ % m->n];

			ev.chain = 5;
			ev.seq = seq + i;
			event_unset(&ev, F_AMENDS);
			if (s->ops->add(s, &ev, &err) < 0)
				_exit(1);
		}
		if (s->ops->commit(s, &err) < 0)
			_exit(1);
	}
}

static void test_killed_writer(void **state)
{
	char *dir = model_dir();
	struct query q = everything();
	size_t before = 0;
	struct model m;

	model_init(&m, 11, 500);
	while (m.n < 500)
		model_make(&m);
	/* On a busy machine the first ones come to no commit, and are given
	 * more time from round to round. */
	for (unsigned round = 0; round < 12 || (!before && round < 500);
	     round++) {
		pid_t pid = fork();
		struct store *s;
		size_t n;

		if (pid == 0)
			write_forever(dir, &m);
		usleep(20000 + 9000 * (useconds_t)model_random(&m, 16) +
		       (before ? 0 : 5000 * round));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		s = open_store(dir, STORE_WRITE);
		n = count_events(s, &q);
		assert_true(n % 100 == 0 && n >= before);
		assert_int_equal(count_sum(s, &q), n);
		before = n;
		s->ops->close(s);
	}
	assert_true(before > 0);
	model_free(&m);
	model_dir_remove(dir);
}

/* A reader beside the writer sees whole commits only, and one state. */
static void test_readers(void **state)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = everything();
	size_t before = 0;
	struct model m;
	pid_t pid;

	s->ops->close(s);
	model_init(&m, 12, 500);
	while (m.n < 500)
		model_make(&m);
	pid = fork();
	if (pid == 0)
		write_forever(dir, &m);
	s = open_store(dir, STORE_READ);
	for (unsigned i = 0; i < 25; i++) {
		size_t n = count_events(s, &q);

		assert_true(n % 100 == 0 && n >= before);
		before = n;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	s->ops->close(s);
	model_free(&m);
	model_dir_remove(dir);
}

static void set_format(const char *dir, const char *text)
{
	struct err err = {""};
	char path[512];
	struct sql sql;

	snprintf(path, sizeof path, "%s/catalogue.db", dir);
	assert_int_equal(sql_open(&sql, path, SQLITE_OPEN_READWRITE, &err), 0);
	assert_int_equal(sql_exec(&sql, text, &err), 0);
	sql_close(&sql);
}

static void test_versions(void **state)
{
	char *dir = model_dir();
	struct err err = {""};
	struct store *s;

	assert_int_equal(
	    store_embedded.open(&s, "/nonexistent/x", STORE_READ, &err),
	    -ENOENT);
	assert_int_equal(
	    store_embedded.open(&s, dir, STORE_READ, &err), -ENOENT);
	s = open_store(dir, STORE_WRITE);
	s->ops->close(s);
	set_format(dir, "UPDATE meta SET value = 99 WHERE key = 'format'");
	assert_int_equal(
	    store_embedded.open(&s, dir, STORE_READ, &err), -EPROTO);
	assert_non_null(strstr(err.text, "newer"));
	assert_int_equal(
	    store_embedded.open(&s, dir, STORE_WRITE, &err), -EPROTO);
	set_format(dir, "UPDATE meta SET value = 3 WHERE key = 'format';"
			"UPDATE meta SET value = 5 WHERE key = 'fields'");
	assert_int_equal(
	    store_embedded.open(&s, dir, STORE_READ, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "reindex"));
	model_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sessions),
	    cmocka_unit_test(test_open_sessions),
	    cmocka_unit_test(test_sessions_by_event),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_amended),
	    cmocka_unit_test(test_added_again),
	    cmocka_unit_test(test_prepared),
	    cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_killed_writer),
	    cmocka_unit_test(test_readers),
	    cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
