/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/test_sink.h"

#define WTMP                                                                   \
	"CREATE TABLE IF NOT EXISTS wtmp(ID INTEGER PRIMARY KEY, "             \
	"Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER, "    \
	"TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT;"

#define WTMP_ROWS                                                              \
	"INSERT INTO wtmp VALUES(1, 1, 'reboot', 1795000000000005, "           \
	"1795000090000000, '~', '6.12.0', NULL);"                              \
	"INSERT INTO wtmp VALUES(2, 3, 'ann', 1795000010000009, "              \
	"1795000030000007, '/dev/pts/0', '203.0.113.9', 'sshd');"              \
	"INSERT INTO wtmp VALUES(7, 3, 'bob', 1795000011000000, NULL, 'ssh', " \
	"'tmux(7).%0', 'sshd');"

static const char wtmp_text[] =
    "host.boot 1795000000.000005 op=boot type=BOOT_TIME text=6.12.0\n"
    "host.boot 1795000090.000000 op=shutdown type=BOOT_TIME text=6.12.0\n"
    "session.open 1795000010.000009 user=ann tty=pts/0 addr=203.0.113.9 "
    "service=sshd type=USER_PROCESS\n"
    "session.close 1795000030.000007 user=ann tty=pts/0 addr=203.0.113.9 "
    "service=sshd type=USER_PROCESS\n"
    "session.open 1795000011.000000 user=bob tty=ssh service=sshd "
    "type=USER_PROCESS text=tmux(7).%0\n";

/* Bytes of a database made by `sql`; sqlite3_free() them. */
static struct str make_db(const char *sql)
{
	sqlite3 *db;
	sqlite3_int64 n = 0;
	unsigned char *p;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	p = sqlite3_serialize(db, "main", &n, 0);
	assert_non_null(p);
	sqlite3_close(db);
	return str_make(p, (size_t)n);
}

static void free_db(struct str db)
{
	sqlite3_free((void *)(uintptr_t)db.p);
}

static struct test_sink *run(const char *source, struct str db)
{
	const struct source *src = source_find(str_z(source));
	struct source_input in = test_input(source);
	struct test_sink *t = test_sink_new();

	assert_non_null(src);
	assert_int_equal(test_run(src, &in, db, 0, t), 0);
	return t;
}

static void test_wtmpdb(void **state)
{
	struct str db = make_db(WTMP WTMP_ROWS);
	struct test_sink *t = run("wtmpdb", db), *u;
	char *bytes = (char *)(uintptr_t)db.p;
	struct str host;
	int64_t time;

	assert_string_equal(test_sink_text(t), wtmp_text);
	assert_int_equal(t->sink.lines, 3);
	assert_int_equal(t->sink.unparsed, 0);
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(t->ids[i] != t->ids[k]);
	/* A copy of a database in WAL mode. */
	bytes[18] = bytes[19] = 2;
	u = run("wtmpdb", db);
	assert_string_equal(test_sink_text(u), wtmp_text);
	assert_int_equal(bytes[18], 2);
	assert_string_equal(
	    source_detect(db, "x", &host, &time)->name, "wtmpdb");
	test_sink_free(u);
	test_sink_free(t);
	free_db(db);
}

static void test_ids_survive_rotation(void **state)
{
	struct str a = make_db(WTMP WTMP_ROWS);
	struct str b = make_db(WTMP WTMP_ROWS
	    "DELETE FROM wtmp WHERE ID < 7; UPDATE wtmp SET ID = 1;");
	struct test_sink *t = run("wtmpdb", a), *u = run("wtmpdb", b);

	assert_int_equal(u->n, 1);
	assert_true(u->ids[0] == t->ids[4]);
	test_sink_free(t);
	test_sink_free(u);
	free_db(a);
	free_db(b);
}

static void test_lastlog2(void **state)
{
	struct str db = make_db(
	    "CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, "
	    "TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT;"
	    "INSERT INTO Lastlog2 VALUES('ann', 1795000010, 'pts/0', "
	    "'203.0.113.9', 'sshd');"
	    "INSERT INTO Lastlog2 VALUES('bob', -7, 'tty1', '', 'login');"
	    "INSERT INTO Lastlog2 VALUES('nobody', 0, NULL, NULL, NULL);"
	    "INSERT INTO Lastlog2 VALUES('daemon', NULL, '', '', '');"
	    "INSERT INTO Lastlog2 VALUES('eve', 1795000011, 'tty1', '', "
	    "NULL);");
	struct test_sink *t = run("lastlog2", db);
	struct str host;
	int64_t time;

	assert_string_equal(test_sink_text(t),
	    "account 1795000010.000000 user=ann tty=pts/0 addr=203.0.113.9 "
	    "service=sshd op=last-login\n"
	    "account 1795000011.000000 user=eve tty=tty1 op=last-login\n");
	assert_int_equal(t->sink.unparsed, 1);
	assert_memory_equal(t->sink.examples[0].text, "row 2", 5);
	assert_string_equal(
	    source_detect(db, "x", &host, &time)->name, "lastlog2");
	test_sink_free(t);
	free_db(db);
}

