/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "sources/test_sink.h"
#include "sources/utmp/record.h"

/* What a record is made of; the layouts are written out here once more. */
struct rec {
	int type, pid;
	const char *line, *user, *host;
	uint64_t sec, usec;
	const char *addr; /* 32 hex digits, or NULL */
};

enum { LE384, LE400, BE400, BE384, N_FORMATS };

static void put(char *p, uint64_t v, size_t n, bool big)
{
	for (size_t i = 0; i < n; i++) {
		p[big ? n - 1 - i : i] = (char)(v & 0xff);
		v >>= 8;
	}
}

static size_t put_record(char *p, const struct rec *r, int format)
{
	bool big = format == BE400 || format == BE384;
	bool wide = format == LE400 || format == BE400;
	size_t size = wide ? 400 : 384, time = wide ? 344 : 340;
	size_t n = wide ? 8 : 4;

	memset(p, 0, size);
	put(p, (uint64_t)r->type, 2, big);
	put(p + 4, (uint64_t)r->pid, 4, big);
	strncpy(p + 8, r->line ? r->line : "", 32);
	strncpy(p + 44, r->user ? r->user : "", 32);
	strncpy(p + 76, r->host ? r->host : "", 256);
	put(p + 336, (uint64_t)r->pid, n, big);
	put(p + time, r->sec, n, big);
	put(p + time + n, r->usec, n, big);
	for (size_t i = 0; r->addr && i < 16; i++)
		p[time + 2 * n + i] = (char)(str_hexdigit(r->addr[2 * i]) << 4 |
					     str_hexdigit(r->addr[2 * i + 1]));
	return size;
}

static const struct rec typical[] = {
    {2, 0, "~", "reboot", "6.1.0-27-amd64", 1795000000, 5, NULL},
    {1, 53, "~", "runlevel", "6.1.0-27-amd64", 1795000005, 0, NULL},
    {5, 600, "tty1", "", "", 1795000006, 0, NULL},
    {6, 600, "tty1", "LOGIN", "", 1795000006, 1, NULL},
    {7, 601, "pts/0", "ann", "203.0.113.9", 1795000010, 999999,
	"cb007109000000000000000000000000"},
    {7, 602, "pts/1", "bob", "jump.example.net", 1795000011, 0,
	"20010db8000000000000000000000abc"},
    {7, 603, "pts/2", "eve", "jump.example.net", 1795000012, 0, NULL},
    {7, 604, "pts/3", "eve", "tmux(77).%1", 1795000013, 0, NULL},
    {7, 605, ":1", "eve", ":1", 1795000014, 0, NULL},
    {3, 0, "{", "date", "", 1795000015, 0, NULL},
    {4, 0, "|", "date", "", 1795000020, 0, NULL},
    {8, 601, "pts/0", "", "", 1795000030, 7, NULL},
    {9, 1, "acct", "", "", 1795000031, 0, NULL},
    {1, 0, "~", "shutdown", "6.1.0-27-amd64", 1795000040, 0, NULL},
};
#define N_TYPICAL (sizeof typical / sizeof typical[0])

static const char typical_text[] =
    "host.boot 1795000000.000005 op=boot type=BOOT_TIME text=6.1.0-27-amd64\n"
    "other 1795000005.000000 type=RUN_LVL text=runlevel\\x205\n"
    "other 1795000006.000000 pid=600 tty=tty1 type=INIT_PROCESS\n"
    "other 1795000006.000001 user=LOGIN pid=600 tty=tty1 type=LOGIN_PROCESS\n"
    "session.open 1795000010.999999 user=ann pid=601 tty=pts/0 "
    "addr=203.0.113.9 type=USER_PROCESS\n"
    "session.open 1795000011.000000 user=bob pid=602 tty=pts/1 "
    "addr=2001:db8::abc type=USER_PROCESS text=jump.example.net\n"
    "session.open 1795000012.000000 user=eve pid=603 tty=pts/2 "
    "addr=jump.example.net type=USER_PROCESS\n"
    "session.open 1795000013.000000 user=eve pid=604 tty=pts/3 "
    "type=USER_PROCESS text=tmux(77).%1\n"
    "session.open 1795000014.000000 user=eve pid=605 tty=:1 "
    "type=USER_PROCESS text=:1\n"
    "clock 1795000015.000000 op=after type=NEW_TIME\n"
    "clock 1795000020.000000 op=before type=OLD_TIME\n"
    "session.close 1795000030.000007 pid=601 tty=pts/0 type=DEAD_PROCESS\n"
    "other 1795000031.000000 pid=1 tty=acct type=ACCOUNTING\n"
    "host.boot 1795000040.000000 op=shutdown type=RUN_LVL "
    "text=6.1.0-27-amd64\n";

