/* SPDX-License-Identifier: Apache-2.0 */
/* Whole logs of a real sshd, in four formats, and streams made up of lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sources/test_event.h"

extern const struct source source_authlog;

/* 2026-11-23 01:28:12 UTC */
#define MTIME INT64_C(1795397292000000)

static struct source_input input(void)
{
	struct source_input in = test_input("auth.log");

	in.mtime = MTIME;
	in.host = STR("fallback");
	in.host_inferred = "host from the command line";
	return in;
}

static struct test_sink *run(struct str text, size_t chunk)
{
	struct source_input in = input();
	struct test_sink *t = test_sink_new();

	assert_int_equal(test_run(&source_authlog, &in, text, chunk, t), 0);
	return t;
}

static struct test_sink *run_text(const char *text)
{
	return run(str_z(text), 0);
}

static struct str load(const char *name)
{
	char path[200];

	snprintf(path, sizeof path, "sshd-9.2p1-verbose/%s", name);
	return test_corpus(path);
}

static struct test_sink *run_file(const char *name, size_t chunk)
{
	struct str all = load(name);
	struct test_sink *t = run(all, chunk);

	free((void *)(uintptr_t)all.p);
	return t;
}

static const char *const formats[] = {
    "auth.iso8601.log", "auth.rfc3164.log", "auth.rfc5424.log", "auth.jsonl"};

/* Same events; a format may tell less precise times and no severity. */
static void compare(const struct test_sink *a, const struct test_sink *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		struct event x = a->events[i];
		struct event y = b->events[i];
		struct buf jx = BUF_INIT, jy = BUF_INIT;

		assert_int_equal(x.time / USEC_PER_SEC, y.time / USEC_PER_SEC);
		x.time = y.time = 0;
		event_unset(&x, F_OFFSET);
		event_unset(&y, F_OFFSET);
		event_unset(&x, F_LEVEL);
		event_unset(&y, F_LEVEL);
		if (event_has(&x, F_INFERRED) != event_has(&y, F_INFERRED) ||
		    str_starts(event_str(&y, F_INFERRED), STR("reason")) !=
			str_starts(event_str(&x, F_INFERRED), STR("reason")) ||
		    str_find(event_str(&y, F_INFERRED), STR("year")) !=
			STR_NPOS) {
			event_unset(&x, F_INFERRED);
			event_unset(&y, F_INFERRED);
		}
		event_to_json(&x, 0, &jx);
		event_to_json(&y, 0, &jy);
		assert_non_null(buf_z(&jx));
		assert_non_null(buf_z(&jy));
		assert_string_equal(jx.p, jy.p);
		buf_free(&jx);
		buf_free(&jy);
	}
}

static void test_four_formats(void **state)
{
	struct test_sink *first = run_file(formats[0], 0);

	assert_int_equal(first->sink.lines, 511);
	assert_int_equal(first->sink.unparsed, 0);
	assert_int_equal(first->n, 511);
	for (size_t i = 1; i < 4; i++) {
		struct test_sink *t = run_file(formats[i], 0);

		assert_int_equal(t->sink.lines, 511);
		assert_int_equal(t->sink.unparsed, 0);
		compare(first, t);
		test_sink_free(t);
	}
	test_sink_free(first);
}

static void test_pieces(void **state)
{
	struct test_sink *whole = run_file(formats[3], 0);
	struct test_sink *pieces = run_file(formats[3], 37);

	compare(whole, pieces);
	test_sink_free(whole);
	test_sink_free(pieces);
}

static unsigned count(const struct test_sink *t, enum event_kind kind,
    const char *type, const char *method)
{
	unsigned n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct event *ev = &t->events[i];

		n += ev->kind == kind &&
		     (!type || str_eqz(event_str(ev, F_TYPE), type)) &&
		     (!method || str_eqz(event_str(ev, F_METHOD), method));
	}
	return n;
}

