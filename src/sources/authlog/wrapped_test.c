/* SPDX-License-Identifier: Apache-2.0 */
/* Audit records that stand in text logs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sources/test_sink.h"

extern const struct source source_authlog, source_audit;

#define ID "msg=audit(1700000000.123:7): "
#define CMD_BODY                                                               \
	"pid=20 uid=0 auid=1000 ses=5 msg='cwd=\"/root\" cmd=\"id\" "          \
	"exe=\"/usr/bin/sudo\" terminal=pts/0 res=success'"
#define CMD	 "type=USER_CMD " ID CMD_BODY
#define CMD_TAIL "UID=\"root\" AUID=\"alice\""

/* A line of a text log, and what would stand in an audit log of that host. */
static const struct {
	const char *line, *record;
	uint64_t unparsed;
} cases[] = {
    {"Nov  3 10:00:00 h1 audispd: " CMD, CMD, 0},
    {"Nov  3 10:00:00 other audispd: node=h2 " CMD, "node=h2 " CMD, 0},
    {"Nov  3 10:00:00 h2 audispd: " CMD, "node=h2 " CMD, 0},
    {"Nov  3 10:00:00 h1 audisp-syslog[812]: " CMD, CMD, 0},
    {"Nov  3 10:00:00 h1 auditd[811]: " CMD, CMD, 0},
    {"2023-11-14T22:13:20.123+00:00 h1 tag_audit_log: " CMD, CMD, 0},
    {"<86>1 2023-11-14T22:13:20Z h1 audispd - - - " CMD, CMD, 0},
    {"{\"time\":\"2023-11-14T22:13:20Z\",\"host\":\"h1\","
     "\"ident\":\"audispd\",\"msg\":\"type=CWD " ID "cwd=\\\"/x\\\"\"}",
	NULL, 0},
    /* Enriched: 0x1d as it is, and as rsyslog writes it. */
    {"Nov  3 10:00:00 h1 audispd: " CMD "\x1d" CMD_TAIL, CMD "\x1d" CMD_TAIL,
	0},
    {"Nov  3 10:00:00 h1 audispd: " CMD "#035" CMD_TAIL, CMD "\x1d" CMD_TAIL,
	0},
    {"Nov  3 10:00:00 h1 audispd: type=CWD " ID "cwd=\"/a#035AUID=x\"",
	"type=CWD " ID "cwd=\"/a#035AUID=x\"", 0},
    {"Nov  3 10:00:00 h1 audispd: type=CWD " ID "cwd=/a#035",
	"type=CWD " ID "cwd=/a#035", 0},
    /* The kernel itself, when no auditd takes its records. */
    {"Nov  3 10:00:00 h1 kernel: [   12.345678] audit: type=1123 "
     "audit(1700000000.123:7): " CMD_BODY,
	CMD, 0},
    {"Nov  3 10:00:00 h1 kernel: audit: type=1123 "
     "audit(1700000000.123:7): " CMD_BODY,
	CMD, 0},
    {"Nov  3 10:00:00 h1 kernel: [12.345678] type=1123 "
     "audit(1700000000.123:7): " CMD_BODY,
	CMD, 0},
    /* Lines that are no records: some should have been. */
    {"Nov  3 10:00:00 h1 kernel: audit: type=1400 audit(12-45:7): x", "", 1},
    {"Nov  3 10:00:00 h1 audispd: type=SYSCALL msg=?", "", 1},
    {"Nov  3 10:00:00 h1 audispd: queue is full", "", 0},
    {"Nov  3 10:00:00 h1 auditd[811]: Init complete, auditd 3.0.9", "", 0},
    {"Nov  3 10:00:00 h1 kernel: [ab.5] audit: type=1300 audit(1.1:1): ", "",
	0},
    {"Nov  3 10:00:00 h1 foo: type=disk size=5", "", 0},
    {"Nov  3 10:00:00 h1 sudo: " CMD, NULL, 1},
};

static struct test_sink *run(
    const struct source *src, struct str text, size_t chunk)
{
	struct source_input in = test_input("log");
	struct test_sink *t = test_sink_new();

	assert_int_equal(test_run(src, &in, text, chunk, t), 0);
	return t;
}

static void test_as_in_audit_log(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct test_sink *got =
		    run(&source_authlog, str_z(cases[i].line), i % 2);
		struct test_sink *want;

		assert_int_equal(got->sink.lines, 1);
		assert_int_equal(got->sink.unparsed, cases[i].unparsed);
		if (!cases[i].record) {
			test_sink_free(got);
			continue;
		}
		want = run(&source_audit, str_z(cases[i].record), 0);
		if (strcmp(test_sink_text(got), test_sink_text(want)) != 0)
			fail_msg("%s\n got: %s\nwant: %s", cases[i].line,
			    test_sink_text(got), test_sink_text(want));
		assert_int_equal(got->n, want->n);
		if (got->n)
			assert_true(got->ids[0] == want->ids[0]);
		test_sink_free(got);
		test_sink_free(want);
	}
}

static void add_escaped(struct buf *to, struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\x1d')
			buf_add_z(to, "#035");
		else
			buf_add_char(to, line.p[i]);
	}
}