static size_t put_typical(char *p, int format)
{
	size_t n = 0;

	for (size_t i = 0; i < N_TYPICAL; i++)
		n += put_record(p + n, &typical[i], format);
	return n;
}

static const struct source *utmp(void)
{
	const struct source *src = source_find(STR("utmp"));

	assert_non_null(src);
	return src;
}

static struct test_sink *run(
    const char *name, const char *p, size_t n, size_t chunk)
{
	struct test_sink *t = test_sink_new();
	struct source_input in = test_input(name);

	assert_int_equal(test_run(utmp(), &in, str_make(p, n), chunk, t), 0);
	return t;
}

static void test_layouts(void **state)
{
	static const size_t chunks[] = {0, 1, 383, 384, 401, 1000};
	char data[N_TYPICAL * 400];

	for (int format = 0; format < N_FORMATS; format++) {
		size_t n = put_typical(data, format);
		struct str host = STR_NONE;
		int64_t time = 0;

		assert_int_equal(
		    utmp()->probe(str_make(data, n), "x", &host, &time), 95);
		assert_int_equal(time, 1795000000000005);
		for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
			struct test_sink *t = run("wtmp", data, n, chunks[i]);

			assert_string_equal(test_sink_text(t), typical_text);
			assert_int_equal(t->sink.lines, N_TYPICAL);
			assert_int_equal(t->sink.unparsed, 0);
			assert_int_equal(t->offsets[2], n / N_TYPICAL * 2);
			test_sink_free(t);
		}
	}
}

/* Without an address the two sizes differ in little: each alone. */
static void test_layout_of_one_record(void **state)
{
	static const struct rec recs[] = {
	    {7, 9, "pts/0", "ann", "", 1795000010, 5, NULL},
	    {7, 9, "pts/0", "ann", "", 1795000010, 0, NULL},
	    {2, 0, "~", "reboot", "6.1", 1795000010, 999999, NULL},
	    {6, 70000, "ssh:notty", "x", "1.2.3.4", 1795000010, 0,
		"01020304000000000000000000000000"},
	    {8, 9, "pts/0", "", "", 1795000010, 5,
		"20010db8000000000000000000000abc"},
	};
	static const size_t sizes[N_FORMATS] = {384, 400, 400, 384};
	char data[400];
	int score;

	for (size_t i = 0; i < sizeof recs / sizeof recs[0]; i++)
		for (int format = 0; format < N_FORMATS; format++) {
			size_t n = put_record(data, &recs[i], format);
			const struct utmp_layout *l =
			    utmp_layout_detect(str_make(data, n), &score);

			assert_non_null(l);
			assert_int_equal(l->size, sizes[format]);
			assert_int_equal(
			    l->big_endian, format == BE400 || format == BE384);
			assert_int_equal(score, 100);
		}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *hex, *want;
	} cases[] = {
	    {"00000000000000000000000000000000", ""},
	    {"cb007109000000000000000000000000", "203.0.113.9"},
	    {"00000000000000000000ffffcb007109", "203.0.113.9"},
	    {"00000000000000000000000000000001", "::1"},
	    {"fe800000000000000000000000000001", "fe80::1"},
	    {"20010db8ffffffffffffffffffffffff",
		"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char bytes[16], text[UTMP_ADDR_LEN];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (size_t k = 0; k < 16; k++)
			bytes[k] =
			    (char)(str_hexdigit(cases[i].hex[2 * k]) << 4 |
				   str_hexdigit(cases[i].hex[2 * k + 1]));
		utmp_addr_format(bytes, text);
		assert_string_equal(text, cases[i].want);
	}
}

