/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries as journalctl 252 writes them: an sshd login, its child, a forgery
 * by logger(1), sudo with a newline, su by a name that is not UTF-8, an audit
 * entry, and one of logind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sources/test_event.h"

extern const struct source source_journal, source_journal_file;
extern const struct source source_authlog;

static struct source_input input(void)
{
	struct source_input in = test_input("j");

	in.host = STR("fallback");
	return in;
}

static struct test_sink *run(struct str all, size_t chunk)
{
	struct source_input in = input();
	struct test_sink *t = test_sink_new();

	assert_int_equal(test_run(&source_journal, &in, all, chunk, t), 0);
	return t;
}

static const char *const formats[] = {
    "export", "json", "json-seq", "json-pretty"};

static struct str format_file(const char *format)
{
	char path[100];

	snprintf(path, sizeof path, "journal-252/entries.%s", format);
	return test_corpus(path);
}

static void check_entries(const struct test_sink *t)
{
	const struct event *ev = t->events;

	assert_int_equal(t->sink.lines, 9);
	assert_int_equal(t->sink.unparsed, 0);
	assert_int_equal(t->n, 7);
	assert_int_equal(ev[0].kind, EVENT_CONN_OPEN);
	assert_int_equal(ev[0].trust, TRUST_JOURNAL);
	assert_int_equal(ev[0].time, INT64_C(1795348168000001));
	assert_true(str_eqz(ev[0].host, "bastion01"));
	assert_true(str_eqz(ev[0].boot, "0123456789abcdef0123456789abcdef"));
	assert_true(str_eqz(ev[0].source, "journal"));
	assert_int_equal(ev[1].kind, EVENT_AUTH_OK);
	/* The sender's time, not that of the journal. */
	assert_int_equal(ev[1].time, INT64_C(1795348168000001));
	test_event_has(
	    &ev[1], "ses=7|auid=3001|pid=139|user=amelia|level=info|uid=");
	assert_int_equal(ev[2].kind, EVENT_CHANNEL_OPEN);
	assert_int_equal(ev[2].trust, TRUST_DAEMON);
	assert_int_equal(ev[3].kind, EVENT_AUTH_OK);
	assert_int_equal(ev[3].trust, TRUST_TEXT);
	test_event_has(&ev[3],
	    "ident=sshd|inferred=ident: claimed by the sender, which the "
	    "journal knows as /usr/bin/logger of uid 3001");
	assert_int_equal(ev[4].kind, EVENT_PRIV);
	assert_int_equal(ev[4].trust, TRUST_JOURNAL);
	test_event_has(
	    &ev[4], "cmd=/bin/echo a\nb|uid=3001|via=sudo|cwd=/home/x");
	test_event_has(&ev[5], "user=J\xc3\xb6rg\xff|target=root|tty=pts/0");
	test_event_has(&ev[6], "type=logind-session|user=amelia|pid=99");
}

static void test_formats(void **state)
{
	static const size_t chunks[] = {0, 1, 61, 1000};

	for (size_t i = 0; i < 4; i++) {
		struct str all = format_file(formats[i]);

		for (size_t k = 0; k < 4; k++) {
			struct test_sink *t = run(all, chunks[k]);

			check_entries(t);
			test_sink_free(t);
		}
		free((void *)(uintptr_t)all.p);
	}
}

/* The same line from a text log has the same identity. */
static void test_id(void **state)
{
	static const char text[] =
	    "Nov 22 11:49:28 bastion01 sudo:   amelia : PWD=/home/x ; "
	    "USER=root ; COMMAND=/bin/echo a#012b\n"
	    "Nov 22 11:49:28 bastion01 sshd[141]: Starting session: command "
	    "for amelia from 203.0.113.10 port 52809 id 0\n";
	struct source_input in = input();
	struct str all = format_file("json");
	struct test_sink *t = run(all, 0);
	struct test_sink *u = test_sink_new();

	assert_int_equal(test_run(&source_authlog, &in, str_z(text), 0, u), 0);
	assert_true(u->events[0].v[F_ID].u == t->events[4].v[F_ID].u);
	assert_true(u->events[1].v[F_ID].u == t->events[2].v[F_ID].u);
	test_sink_free(t);
	test_sink_free(u);
	free((void *)(uintptr_t)all.p);
}

static struct test_sink *run_text(const char *text)
{
	return run(str_z(text), 0);
}

