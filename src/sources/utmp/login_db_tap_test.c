/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases that another process writes with SQLite, as pam_wtmpdb and
 * pam_lastlog2 do, in the tables that these make. They are in no package of
 * Debian 12, so their SQL is run here.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "sources/tap.h"
#include "sources/test_sink.h"

#define WTMP                                                                   \
	"CREATE TABLE IF NOT EXISTS wtmp(ID INTEGER PRIMARY KEY, "             \
	"Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER, "    \
	"TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT;"
#define LASTLOG2                                                               \
	"CREATE TABLE IF NOT EXISTS Lastlog2(Name TEXT PRIMARY KEY, "          \
	"Time INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT;"
#define T 1795000000

/* --- who writes: a process, as locks of our own are not seen --- */

struct writer {
	pid_t pid;
	int to, from;
};

static _Noreturn void write_for(const char *path, int from, int to)
{
	char sql[1024];
	sqlite3 *db;
	ssize_t n;
	int code = sqlite3_open(path, &db);

	/* Whoever lets it wait makes it fail. */
	while ((n = read(from, sql, sizeof sql - 1)) > 0) {
		sql[n] = '\0';
		if (code == SQLITE_OK)
			code = sqlite3_exec(db, sql, NULL, NULL, NULL);
		if (write(to, &code, sizeof code) < 0)
			break;
		code = SQLITE_OK;
	}
	sqlite3_close(db);
	_exit(0);
}