static void test_hosts(void **state)
{
	static const struct {
		const char *host;
		bool remote;
	} cases[] = {
	    {"", false},
	    {":0", false},
	    {":1.0", false},
	    {"tmux(123).%4", false},
	    {"mosh [12]", false},
	    {"a b", false},
	    {"x\x1b[2J", false},
	    {"::1", true},
	    {"::ffff:1.2.3.4", true},
	    {"fe80::1%eth0", true},
	    {"host-1.example.org", true},
	    {"10.0.0.1:S.0", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(
		    utmp_host_remote(str_z(cases[i].host)), cases[i].remote);
}

static void test_garbage(void **state)
{
	static const struct rec bad[] = {
	    {99, 1, "pts/0", "a", "", 1795000010, 0, NULL},
	    {7, 1, "pts/0", "a", "", 1795000010, 1000000, NULL},
	    {7, 1, "pts\x1b[0m", "a", "", 1795000010, 0, NULL},
	    {7, 1, "pts/\xc3\xa4", "a", "", 1795000010, 0, NULL},
	};
	char data[(N_TYPICAL + 1) * 400];

	for (int format = 0; format < N_FORMATS; format++)
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
			size_t n = put_record(data, &bad[i], format);
			struct test_sink *t;

			n += put_typical(data + n, format);
			for (size_t chunk = 0; chunk < 900; chunk += 299) {
				t = run("wtmp", data, n, chunk);
				assert_string_equal(
				    test_sink_text(t), typical_text);
				assert_int_equal(t->sink.unparsed, 1);
				assert_int_equal(t->sink.lines, N_TYPICAL + 1);
				assert_int_equal(t->sink.examples[0].offset, 0);
				test_sink_free(t);
			}
		}
}

/* Records behind a torn one that nobody cut off. */
static void test_resync(void **state)
{
	static const size_t torn[] = {1, 4, 100, 340, 383};
	char data[(2 * N_TYPICAL + 1) * 400];

	for (int format = 0; format < N_FORMATS; format++)
		for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++) {
			size_t n = put_typical(data, format);
			struct test_sink *t;

			memset(data + n, 0x7f, torn[i]);
			n += torn[i];
			n += put_typical(data + n, format);
			for (size_t chunk = 0; chunk < 900; chunk += 299) {
				t = run("wtmp", data, n, chunk);
				assert_int_equal(t->n, 2 * N_TYPICAL);
				assert_int_equal(t->sink.unparsed, 1);
				assert_int_equal(t->sink.examples[0].n,
				    torn[i] < 200 ? torn[i] : 200);
				test_sink_free(t);
			}
		}
}

/* What is left of a torn record and the next one read like a record. */
static void test_torn_between(void **state)
{
	static const size_t torn[] = {100, 123, 200, 339};
	char data[(2 * N_TYPICAL + 1) * 400];

	for (int format = 0; format < N_FORMATS; format++)
		for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++) {
			size_t n = put_typical(data, format);
			struct test_sink *t;

			memcpy(data + n, data + n / N_TYPICAL, torn[i]);
			n += torn[i];
			n += put_typical(data + n, format);
			for (size_t chunk = 0; chunk < 900; chunk += 299) {
				t = run("wtmp", data, n, chunk);
				assert_int_equal(t->n, 2 * N_TYPICAL);
				assert_int_equal(t->sink.unparsed, 1);
				test_sink_free(t);
			}
		}
}

/* As above, and but one record behind it, whole or not. */
static void test_torn_before_the_last(void **state)
{
	static const size_t torn[] = {4, 100, 123, 200, 280, 335};
	static const size_t tails[] = {0, 1, 200};
	char data[(N_TYPICAL + 3) * 400];

	for (int format = 0; format < N_FORMATS; format++)
		for (size_t i = 0; i < 18; i++) {
			size_t n = put_typical(data, format);
			size_t cut = torn[i / 3], tail = tails[i % 3];
			const struct rec *ann = &typical[4];
			struct test_sink *t;

			put_record(data + n, ann, format);
			n += cut;
			n += put_record(data + n, ann, format);
			put_record(data + n, ann, format);
			n += tail;
			for (size_t chunk = 0; chunk < 900; chunk += 299) {
				t = run("wtmp", data, n, chunk);
				if (t->n != N_TYPICAL + 1 ||
				    t->sink.unparsed != 1 + (tail > 0))
					fail_msg("format %d, cut at %zu, %zu "
						 "behind",
					    format, cut, tail);
				test_sink_free(t);
			}
		}
}

/* A crash may leave zeros where the end of the last record was to be. */
static void test_no_time(void **state)
{
	char data[(N_TYPICAL + 1) * 400];

	for (int format = 0; format < N_FORMATS; format++) {
		size_t n = put_typical(data, format), size = n / N_TYPICAL;
		struct test_sink *t;

		memset(data + n, 0, size);
		memcpy(data + n, data + 4 * size, 300);
		t = run("wtmp", data, n + size, 0);
		assert_string_equal(test_sink_text(t), typical_text);
		assert_int_equal(t->sink.unparsed, 1);
		assert_int_equal(t->sink.examples[0].offset, n);
		test_sink_free(t);
	}
}