static void test_truth(void **state)
{
	struct test_sink *t = run_file(formats[1], 1 << 20);

	assert_int_equal(count(t, EVENT_AUTH_OK, NULL, NULL), 20);
	assert_int_equal(count(t, EVENT_AUTH_OK, NULL, "publickey"), 16);
	assert_int_equal(count(t, EVENT_AUTH_OK, NULL, "password"), 3);
	assert_int_equal(
	    count(t, EVENT_AUTH_OK, NULL, "keyboard-interactive/pam"), 1);
	assert_int_equal(count(t, EVENT_AUTH_FAIL, NULL, NULL), 50);
	assert_int_equal(count(t, EVENT_AUTH_FAIL, NULL, "password"), 35);
	assert_int_equal(count(t, EVENT_AUTH_FAIL, NULL, "publickey"), 14);
	assert_int_equal(
	    count(t, EVENT_AUTH_FAIL, NULL, "keyboard-interactive/pam"), 1);
	assert_int_equal(count(t, EVENT_AUTH_PARTIAL, "partial", NULL), 1);
	assert_int_equal(count(t, EVENT_AUTH_PARTIAL, "postponed", NULL), 21);
	assert_int_equal(count(t, EVENT_OTHER, "invalid-user", NULL), 19);
	assert_int_equal(count(t, EVENT_CONN_OPEN, NULL, NULL), 70);
	assert_int_equal(count(t, EVENT_PRIV, NULL, NULL), 5);
	test_sink_free(t);
}

/* Who was tried in the failures, in the order of truth.json. */
static void test_hostile_names(void **state)
{
	static const char *const names[] = {"admin", "oracle", "test user",
	    "root from 10.9.9.9 port 22 ssh2",
	    "for amelia from 203.0.113.10 port 1 ssh2",
	    "bruno 203.0.113.10 port 4444", "J\303\266rg", "back\\slash",
	    "tab\there", NULL, "esc\033[31mred",
	    "nl\nAccepted password for root from 6.6.6.6 port 22 ssh2", " lead",
	    "trail ", "quote\"'q", "%s%n", "", "a\\nb", "invalid user root"};
	static const enum event_kind kinds[] = {
	    EVENT_OTHER, EVENT_AUTH_FAIL, EVENT_CONN_CLOSE};
	struct test_sink *t = run_file(formats[0], 0);

	for (size_t k = 0; k < 3; k++) {
		size_t n = 0;

		for (size_t i = 0; i < t->n; i++) {
			const struct event *ev = &t->events[i];
			struct str user = event_str(ev, F_USER);

			if (ev->kind != kinds[k] || !user.p ||
			    event_int(ev, F_VALID, true) ||
			    str_eqz(user, "dave"))
				continue;
			assert_true(n < 19);
			if (names[n])
				assert_true(str_eqz(user, names[n]));
			else
				assert_true(user.n >= 100);
			assert_true(
			    str_eqz(event_str(ev, F_ADDR), "198.51.100.66"));
			n++;
		}
		assert_int_equal(n, 19);
	}
	test_sink_free(t);
}

static void test_fields(void **state)
{
	struct test_sink *t = run_file(formats[0], 0);

	test_event_has(&t->events[2],
	    "pid=139|ident=sshd|addr=203.0.113.10|port=52809|laddr=192.0.2.1|"
	    "lport=22|offset=177");
	assert_int_equal(t->events[2].kind, EVENT_CONN_OPEN);
	assert_int_equal(t->events[2].time, INT64_C(1795348169946474));
	assert_true(str_eqz(t->events[2].host, "bastion01"));
	assert_true(str_eqz(t->events[2].source, "auth-log"));
	assert_int_equal(t->events[2].trust, TRUST_TEXT);
	test_event_has(test_only(t, EVENT_CHANNEL_OPEN, "subsystem-refused"),
	    "user=amelia|service=netconf|success=0|chan_type=subsystem");
	test_event_has(test_only(t, EVENT_AUTH_PARTIAL, "partial"),
	    "user=twofa|method=publickey|addr=203.0.113.10|port=42181|"
	    "key_type=ED25519|"
	    "fp=SHA256:+3Y3ogjSZVCHQcAs1hkMHCkcezCdAwLmKeR3q55HuW4");
	test_event_has(test_only(t, EVENT_CHANNEL_OPEN, "key-option"),
	    "cmd=/bin/echo deployed|user=deploy|chan=0|port=52931");
	test_event_has(test_only(t, EVENT_OTHER, "key-revoked"),
	    "reason=key revoked|path=/etc/ssh/revoked_keys");
	test_event_has(test_only(t, EVENT_AGENT_STOP, NULL), "signal=15");
	test_sink_free(t);
}