static void writer_begin(struct writer *w, const char *path)
{
	int there[2], back[2];

	assert_int_equal(pipe2(there, O_CLOEXEC), 0);
	assert_int_equal(pipe2(back, O_CLOEXEC), 0);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0) {
		close(there[1]);
		close(back[0]);
		write_for(path, there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	w->to = there[1];
	w->from = back[0];
}

static void writer_ask(struct writer *w, const char *sql)
{
	assert_int_equal(write(w->to, sql, strlen(sql)), strlen(sql));
}

static int writer_answer(struct writer *w)
{
	int code;

	assert_int_equal(read(w->from, &code, sizeof code), sizeof code);
	return code;
}

static void writer_does(struct writer *w, const char *sql)
{
	writer_ask(w, sql);
	assert_int_equal(writer_answer(w), SQLITE_OK);
}

static void writer_end(struct writer *w, bool kill_it)
{
	if (kill_it)
		kill(w->pid, SIGKILL);
	close(w->to);
	assert_int_equal(waitpid(w->pid, NULL, 0), w->pid);
	close(w->from);
}

/* All that a program does at a login. */
static void commit(const char *path, const char *sql)
{
	struct writer w;

	writer_begin(&w, path);
	writer_does(&w, sql);
	writer_end(&w, false);
}

static const char *login(int n)
{
	static char sql[200];

	snprintf(sql, sizeof sql,
	    "INSERT INTO wtmp(Type, User, Login, TTY, RemoteHost, Service) "
	    "VALUES(3, 'u%d', %d000000, 'pts/%d', '203.0.113.9', 'sshd');",
	    n, T + n, n);
	return sql;
}

static const char *logout(int n)
{
	static char sql[200];

	snprintf(sql, sizeof sql,
	    "UPDATE wtmp SET Logout = %d000000 WHERE User = 'u%d';",
	    T + 1000 + n, n);
	return sql;
}

/* --- who follows --- */

struct follower {
	char dir[64], path[96];
	const struct tap *tap;
	struct tap_run *run;
	struct buf bytes, text, at;
	uint64_t unparsed;
	unsigned n_told;
};

static void follower_init(struct follower *f, const char *tap)
{
	*f = (struct follower){.tap = tap_find(str_z(tap))};
	assert_non_null(f->tap);
	snprintf(f->dir, sizeof f->dir, "/tmp/login_db.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/db", f->dir);
}

static void begin(struct follower *f)
{
	struct tap_opened opened;
	struct err err = {""};

	assert_int_equal(f->tap->open(&opened, f->path, &err), 0);
	assert_int_equal(f->tap->start(&f->run, &opened,
			     f->at.n ? buf_z(&f->at) : NULL, &err),
	    0);
}

static void end(struct follower *f)
{
	buf_clear(&f->at);
	f->tap->place(f->run, 0, &f->at);
	assert_true(f->at.n < TAP_PLACE_MAX);
	f->tap->stop(f->run);
	f->run = NULL;
}

static void follower_free(struct follower *f)
{
	static const char *const names[] = {
	    "", "-wal", "-shm", "-journal", ".new"};
	char path[128];

	f->tap->stop(f->run);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s%s", f->path, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	buf_free(&f->bytes);
	buf_free(&f->text);
	buf_free(&f->at);
}

static void reopen(struct follower *f)
{
	struct tap_opened opened;
	struct err err = {""};

	assert_int_equal(f->tap->open(&opened, f->path, &err), 0);
	assert_int_equal(f->tap->reopened(f->run, &opened, &err), 0);
}

/* As a feed does: all of the source, and of that what is news. */
static void take(struct follower *f)
{
	struct source_input in = test_input("db");
	struct test_sink *t = test_sink_new();

	assert_int_equal(test_run(source_find(str_z(f->tap->source)), &in,
			     buf_str(&f->bytes), 0, t),
	    0);
	f->unparsed += t->sink.unparsed;
	for (size_t i = 0; i < t->n; i++) {
		const struct event *ev = &t->events[i];

		if (!f->tap->news(f->run, ev))
			continue;
		f->n_told++;
		buf_printf(&f->text, "%s%.*s",
		    ev->kind == EVENT_SESSION_OPEN    ? "+"
		    : ev->kind == EVENT_SESSION_CLOSE ? "-"
						      : "=",
		    STR_ARG(ev->v[F_USER].s));
	}
	test_sink_free(t);
	buf_clear(&f->bytes);
}

/* Until nothing more is at hand, or it is not to be had now. */
static int pump(struct follower *f)
{
	struct err err = {""};
	int r;

	do {
		r = f->tap->read(f->run, &f->bytes, &err);
		if (r < 0)
			fail_msg("%d: %s", r, err.text);
		if (r == TAP_NEXT)
			take(f);
		if (r == TAP_REOPEN)
			reopen(f);
	} while (r == TAP_NEXT || r == TAP_REOPEN);
	assert_int_equal(f->bytes.n, 0);
	return r;
}

/* What it tells within some seconds. */
static void tells(struct follower *f, const char *want)
{
	const int64_t until = loop_now() + 20000000;
	int r;

	buf_clear(&f->text);
	while ((r = pump(f)) == TAP_LATER && loop_now() < until)
		usleep(5000);
	assert_int_equal(r, TAP_IDLE);
	assert_string_equal(f->text.n ? buf_z(&f->text) : "", want);
}

static uint64_t lost(const struct follower *f)
{
	struct tap_loss ways[TAP_LOSSES_MAX];

	assert_int_equal(f->tap->lost(f->run, ways), 1);
	return ways[0].n;
}

/* --- cases --- */

static void test_logins_as_they_come(void **state)
{
	struct follower f;

	follower_init(&f, "wtmpdb");
	commit(f.path, WTMP);
	commit(f.path, login(1));
	begin(&f);
	tells(&f, "");
	commit(f.path, login(2));
	tells(&f, "+u2");
	/* Its end is written into its row, whoever came between. */
	commit(f.path, login(3));
	commit(f.path, logout(1));
	tells(&f, "-u1+u3");
	commit(f.path, logout(2));
	tells(&f, "-u2");
	tells(&f, "");
	assert_int_equal(lost(&f), 0);
	assert_int_equal(f.unparsed, 0);
	follower_free(&f);
}

static void test_goes_on_where_it_stopped(void **state)
{
	struct follower f;

	follower_init(&f, "wtmpdb");
	commit(f.path, WTMP);
	for (int i = 1; i <= 40; i++)
		commit(f.path, login(i));
	begin(&f);
	tells(&f, "");
	commit(f.path, login(41));
	tells(&f, "+u41");
	end(&f);
	commit(f.path, login(42));
	commit(f.path, logout(7));
	begin(&f);
	tells(&f, "-u7+u42");
	end(&f);
	/* wtmpdb rotate: rows go to another file; numbers begin anew. */
	commit(f.path, "DELETE FROM wtmp WHERE ID < 42; "
		       "UPDATE wtmp SET ID = 1; VACUUM;");
	begin(&f);
	tells(&f, "");
	commit(f.path, logout(42));
	tells(&f, "-u42");
	follower_free(&f);
}

static void test_lastlog2(void **state)
{
	struct follower f;

	follower_init(&f, "lastlog2");
	commit(f.path, LASTLOG2);
	begin(&f);
	tells(&f, "");
	for (int i = 0; i < 3; i++) {
		char sql[200];

		snprintf(sql, sizeof sql,
		    "INSERT INTO Lastlog2 VALUES('ann', %d, 'pts/0', "
		    "'203.0.113.9', 'sshd') ON CONFLICT(Name) DO UPDATE SET "
		    "Time = excluded.Time;",
		    T + i);
		commit(f.path, sql);
		tells(&f, "=ann");
	}
	follower_free(&f);
}

/* A writer that fails at once when it must wait writes as fast as it can. */
static void disturb(const char *mode)
{
	enum { N = 150 };
	struct follower f;
	struct writer w;

	follower_init(&f, "wtmpdb");
	writer_begin(&w, f.path);
	writer_does(&w, mode);
	writer_does(&w, WTMP);
	begin(&f);
	tells(&f, "");
	for (int i = 0; i < N; i++) {
		writer_ask(&w, login(i));
		pump(&f);
		assert_int_equal(writer_answer(&w), SQLITE_OK);
	}
	writer_end(&w, false);
	while (pump(&f) == TAP_LATER)
		usleep(1000);
	assert_int_equal(f.n_told, N);
	assert_int_equal(f.unparsed, 0);
	assert_int_equal(lost(&f), 0);
	end(&f);
	begin(&f);
	tells(&f, "");
	follower_free(&f);
}

static void test_no_writer_waits(void **state)
{
	disturb("PRAGMA journal_mode=DELETE;");
	disturb("PRAGMA journal_mode=TRUNCATE;");
	disturb("PRAGMA journal_mode=PERSIST;");
	disturb("PRAGMA journal_mode=WAL;");
	disturb("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=3;");
}

static void test_write_ahead_log(void **state)
{
	struct follower f;
	struct writer w;

	follower_init(&f, "wtmpdb");
	commit(f.path, "PRAGMA journal_mode=WAL;" WTMP);
	begin(&f);
	tells(&f, "");
	writer_begin(&w, f.path);
	writer_does(&w, login(1));
	tells(&f, "+u1");
	end(&f);
	/* It is in the log only, at a start as well. */
	writer_does(&w, login(2));
	begin(&f);
	tells(&f, "+u2");
	writer_does(&w, "PRAGMA wal_checkpoint(TRUNCATE);");
	tells(&f, "");
	writer_does(&w, logout(1));
	tells(&f, "-u1");
	writer_end(&w, false);
	tells(&f, "");
	/* Log and all: another writer makes a new one. */
	commit(f.path, logout(2));
	tells(&f, "-u2");
	follower_free(&f);
}

static void test_locked(void **state)
{
	struct follower f;
	struct writer w;
	char want[80];

	follower_init(&f, "wtmpdb");
	commit(f.path, WTMP);
	begin(&f);
	tells(&f, "");
	writer_begin(&w, f.path);
	/* It may write, and has not begun to. */
	writer_does(&w, "BEGIN IMMEDIATE;");
	writer_does(&w, login(1));
	tells(&f, "");
	writer_does(&w, "COMMIT;");
	tells(&f, "+u1");
	writer_does(&w, "BEGIN EXCLUSIVE;");
	writer_does(&w, "PRAGMA cache_size=1; PRAGMA cache_spill=1;");
	for (int i = 2; i < 200; i++)
		writer_does(&w, login(i));
	assert_int_equal(pump(&f), TAP_LATER);
	snprintf(want, sizeof want, "waits for process %d, which has locked it",
	    (int)w.pid);
	assert_string_equal(f.tap->doing(f.run), want);
	writer_does(&w, "ROLLBACK;");
	tells(&f, "");
	assert_null(f.tap->doing(f.run));
	writer_end(&w, false);
	assert_int_equal(f.unparsed, 0);
	follower_free(&f);
}

/* What a writer did not commit before it died never was. */
static void test_writer_dies(void **state)
{
	struct follower f;
	struct writer w;

	follower_init(&f, "wtmpdb");
	commit(f.path, WTMP);
	begin(&f);
	tells(&f, "");
	writer_begin(&w, f.path);
	writer_does(&w, "PRAGMA cache_size=1; PRAGMA cache_spill=1; BEGIN;");
	for (int i = 0; i < 400; i++)
		writer_does(&w, login(i));
	writer_end(&w, true);
	assert_int_equal(pump(&f), TAP_LATER);
	assert_non_null(strstr(f.tap->doing(f.run), "mends it"));
	/* At a start, too. */
	end(&f);
	begin(&f);
	assert_int_equal(pump(&f), TAP_LATER);
	commit(f.path, login(500));
	tells(&f, "+u500");
	assert_int_equal(f.unparsed, 0);
	follower_free(&f);
}

static void put(const char *path, const char *bytes, off_t n)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	assert_int_equal(ftruncate(fd, n), 0);
	close(fd);
}