static void test_torn_tail(void **state)
{
	char data[N_TYPICAL * 400];

	for (int format = 0; format < N_FORMATS; format++) {
		size_t n = put_typical(data, format);
		struct test_sink *t = run("wtmp", data, n - 1, 0);

		assert_int_equal(t->n, N_TYPICAL - 1);
		assert_int_equal(t->sink.unparsed, 1);
		assert_int_equal(t->sink.examples[0].offset, n - n / N_TYPICAL);
		test_sink_free(t);
	}
}

static void test_not_utmp(void **state)
{
	char zeros[4000] = {0}, *big = calloc(1, 200000);
	struct str host;
	int64_t time;
	struct test_sink *t;
	size_t n;

	assert_non_null(big);
	assert_int_equal(utmp()->probe(STR(""), "wtmp", &host, &time), 0);
	assert_int_equal(
	    utmp()->probe(str_make(zeros, 4000), "x", &host, &time), 0);
	assert_int_equal(utmp()->probe(STR("Nov 22 11:49:30 h sshd[1]: x\n"),
			     "wtmp", &host, &time),
	    0);
	t = run("wtmp", zeros, 4000, 0);
	assert_int_equal(t->n, 0);
	assert_int_equal(t->sink.unparsed, 1);
	test_sink_free(t);
	/* Zeros beyond the first piece, then records: still in step. */
	n = 384 * 500 - N_TYPICAL * 384;
	put_typical(big + n, LE384);
	t = run("wtmp", big, 384 * 500, 4096);
	assert_string_equal(
	    strstr(test_sink_text(t), "host.boot"), typical_text);
	test_sink_free(t);
	free(big);
}

static void test_zeroed_records(void **state)
{
	static const struct rec a = {
	    7, 1, "pts/0", "a", "", 1795000001, 0, NULL};
	static const struct rec b = {
	    7, 2, "pts/1", "b", "", 1795000009, 0, NULL};
	char data[6 * 384] = {0};
	struct test_sink *t;

	put_record(data, &a, LE384);
	put_record(data + 3 * 384, &b, LE384);
	t = run("wtmp", data, sizeof data, 0);
	assert_string_equal(test_sink_text(t),
	    "session.open 1795000001.000000 user=a pid=1 tty=pts/0 "
	    "type=USER_PROCESS\n"
	    "gap 1795000001.000000 "
	    "reason=zeroed\\x20records\\x20where\\x20records\\x20are\\x20only"
	    "\\x20appended:\\x20erased,\\x20or\\x20lost\\x20in\\x20a\\x20crash "
	    "lost=2 since=1795000001000000 until=1795000009000000\n"
	    "session.open 1795000009.000000 user=b pid=2 tty=pts/1 "
	    "type=USER_PROCESS\n"
	    "gap 1795000009.000000 "
	    "reason=zeroed\\x20records\\x20where\\x20records\\x20are\\x20only"
	    "\\x20appended:\\x20erased,\\x20or\\x20lost\\x20in\\x20a\\x20crash "
	    "lost=2 since=1795000009000000\n");
	assert_int_equal(t->offsets[1], 384);
	assert_int_equal(t->offsets[3], 4 * 384);
	test_sink_free(t);
	/* In utmp they are free slots. */
	t = run("run/utmp", data, sizeof data, 0);
	assert_int_equal(t->n, 2);
	assert_int_equal(t->sink.unparsed, 0);
	test_sink_free(t);
}