/*
 * Keys of an unknown user are refused unseen: no "Failed" even at VERBOSE. As
 * many lines as a scan with a key leaves.
 */
static void test_weak_invalid_verbose(void **state)
{
	struct test_sink *t = run_text(
	    "Nov 22 11:49:30 h sshd[9]: Connection from 192.0.2.9 port 53 on "
	    "192.0.2.1 port 22\n"
	    "Nov 22 11:49:30 h sshd[9]: Invalid user oracle from 192.0.2.9 "
	    "port 53\n"
	    "Nov 22 11:49:30 h sshd[9]: Connection closed by invalid user "
	    "oracle 192.0.2.9 port 53 [preauth]\n");

	assert_int_equal(t->n, 4);
	assert_int_equal(t->events[3].kind, EVENT_AUTH_FAIL);
	test_event_has(&t->events[3], "user=oracle|valid=0|weak=1|port=53");
	test_sink_free(t);
}

/* At INFO the refusal of a key is all that tells of the attempt. */
static void test_refused_key(void **state)
{
	struct test_sink *t = run_text(
	    "Nov 22 11:49:30 h sshd[9]: error: Authentication key ED25519 "
	    "SHA256:abc revoked by file /etc/ssh/revoked\n"
	    "Nov 22 11:49:31 h sshd[10]: ROOT LOGIN REFUSED FROM 192.0.2.9 "
	    "port 5\n");

	assert_int_equal(t->n, 2);
	assert_int_equal(t->events[0].kind, EVENT_AUTH_FAIL);
	test_event_has(&t->events[0], "method=publickey|fp=SHA256:abc");
	assert_int_equal(t->events[1].kind, EVENT_AUTH_FAIL);
	assert_false(event_has(&t->events[1], F_METHOD));
	test_sink_free(t);
}

/* The same failed keys at LogLevel INFO: the end of the connection tells. */
static void test_weak(void **state)
{
	struct test_sink *t = run_text(
	    "Nov 22 11:49:28 h sshd[7]: Connection closed by authenticating "
	    "user amelia 192.0.2.9 port 51 [preauth]\n"
	    "Nov 22 11:49:29 h sshd[8]: Failed password for bob from "
	    "192.0.2.9 port 52 ssh2\n"
	    "Nov 22 11:49:29 h sshd[8]: Received disconnect from 192.0.2.9 "
	    "port 52:11: Bye Bye [preauth]\n"
	    "Nov 22 11:49:29 h sshd[8]: Disconnected from authenticating user "
	    "bob 192.0.2.9 port 52 [preauth]\n"
	    "Nov 22 11:49:30 h sshd[9]: Connection from 192.0.2.9 port 53 on "
	    "192.0.2.1 port 22\n"
	    "Nov 22 11:49:30 h sshd[9]: Connection closed by authenticating "
	    "user carol 192.0.2.9 port 53 [preauth]\n"
	    "Nov 22 11:49:31 h sshd[8]: error: maximum authentication attempts "
	    "exceeded for invalid user x from 192.0.2.9 port 54 ssh2 "
	    "[preauth]\n"
	    "Nov 22 11:49:31 h sshd[8]: Disconnecting invalid user x 192.0.2.9 "
	    "port 54: Too many authentication failures [preauth]\n");
	const struct event *ev = t->events;

	assert_int_equal(t->n, 10);
	assert_int_equal(ev[0].kind, EVENT_CONN_CLOSE);
	assert_int_equal(ev[1].kind, EVENT_AUTH_FAIL);
	test_event_has(&ev[1], "user=amelia|addr=192.0.2.9|port=51|weak=1|"
			       "valid=1|preauth=1|type=");
	assert_true(ev[0].v[F_ID].u != ev[1].v[F_ID].u);
	assert_int_equal(ev[2].kind, EVENT_AUTH_FAIL);
	assert_false(event_has(&ev[2], F_WEAK));
	assert_int_equal(ev[4].kind, EVENT_CONN_CLOSE);
	assert_int_equal(ev[5].kind, EVENT_CONN_OPEN);
	assert_int_equal(ev[6].kind, EVENT_CONN_CLOSE);
	test_event_has(&ev[7], "type=max-attempts|user=x|valid=0");
	assert_int_equal(ev[8].kind, EVENT_AUTH_FAIL);
	test_event_has(&ev[8], "user=x|valid=0|weak=1|port=54");
	assert_int_equal(ev[9].kind, EVENT_CONN_CLOSE);
	test_event_has(&ev[9], "reason=Too many authentication failures");
	test_sink_free(t);
}