/* A recorded log as rsyslog writes what a plug-in gives it. */
static void check_whole_log(const char *name)
{
	static const size_t chunks[] = {0, 1, 999, 65536};
	struct str all = test_corpus(name);
	struct str part = str_upto(all, 100000), rest, line;
	struct test_sink *want, *got;
	struct buf text = BUF_INIT;

	part.n = str_rfind_char(part, '\n') + 1;
	want = run(&source_audit, part, 0);
	assert_true(want->n > 100);
	for (rest = part; str_cut(&rest, '\n', &line);) {
		buf_add_z(&text, "Nov  3 10:00:00 h1 audispd: ");
		add_escaped(&text, line);
		buf_add_z(&text, "\nNov  3 10:00:00 h1 cron[1]: x\n");
	}
	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
		got = run(&source_authlog, buf_str(&text), chunks[i]);
		assert_string_equal(test_sink_text(got), test_sink_text(want));
		assert_memory_equal(
		    got->ids, want->ids, want->n * sizeof *want->ids);
		assert_int_equal(got->sink.unparsed, 0);
		test_sink_free(got);
	}
	test_sink_free(want);
	buf_free(&text);
	free((void *)(uintptr_t)all.p);
}

static void test_whole_log(void **state)
{
	check_whole_log("audit-real/raw-node.log");
	check_whole_log("audit-real/enriched.log");
}

/* Anybody can write such lines: nothing in them is vouched for. */
static void test_trust(void **state)
{
	struct test_sink *t = run(&source_authlog,
	    STR("Nov  3 10:00:00 h1 audispd: " CMD "\n"
		"Nov  3 10:00:00 h1 kernel: audit: type=1006 "
		"audit(1700000000.123:8): pid=5 uid=0 old-auid=4294967295 "
		"auid=1000 tty=(none) old-ses=4294967295 ses=9 res=1\n"),
	    0);

	assert_int_equal(t->n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(t->events[i].trust, TRUST_TEXT);
		assert_true(str_eqz(t->events[i].source, "audit"));
	}
	assert_non_null(strstr(test_sink_text(t), "type=LOGIN"));
	test_sink_free(t);
}

static void test_loss(void **state)
{
	struct test_sink *t = run(&source_authlog,
	    STR("2023-11-14T22:13:20Z h2 kernel: [1.5] audit: audit_lost=3 "
		"audit_rate_limit=0 audit_backlog_limit=64\n"
		"2023-11-14T22:13:21Z h2 kernel: kauditd_printk_skb: 12 "
		"callbacks suppressed\n"
		"2023-11-14T22:13:21Z h2 foo: audit: audit_lost=3\n"
		"Nov  3 10:00:00 h2 kernel: audit: backlog limit exceeded\n"),
	    0);

	assert_int_equal(t->n, 3);
	assert_int_equal(t->sink.unparsed, 0);
	assert_non_null(strstr(test_sink_text(t), "gap 1700000000.000000"));
	assert_non_null(strstr(test_sink_text(t), "lost=3"));
	assert_non_null(strstr(test_sink_text(t), "gap 1700000001.000000"));
	assert_non_null(
	    strstr(test_sink_text(t), "year\\x20from\\x20the\\x20file's"));
	test_sink_free(t);
}

/* An event whose records are not all there yet waits for the next file. */
static void test_held(void **state)
{
	static const char first[] =
	    "Nov  3 10:00:00 h1 sshd[5]: Connection from 192.0.2.1 port 5 on "
	    "192.0.2.2 port 22\n"
	    "Nov  3 10:00:00 h1 audispd: type=SYSCALL "
	    "msg=audit(1700000000.1:6): arch=c000003e syscall=87 success=yes "
	    "exit=0 items=1 pid=2\n";
	static const char second[] =
	    "Nov  3 10:00:00 h1 audispd: type=PATH msg=audit(1700000000.1:6): "
	    "item=0 name=\"/f\" nametype=DELETE\n";
	struct source_input in = test_input("syslog.1");
	struct test_sink *t = test_sink_new();
	const struct source *src = &source_authlog;
	struct source_run *r;

	assert_int_equal(src->open(&r, &in, NULL), 0);
	assert_int_equal(src->held(r, 999), 999);
	assert_int_equal(test_feed(src, r, str_z(first), 0, t), 0);
	assert_int_equal(t->n, 1);
	assert_int_equal(src->held(r, 999), strchr(first, '\n') + 1 - first);
	assert_int_equal(src->next(r, &in), 0);
	assert_int_equal(test_feed(src, r, str_z(second), 0, t), 0);
	assert_int_equal(src->finish(r, &t->sink), 0);
	assert_int_equal(src->held(r, 999), 999);
	src->close(r);
	assert_int_equal(t->n, 2);
	assert_non_null(strstr(test_sink_text(t), "path=/f op=delete"));
	test_sink_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_in_audit_log),
	    cmocka_unit_test(test_whole_log),
	    cmocka_unit_test(test_trust),
	    cmocka_unit_test(test_loss),
	    cmocka_unit_test(test_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