/* Whatever the file says, nothing of it is executed. */
static void test_hostile(void **state)
{
	static const struct {
		const char *sql, *problem;
	} cases[] = {
	    {"CREATE TABLE t(a); CREATE VIEW wtmp AS SELECT 3 AS Type, 'x' "
	     "AS User, 1 AS Login, 1 AS Logout, '' AS TTY, '' AS "
	     "RemoteHost, '' AS Service;",
		"the database has no such table"},
	    {"CREATE VIRTUAL TABLE wtmp USING fts5(Type, User, Login, "
	     "Logout, TTY, RemoteHost, Service);",
		"the database has no such table"},
	    {"CREATE TABLE wtmp(Type INTEGER, User TEXT AS "
	     "(hex(zeroblob(9))), Login INTEGER, Logout, TTY, RemoteHost, "
	     "Service); INSERT INTO wtmp(Type, Login) VALUES(3, 1);",
		"the table holds computed columns"},
	    {"CREATE TABLE wtmp(Type, User);", "SQL logic error"},
	    {"CREATE TABLE other(a);", "the database has no such table"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str db = make_db(cases[i].sql);
		struct test_sink *t = run("wtmpdb", db);

		assert_int_equal(t->n, 0);
		assert_int_equal(t->sink.unparsed, 1);
		assert_int_equal(
		    t->sink.examples[0].n, strlen(cases[i].problem));
		assert_memory_equal(t->sink.examples[0].text, cases[i].problem,
		    t->sink.examples[0].n);
		test_sink_free(t);
		free_db(db);
	}
}

static void test_values_of_wrong_type(void **state)
{
	struct str db = make_db(
	    "CREATE TABLE wtmp(ID, Type, User, Login, Logout, TTY, RemoteHost, "
	    "Service);"
	    "INSERT INTO wtmp VALUES(1, 3, x'00ff', 1795000000000000, NULL, "
	    "7, 1.5, x'');"
	    "INSERT INTO wtmp VALUES(1, 3, 'a', '1795000000000000', NULL, "
	    "'', '', '');"
	    "INSERT INTO wtmp VALUES(1, 3, 'a', -5, NULL, '', '', '');"
	    "INSERT INTO wtmp VALUES(1, 3, 'a', 9223372036854775807, NULL, "
	    "'', '', '');"
	    "INSERT INTO wtmp VALUES(1, 2, 'a', 1795000000000000, NULL, '', "
	    "'', '');"
	    "INSERT INTO wtmp VALUES(1, 3, 'a', 1795000000000000, 'x', '', "
	    "'', '');");
	struct test_sink *t = run("wtmpdb", db);

	assert_string_equal(test_sink_text(t),
	    "session.open 1795000000.000000 type=USER_PROCESS\n"
	    "session.open 1795000000.000000 user=a type=USER_PROCESS\n");
	assert_int_equal(t->sink.lines, 6);
	assert_int_equal(t->sink.unparsed, 5);
	test_sink_free(t);
	free_db(db);
}

static void test_damage(void **state)
{
	struct str db = make_db(
	    WTMP "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		 "FROM n WHERE i < 3000) INSERT INTO wtmp SELECT i, 3, 'ann', "
		 "1795000010000000 + i, NULL, 'pts/0', '203.0.113.9', 'sshd' "
		 "FROM n;");
	char *bytes = (char *)(uintptr_t)db.p;
	struct test_sink *t = run("wtmpdb", db);

	assert_int_equal(t->n, 3000);
	test_sink_free(t);
	/* What lies before the damage is read, the damage is told. */
	memset(bytes + db.n / 2, 0xff, 4096);
	t = run("wtmpdb", db);
	assert_in_range(t->n, 100, 2900);
	assert_int_equal(t->sink.unparsed, 1);
	assert_int_equal(t->sink.lines, t->n + 1);
	test_sink_free(t);
	/* Cut off, empty, not a database at all. */
	t = run("wtmpdb", str_upto(db, db.n / 2));
	assert_int_equal(t->sink.unparsed, 1);
	test_sink_free(t);
	t = run("wtmpdb", STR(""));
	assert_int_equal(t->sink.unparsed, 1);
	test_sink_free(t);
	memset(bytes, 'x', 200);
	t = run("wtmpdb", db);
	assert_int_equal(t->n, 0);
	assert_int_equal(t->sink.unparsed, 1);
	test_sink_free(t);
	free_db(db);
}

static void test_sink_error_is_returned(void **state)
{
	struct str db = make_db(WTMP WTMP_ROWS);
	struct source_input in = test_input("wtmp.db");
	struct test_sink *t = test_sink_new();

	t->fail_with = -ENOSPC;
	assert_int_equal(
	    test_run(source_find(STR("wtmpdb")), &in, db, 0, t), -ENOSPC);
	test_sink_free(t);
	free_db(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wtmpdb),
	    cmocka_unit_test(test_ids_survive_rotation),
	    cmocka_unit_test(test_lastlog2),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_values_of_wrong_type),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_sink_error_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