/* At INFO the refusal is the only trace, at VERBOSE `Failed` follows. */
static void test_refusals(void **state)
{
	struct test_sink *t = run_text(
	    "Nov 22 11:49:28 h sshd[7]: /h/.ssh/authorized_keys:4: "
	    "Authentication tried for amelia with correct key but not from a "
	    "permitted host (host=a.example, ip=192.0.2.9, "
	    "required=10.9.0.0/16).\n"
	    "Nov 22 11:49:28 h sshd[7]: Connection closed by authenticating "
	    "user amelia 192.0.2.9 port 51 [preauth]\n"
	    "Nov 22 11:49:30 h sshd[9]: Connection from 192.0.2.9 port 53 on "
	    "192.0.2.1 port 22\n"
	    "Nov 22 11:49:30 h sshd[9]: error: Authentication key ED25519 "
	    "SHA256:abc revoked by file /etc/ssh/r\n"
	    "Nov 22 11:49:30 h sshd[9]: Failed publickey for carol from "
	    "192.0.2.9 port 53 ssh2: ED25519 SHA256:abc\n"
	    "Nov 22 11:49:30 h sshd[9]: Failed publickey for carol from "
	    "192.0.2.9 port 53 ssh2: ED25519 SHA256:def\n");

	assert_int_equal(t->n, 6);
	assert_int_equal(t->events[0].kind, EVENT_AUTH_FAIL);
	test_event_has(&t->events[0],
	    "user=amelia|addr=192.0.2.9|path=/h/.ssh/authorized_keys:4|"
	    "reason=correct key, but not from a permitted host");
	assert_int_equal(t->events[1].kind, EVENT_CONN_CLOSE);
	assert_int_equal(t->events[3].kind, EVENT_OTHER);
	assert_int_equal(t->events[4].kind, EVENT_AUTH_FAIL);
	test_event_has(&t->events[4], "reason=key revoked|fp=SHA256:abc");
	test_event_has(&t->events[5], "reason=|fp=SHA256:def");
	test_sink_free(t);
}

static void test_repeats(void **state)
{
	struct test_sink *t = run_text(
	    "Nov 22 11:49:28 h sshd[7]: Failed password for bob from 192.0.2.9 "
	    "port 52 ssh2\n"
	    "Nov 22 11:49:30 h sshd[7]: message repeated 2 times: [ Failed "
	    "password for bob from 192.0.2.9 port 52 ssh2]\n"
	    "Nov 22 11:49:31 h last message repeated 3 times\n"
	    "Nov 22 11:49:32 h kernel: hello\n"
	    "Nov 22 11:49:33 h last message repeated 9 times\n"
	    "Nov 22 11:49:33 other last message repeated 9 times\n");

	assert_int_equal(t->n, 3);
	test_event_has(&t->events[0], "repeat=");
	test_event_has(&t->events[1], "repeat=2|user=bob|port=52");
	test_event_has(&t->events[2], "repeat=3|user=bob|port=52|pid=7");
	assert_int_equal(t->events[2].time - t->events[1].time, USEC_PER_SEC);
	assert_true(t->events[0].v[F_ID].u != t->events[1].v[F_ID].u);
	assert_true(t->events[1].v[F_ID].u != t->events[2].v[F_ID].u);
	assert_int_equal(t->sink.lines, 6);
	assert_int_equal(t->sink.unparsed, 1);
	test_sink_free(t);
}