static void test_replaced_and_damaged(void **state)
{
	struct follower f;
	char path[128];

	follower_init(&f, "wtmpdb");
	snprintf(path, sizeof path, "%s.new", f.path);
	commit(f.path, WTMP);
	commit(f.path, login(1));
	begin(&f);
	tells(&f, "");
	commit(path, WTMP);
	commit(path, login(1));
	commit(path, login(2));
	assert_int_equal(rename(path, f.path), 0);
	tells(&f, "+u2");
	put(f.path, "SQLite format 3", 8192);
	tells(&f, "");
	assert_int_equal(f.unparsed, 1);
	/* Whole again: what was told is known. */
	commit(path, WTMP);
	for (int i = 1; i < 4; i++)
		commit(path, login(i));
	assert_int_equal(rename(path, f.path), 0);
	tells(&f, "+u3");
	follower_free(&f);
}

static void test_refusals(void **state)
{
	struct tap_opened opened;
	struct follower f;
	struct err err = {""};
	int r;

	follower_init(&f, "wtmpdb");
	assert_int_equal(f.tap->open(&opened, f.path, &err), -ENOENT);
	assert_int_equal(mkfifo(f.path, 0600), 0);
	assert_int_equal(f.tap->open(&opened, f.path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no regular file"));
	unlink(f.path);
	/* Just made, then too large. */
	put(f.path, "", 0);
	begin(&f);
	tells(&f, "");
	put(f.path, "SQLite format 3", (off_t)1 << 40);
	while ((r = f.tap->read(f.run, &f.bytes, &err)) == TAP_LATER)
		usleep(1000);
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(err.text, "wtmpdb rotate"));
	assert_int_equal(f.bytes.n, 0);
	end(&f);
	/* A place that this tap never said counts as a loss. */
	put(f.path, "", 0);
	buf_add_z(&f.at, "x");
	begin(&f);
	assert_int_equal(lost(&f), 1);
	follower_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_logins_as_they_come),
	    cmocka_unit_test(test_goes_on_where_it_stopped),
	    cmocka_unit_test(test_lastlog2),
	    cmocka_unit_test(test_no_writer_waits),
	    cmocka_unit_test(test_write_ahead_log),
	    cmocka_unit_test(test_locked),
	    cmocka_unit_test(test_writer_dies),
	    cmocka_unit_test(test_replaced_and_damaged),
	    cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