static void test_unsure(void **state)
{
	static const struct {
		const char *fields;
		enum trust trust;
	} cases[] = {
	    /* Nothing known of the sender. */
	    {"", TRUST_TEXT},
	    /* A user's own program of that name. */
	    {"_COMM=sshd\n_EXE=/home/x/sshd\n_UID=1000\n", TRUST_TEXT},
	    {"_COMM=sshd\n_UID=1000\n", TRUST_TEXT},
	    /* A user running the real one. */
	    {"_COMM=sshd\n_EXE=/usr/sbin/sshd\n_UID=1000\n", TRUST_DAEMON},
	    {"_COMM=sshd\n_UID=0\n", TRUST_JOURNAL},
	    {"_EXE=/usr/lib/openssh/sshd-session\n_UID=0\n", TRUST_JOURNAL},
	    {"_EXE=/usr/bin/logger\n_UID=0\n", TRUST_TEXT},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[400];
		struct test_sink *t;

		snprintf(text, sizeof text,
		    "__REALTIME_TIMESTAMP=5000000\nSYSLOG_IDENTIFIER=sshd\n"
		    "MESSAGE=Server listening on :: port 22.\n%s\n",
		    cases[i].fields);
		t = run_text(text);
		assert_int_equal(t->n, 1);
		assert_int_equal(t->events[0].trust, cases[i].trust);
		assert_int_equal(event_has(&t->events[0], F_INFERRED),
		    cases[i].trust == TRUST_TEXT && cases[i].fields[0]);
		assert_true(str_eqz(t->events[0].host, "fallback"));
		test_sink_free(t);
	}
}

static void test_unset_session(void **state)
{
	struct test_sink *t =
	    run_text("__REALTIME_TIMESTAMP=5000000\n_AUDIT_SESSION=4294967295\n"
		     "_AUDIT_LOGINUID=4294967295\nSYSLOG_IDENTIFIER=sshd\n"
		     "MESSAGE=Server listening on :: port 22.\n");

	assert_int_equal(t->n, 1); /* without the blank line at the end */
	test_event_has(&t->events[0], "ses=|auid=|type=listening");
	test_sink_free(t);
}

static void test_broken(void **state)
{
	struct test_sink *t =
	    run_text("__REALTIME_TIMESTAMP=5000000\nSYSLOG_IDENTIFIER=sshd\n\n"
		     "SYSLOG_IDENTIFIER=sshd\nMESSAGE=no time\n\n"
		     "not a field\n\n"
		     "MESSAGE=x\n__REALTIME_TIMESTAMP=5000000\n\n");

	assert_int_equal(t->n, 0);
	assert_int_equal(t->sink.unparsed, 3);
	assert_int_equal(t->sink.lines, 4);
	test_sink_free(t);
	/* MESSAGE left out by journalctl for its length. */
	t = run_text("{\"__REALTIME_TIMESTAMP\":\"5\",\"SYSLOG_IDENTIFIER\":"
		     "\"sshd\",\"MESSAGE\":null}\n{broken\n[1]\n");
	assert_int_equal(t->n, 0);
	assert_int_equal(t->sink.unparsed, 3);
	assert_string_equal(t->sink.examples[0].expected,
	    "an entry with its MESSAGE (journalctl --all)");
	test_sink_free(t);
}

/* A big field of no interest is passed over, whatever its bytes. */
static void test_big_field(void **state)
{
	static const char head[] = "__REALTIME_TIMESTAMP=5000000\n"
				   "SYSLOG_IDENTIFIER=sshd\nCOREDUMP\n";
	static const char tail[] =
	    "\nMESSAGE=Server listening on :: port 22.\n\n";
	static char big[300000];
	uint64_t len = 200000;
	struct test_sink *t;
	size_t n = sizeof head - 1;

	memcpy(big, head, n);
	for (size_t i = 0; i < 8; i++)
		big[n++] = (char)(len >> 8 * i & 0xff);
	memset(big + n, '\n', len);
	n += len;
	memcpy(big + n, tail, sizeof tail - 1);
	n += sizeof tail - 1;
	t = run(str_make(big, n), 10000);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->sink.unparsed, 0);
	test_event_has(&t->events[0], "offset=0|type=listening");
	test_sink_free(t);
	/* A length that cannot be. */
	big[sizeof head - 1 + 7] = 0x7f;
	t = run(str_make(big, n), 10000);
	assert_int_equal(t->sink.unparsed, 3);
	test_sink_free(t);
}

static void test_probe(void **state)
{
	struct str host = STR_NONE;
	int64_t time = 0;
	struct source_run *none;
	struct source_input in = input();
	struct err err;

	for (size_t i = 0; i < 4; i++) {
		struct str all = format_file(formats[i]);

		assert_ptr_equal(
		    source_detect(all, "x", &host, &time), &source_journal);
		assert_true(str_eqz(host, "bastion01"));
		free((void *)(uintptr_t)all.p);
		assert_int_equal(time, INT64_C(1795348168000001));
	}
	assert_ptr_equal(
	    source_detect(STR("LPKSHHRH\0\0\0\0"), "x", &host, &time),
	    &source_journal_file);
	assert_int_equal(source_journal_file.open(&none, &in, &err), -95);
	assert_non_null(strstr(err.text, "journalctl --file j -o export"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_formats),
	    cmocka_unit_test(test_id),
	    cmocka_unit_test(test_unsure),
	    cmocka_unit_test(test_unset_session),
	    cmocka_unit_test(test_broken),
	    cmocka_unit_test(test_big_field),
	    cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