/* A collector's file: lines of many hosts in between. */
static void test_repeats_of_hosts(void **state)
{
	struct test_sink *t = run_text(
	    "Nov 22 11:49:28 a sshd[7]: Failed password for bob from 192.0.2.9 "
	    "port 52 ssh2\n"
	    "Nov 22 11:49:29 b sshd[7]: Failed password for eve from 192.0.2.8 "
	    "port 53 ssh2\n"
	    "Nov 22 11:49:30 c kernel: hello\n"
	    "Nov 22 11:49:31 a last message repeated 3 times\n"
	    "Nov 22 11:49:31 c last message repeated 4 times\n"
	    "Nov 22 11:49:31 b last message repeated 5 times\n"
	    "Nov 22 11:49:31 d last message repeated 6 times\n");

	assert_int_equal(t->n, 4);
	test_event_has(&t->events[2], "repeat=3|user=bob|port=52|pid=7");
	assert_true(str_eqz(t->events[2].host, "a"));
	test_event_has(&t->events[3], "repeat=5|user=eve|port=53|pid=7");
	assert_true(str_eqz(t->events[3].host, "b"));
	assert_int_equal(t->sink.unparsed, 1);
	assert_int_equal(t->sink.examples[0].line, 7);
	test_sink_free(t);
}

static void test_ids(void **state)
{
	struct test_sink *a =
	    run_text("Nov 22 11:49:28 h sudo:   bob : PWD=/ ; USER=root ; "
		     "COMMAND=/bin/echo a#012b\n");
	struct test_sink *b = run_text(
	    "{\"time\":\"2026-11-22T11:49:28.5Z\",\"host\":\"h\",\"prog\":"
	    "\"sudo\",\"msg\":\"bob : PWD=/ ; USER=root ; COMMAND=/bin/echo "
	    "a\\nb\"}\n");

	assert_int_equal(a->n, 1);
	assert_int_equal(b->n, 1);
	test_event_has(&a->events[0], "cmd=/bin/echo a\nb|user=bob");
	assert_true(str_find(event_str(&a->events[0], F_INFERRED),
			STR("#ooo")) != STR_NPOS);
	assert_true(a->events[0].v[F_ID].u == b->events[0].v[F_ID].u);
	test_sink_free(a);
	test_sink_free(b);
}

static void test_skipped_and_kept(void **state)
{
	struct test_sink *t = run_text(
	    "-- Boot 0123 --\n"
	    "\n"
	    "Nov 22 11:49:28 h kernel: Accepted password for root from 1.2.3.4 "
	    "port 5 ssh2\n"
	    "Nov 22 11:49:28 h sshd[7]: something new in version 11\n"
	    " a second line of it\n"
	    "Nov 22 11:49:28 h systemd[1]: pam_unix(systemd-user:session): "
	    "session opened for user bob(uid=1) by (uid=0)\n"
	    "Nov 22 11:49:28 h systemd-logind[5]: New seat seat0.\n"
	    "garbage\n"
	    "Nov 22 11:49:28 h CRON[5]: (root) CMD (true)\n");

	assert_int_equal(t->sink.lines, 9);
	assert_int_equal(t->sink.unparsed, 2);
	assert_int_equal(t->sink.examples[0].line, 4);
	assert_int_equal(t->sink.examples[1].line, 8);
	assert_int_equal(t->n, 4);
	assert_int_equal(t->events[0].kind, EVENT_OTHER);
	test_event_has(&t->events[0], "text=something new in version 11|type=");
	test_event_has(
	    &t->events[1], "text= a second line of it|type=continuation|pid=7");
	test_event_has(
	    &t->events[2], "service=systemd-user|user=bob|uid=1|ident=systemd");
	test_event_has(
	    &t->events[3], "text=New seat seat0.|ident=systemd-logind");
	test_sink_free(t);
}

static void test_no_host(void **state)
{
	struct test_sink *t = run_text(
	    "{\"time\":\"2026-11-22T11:49:28Z\",\"prog\":\"sshd\",\"pid\":7,"
	    "\"severity\":6,\"message\":\"Server listening on :: port "
	    "22.\"}\n");

	assert_int_equal(t->n, 1);
	assert_true(str_eqz(t->events[0].host, "fallback"));
	test_event_has(&t->events[0],
	    "inferred=host from the command line|level=info|pid=7|laddr=::|"
	    "lport=22|type=listening");
	test_sink_free(t);
}

