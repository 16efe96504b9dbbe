/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/scenario.h"

#define SECONDS ((int64_t)1000000)

/*
 * Lines of two sorts, words divided by one blank, the times in seconds:
 *
 *   session ID HOST ADDR PORT START END
 *   event SESSION HOST SOURCE KIND SECONDS KEY=VALUE...
 *
 * draw() gives the hops, as lines "SESSION<-SESSION WHY SECONDS-LATER".
 */
static struct str word(struct str *line)
{
	struct str ret;

	str_cut(line, ' ', &ret);
	return ret;
}

static int64_t number(struct str *line)
{
	int64_t ret;

	assert_true(str_i64(word(line), &ret));
	return ret;
}

static void add_session(struct hops *h, struct str line)
{
	struct session s = {.sum.flags = TRACK_CLOSED};

	s.sum.id = (uint64_t)number(&line);
	s.sum.host = word(&line);
	s.sum.addr = word(&line);
	s.sum.port = number(&line);
	s.sum.start = number(&line) * SECONDS;
	s.sum.end = number(&line) * SECONDS;
	assert_int_equal(hops_add(h, &s), 0);
}

static void add_event(struct hops *h, struct str line, struct arena *a)
{
	uint64_t session = (uint64_t)number(&line);
	struct str host = word(&line), cmd;
	struct event ev;

	assert_true(scenario_event(line, &ev, a));
	cmd = event_str(&ev, F_CMD);
	if (cmd.n) {
		char *p = arena_alloc(a, cmd.n);

		for (size_t i = 0; i < cmd.n; i++)
			p[i] = cmd.p[i] == ',' ? ' ' : cmd.p[i];
		event_set_str(&ev, F_CMD, str_make(p, cmd.n));
	}
	ev.session = session;
	ev.host = host;
	assert_int_equal(hops_note(h, &ev), 0);
}

static void draw(const char *text, struct buf *ret)
{
	static const char *const why[] = {"none", "port", "address", "name"};
	struct str rest = str_z(text), line;
	struct arena a = ARENA_INIT;
	struct hops h;

	hops_init(&h);
	while (rest.n) {
		str_cut(&rest, '\n', &line);
		if (str_skip(&line, STR("session ")))
			add_session(&h, line);
		else if (str_skip(&line, STR("event ")))
			add_event(&h, line, &a);
		else
			fail();
	}
	hops_finish(&h);
	for (size_t i = 0; i < h.n; i++)
		if (h.v[i].from != HOP_NOWHERE)
			buf_printf(ret, "%llu<-%llu %s %lld\n",
			    (unsigned long long)h.v[i].id,
			    (unsigned long long)h.v[h.v[i].from].id,
			    why[h.v[i].why],
			    (long long)(h.v[i].later / SECONDS));
	hops_free(&h);
	arena_free(&a);
}

static void hops_are_found(void **state)
{
	static const struct {
		const char *what, *events, *want;
	} t[] = {
	    {"a chain, by both ends",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 10.0.0.1 40000 201 800\n"
		"session 3 vault 10.0.0.2 40000 302 700\n"
		"event 2 db bpf net.connect 300 laddr=10.0.0.2 lport=40000 "
		"addr=10.0.0.3 port=22\n"
		"event 1 web bpf net.connect 200 laddr=10.0.0.1 lport=40000 "
		"addr=10.0.0.2 port=22\n",
		"2<-1 port 1\n3<-2 port 2\n"},
	    {"a port used again: the nearer in time",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 10.0.0.1 40000 200 210\n"
		"session 3 db 10.0.0.1 40000 400 410\n"
		"event 1 web bpf net.connect 399 laddr=10.0.0.1 lport=40000\n",
		"3<-1 port 1\n"},
	    {"clocks an hour apart prove nothing",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 10.0.0.1 40000 4000 4010\n"
		"event 1 web bpf net.connect 200 laddr=10.0.0.1 lport=40000\n",
		""},
	    {"loopback is of each host its own",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 127.0.0.1 40000 200 210\n"
		"session 3 web 127.0.0.1 40000 200 210\n"
		"event 1 web bpf net.connect 200 laddr=127.0.0.1 lport=40000\n",
		"3<-1 port 0\n"},
	    {"no port: ssh ran where the client's address is",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 10.0.0.1 40000 203 800\n"
		"event 9 web auth-log conn.open 50 addr=198.51.100.1 port=1 "
		"laddr=10.0.0.1 lport=22\n"
		"event 1 web audit exec 200 argv=/usr/bin/ssh,10.0.0.2\n",
		"2<-1 address 3\n"},
	    {"no address either: ssh named the host",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db.example.net 10.0.0.1 40000 203 800\n"
		"event 1 web audit exec 200 argv=ssh,-v,deploy@db,uptime\n",
		"2<-1 name 3\n"},
	    {"as a text, and with a path",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 10.0.0.1 40000 203 800\n"
		"event 1 web audit exec 200 comm=scp cmd=scp,a,db:/b\n",
		"2<-1 name 3\n"},
	    {"two sessions did so: neither",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 web 203.0.113.9 50001 100 900\n"
		"session 3 db 10.0.0.1 40000 203 800\n"
		"event 1 web audit exec 200 argv=ssh,db\n"
		"event 2 web audit exec 201 argv=ssh,db\n",
		""},
	    {"another program, another host, too long ago, too late",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 10.0.0.1 40000 400 800\n"
		"event 1 web audit exec 399 argv=less,db\n"
		"event 1 web audit exec 399 argv=ssh,other\n"
		"event 1 web audit exec 279 argv=ssh,db\n"
		"event 1 web audit exec 403 argv=ssh,db\n",
		""},
	    {"an address that two hosts have tells neither",
		"session 1 web 203.0.113.9 50000 100 900\n"
		"session 2 db 10.0.0.1 40000 203 800\n"
		"event 9 web auth-log conn.open 50 laddr=10.0.0.1 lport=22\n"
		"event 9 app auth-log conn.open 50 laddr=10.0.0.1 lport=22\n"
		"event 1 web audit exec 200 argv=ssh,db\n",
		""},
	};

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct buf got = BUF_INIT;

		draw(t[i].events, &got);
		if (!str_eqz(buf_str(&got), t[i].want))
			print_error("%s:\n", t[i].what);
		assert_string_equal(buf_z(&got), t[i].want);
		buf_free(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hops_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