static void test_kinds_of_file(void **state)
{
	static const struct rec fail = {6, 77, "ssh:notty", "root", "9.9.9.9",
	    1795000001, 0, "09090909000000000000000000000000"};
	static const struct rec getty = {
	    6, 78, "tty1", "LOGIN", "", 1795000002, 0, NULL};
	static const struct rec open = {
	    7, 78, "tty1", "ann", "", 1795000003, 0, NULL};
	static const struct {
		const char *name;
		const struct rec *recs[3];
		const char *kinds;
	} cases[] = {
	    {"x", {&fail}, "auth.fail"},
	    {"x", {&getty}, "auth.fail"},
	    {"x", {&getty, &open}, "other"},
	    {"wtmp", {&getty}, "other"},
	    {"/evidence/btmp/wtmp.1", {&getty}, "other"},
	    {"h1-btmp-20261122.gz", {&open}, "auth.fail"},
	    {"utmp", {&open}, "session.open"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char data[3 * 384];
		size_t n = 0;
		struct test_sink *t;

		for (size_t k = 0; k < 3 && cases[i].recs[k]; k++)
			n += put_record(data + n, cases[i].recs[k], LE384);
		t = run(cases[i].name, data, n, 100);
		assert_int_equal(strncmp(test_sink_text(t), cases[i].kinds,
				     strlen(cases[i].kinds)),
		    0);
		test_sink_free(t);
	}
}

static void test_ids(void **state)
{
	struct rec open = {7, 1, "pts/0", "a", "", 1795000001, 5, NULL};
	struct rec dead = {8, 1, "pts/0", "", "", 1795000002, 9, NULL};
	struct rec slot = {8, 1, "pts/0", "", "", 1795000002, 3,
	    "09090909000000000000000000000000"};
	char a[3 * 400], b[3 * 400];
	size_t n = put_record(a, &open, LE384), m;
	struct test_sink *t, *u;

	n += put_record(a + n, &dead, LE384);
	n += put_record(a + n, &dead, LE384);
	m = put_record(b, &open, BE400);
	m += put_record(b + m, &slot, BE400);
	t = run("wtmp", a, n, 0);
	u = run("utmp", b, m, 0);
	assert_int_equal(t->n, 3);
	assert_int_equal(u->n, 2);
	assert_true(t->ids[0] == u->ids[0]);
	assert_true(t->ids[1] == u->ids[1]);
	assert_true(t->ids[0] != t->ids[1]);
	/* The same record once more is one fact more. */
	assert_true(t->ids[1] != t->ids[2]);
	test_sink_free(u);
	u = run("btmp", a, n, 0);
	assert_true(t->ids[0] != u->ids[0]);
	test_sink_free(u);
	test_sink_free(t);
}

static void test_sink_error_is_returned(void **state)
{
	struct source_input in = test_input("wtmp");
	struct test_sink *t = test_sink_new();
	char data[N_TYPICAL * 400];
	size_t n = put_typical(data, LE400);

	t->fail_with = -ENOSPC;
	assert_int_equal(
	    test_run(utmp(), &in, str_make(data, n), 0, t), -ENOSPC);
	test_sink_free(t);
}

static void test_real_wtmp(void **state)
{
	struct str data = test_corpus("sshd-9.2p1-verbose/wtmp");
	struct str slot = test_corpus("sshd-9.2p1-verbose/utmp");
	struct test_sink *t = run("wtmp", data.p, data.n, 0);
	struct test_sink *u = run("utmp", slot.p, slot.n, 0);

	assert_string_equal(test_sink_text(t),
	    "session.open 1795348170.684808 user=amelia pid=144 tty=pts/0 "
	    "addr=203.0.113.11 type=USER_PROCESS\n"
	    "session.close 1795348170.693272 pid=144 tty=pts/0 "
	    "type=DEAD_PROCESS\n"
	    "session.open 1795348222.540799 user=amelia pid=444 tty=pts/0 "
	    "addr=203.0.113.10 type=USER_PROCESS\n"
	    "session.close 1795348223.827441 pid=444 tty=pts/0 "
	    "type=DEAD_PROCESS\n");
	assert_string_equal(test_sink_text(u),
	    "session.close 1795348223.827422 pid=444 tty=pts/0 "
	    "addr=203.0.113.10 type=DEAD_PROCESS\n");
	assert_true(t->ids[3] == u->ids[0]);
	test_sink_free(t);
	test_sink_free(u);
	free((void *)(uintptr_t)data.p);
	free((void *)(uintptr_t)slot.p);
}

static void test_real_btmp(void **state)
{
	struct str data = test_corpus("sshd-9.2p1-verbose/btmp");
	struct test_sink *t = run("saved", data.p, data.n, 0);
	const char *text = test_sink_text(t);
	const char first[] = "auth.fail 1795348174.000000 user=bruno pid=188 "
			     "tty=ssh:notty addr=198.51.100.66 "
			     "type=LOGIN_PROCESS\n";

	assert_int_equal(t->n, 55);
	assert_int_equal(t->sink.unparsed, 0);
	assert_memory_equal(text, first, sizeof first - 1);
	/* Names that attackers chose. */
	assert_non_null(strstr(text, "user=a\\x5cnb "));
	assert_non_null(strstr(text, "user=test\\x20user "));
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(t->ids[i] != t->ids[k]);
	test_sink_free(t);
	free((void *)(uintptr_t)data.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layouts),
	    cmocka_unit_test(test_layout_of_one_record),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_resync),
	    cmocka_unit_test(test_torn_between),
	    cmocka_unit_test(test_torn_before_the_last),
	    cmocka_unit_test(test_no_time),
	    cmocka_unit_test(test_torn_tail),
	    cmocka_unit_test(test_not_utmp),
	    cmocka_unit_test(test_zeroed_records),
	    cmocka_unit_test(test_kinds_of_file),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_sink_error_is_returned),
	    cmocka_unit_test(test_real_wtmp),
	    cmocka_unit_test(test_real_btmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