static void test_long_line(void **state)
{
	static char data[256 << 10];
	struct test_sink *t;
	size_t n;

	memset(data, 'x', 200000);
	memcpy(data, "Nov 22 11:49:28 h sshd[1]: ", 27);
	n = 200000;
	n += (size_t)snprintf(data + n, sizeof data - n,
	    "\nNov 22 11:49:29 h sshd[7]: Server listening on :: port 22.\n");
	t = run(str_make(data, n), 70000);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->sink.lines, 2);
	assert_int_equal(t->sink.unparsed, 1);
	test_event_has(&t->events[0], "offset=200001|type=listening");
	test_sink_free(t);
}

/* Two years in one file, known only after a first pass. */
static void test_years(void **state)
{
	struct test_sink *t = run_text(
	    "Mar  1 00:00:00 h sshd[1]: Server listening on :: port 1.\n"
	    "Dec 31 23:59:59 h sshd[1]: Server listening on :: port 2.\n"
	    "Jan  1 00:00:00 h sshd[1]: Server listening on :: port 3.\n"
	    "Dec 20 23:59:59 h sshd[1]: Server listening on :: port 4.\n"
	    "Mar  1 00:00:00 h sshd[1]: Server listening on :: port 5.\n");
	static const int years[] = {2024, 2024, 2025, 2025, 2026};

	assert_int_equal(t->n, 5);
	for (size_t i = 0; i < 5; i++) {
		struct civil c;

		time_to_civil(t->events[i].time, &c);
		assert_int_equal(c.year, years[i]);
		test_event_has(&t->events[i],
		    "inferred=year from the file's modification time");
	}
	test_sink_free(t);
}

/* The file was touched in a year that has no such day. */
static void test_leap_day(void **state)
{
	struct test_sink *t = run_text(
	    "Feb 29 00:00:00 h sshd[1]: Server listening on :: port 1.\n"
	    "Dec 31 23:59:59 h sshd[1]: Server listening on :: port 2.\n"
	    "Jan  1 00:00:00 h sshd[1]: Server listening on :: port 3.\n");
	static const int years[] = {2024, 2024, 2025};

	assert_int_equal(t->n, 3);
	for (size_t i = 0; i < 3; i++) {
		struct civil c;

		time_to_civil(t->events[i].time, &c);
		assert_int_equal(c.year, years[i]);
		assert_int_equal(c.day, i ? (i == 1 ? 31 : 1) : 29);
	}
	test_sink_free(t);
}

static void test_probe(void **state)
{
	struct str host;
	int64_t time;
	int plain, known;

	known = source_authlog.probe(
	    STR("Nov 22 11:49:28 h sshd[7]: x\nNov 2"), "x", &host, &time);
	assert_true(str_eqz(host, "h"));
	assert_int_equal(time, 0);
	plain = source_authlog.probe(
	    STR("2026-11-22T11:49:28Z h2 kernel: x\n"), "x", &host, &time);
	assert_true(str_eqz(host, "h2"));
	assert_int_equal(time, INT64_C(1795348168000000));
	assert_true(known > plain && plain > 0);
	assert_int_equal(source_authlog.probe(
			     STR("hello\nworld\n"), "auth.log", &host, &time),
	    0);
	assert_int_equal(source_authlog.probe(STR("type=LOGIN msg=audit(1.2:3)"
						  ": pid=1\n"),
			     "audit.log", &host, &time),
	    0);
	for (size_t i = 0; i < 4; i++) {
		struct str all = load(formats[i]);

		assert_ptr_equal(
		    source_detect(str_upto(all, 65536), "x", &host, &time),
		    &source_authlog);
		assert_true(str_eqz(host, "bastion01"));
		free((void *)(uintptr_t)all.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_four_formats),
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_truth),
	    cmocka_unit_test(test_hostile_names),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_refused_key),
	    cmocka_unit_test(test_weak),
	    cmocka_unit_test(test_weak_invalid_verbose),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_repeats),
	    cmocka_unit_test(test_repeats_of_hosts),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_skipped_and_kept),
	    cmocka_unit_test(test_no_host),
	    cmocka_unit_test(test_long_line),
	    cmocka_unit_test(test_years),
	    cmocka_unit_test(test_leap_day),
	    cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
