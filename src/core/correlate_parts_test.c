/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on from one part of a log to the next. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/scenario.h"

#define CONN(t, pid, addr, port)                                               \
	"auth-log conn.open " t " ident=sshd pid=" pid " addr=" addr           \
	" port=" port "\n"

/* Damaged at any place it is refused, or taken for something else. */
static void damaged_state_is_refused(void **state)
{
	static const char events[] = CONN("100", "7", "a",
	    "1") "auth-log auth.ok 101 ident=sshd pid=7 user=ann addr=a "
		 "port=1\n"
		 "audit session.open 102 trust=kernel ses=4 pid=7 auid=1000\n"
		 "audit exec 103 ses=4 pid=9 ppid=8 tty=pts0 argv=-bash\n"
		 "utmp session.open 104 pid=8 user=ann addr=a tty=pts/0\n";
	struct scenario s;
	struct buf whole = BUF_INIT;

	scenario_run_cut(&s, events);
	buf_add_str(&whole, buf_str(&s.saved));
	for (size_t i = 0; i < whole.n; i++) {
		struct event ev;
		int r;

		buf_clear(&s.saved);
		buf_add_str(&s.saved, buf_str(&whole));
		s.saved.p[i] = (char)(s.saved.p[i] ^ 0x85);
		assert_int_equal(correlator_part(s.c, STR("log"), 1, false), 0);
		event_init(&ev, EVENT_OTHER);
		ev.host = STR("h");
		ev.source = STR("audit");
		r = correlate(s.c, &ev);
		assert_true(r == 0 || r == -EBADMSG);
	}
	buf_free(&whole);
	scenario_free(&s);
}

/* An event of the part `n`, at a time; whether parts are out of order now. */
static bool told_at(
    struct scenario *s, uint64_t n, bool goes_on, const char *seconds)
{
	struct event ev;
	struct buf line = BUF_INIT;

	buf_printf(&line, "auth-log conn.open %s ident=sshd pid=7", seconds);
	assert_int_equal(correlator_save(s->c), 0);
	assert_int_equal(correlator_part(s->c, STR("log"), n, goes_on), 0);
	scenario_event(buf_str(&line), &ev, &s->a);
	assert_int_equal(correlate(s->c, &ev), 0);
	buf_free(&line);
	return correlator_disordered(s->c);
}

/* A part that begins before the one read last was read too late. */
static void order_of_parts(void **state)
{
	struct scenario s;

	scenario_run(&s, "");
	assert_false(told_at(&s, 1, false, "100"));
	assert_false(told_at(&s, 1, false, "50"));
	assert_false(told_at(&s, 2, false, "100"));
	assert_false(told_at(&s, 3, false, "200"));
	assert_false(told_at(&s, 3, false, "199"));
	/* A clock was set back: it stands behind the other in one file. */
	assert_false(told_at(&s, 4, true, "150"));
	assert_false(told_at(&s, 5, true, "160"));
	assert_true(told_at(&s, 6, false, "199"));
	scenario_free(&s);
}

#define FAILED(t, pid, port, more)                                             \
	"auth-log auth.fail " t " ident=sshd pid=" pid " user=x addr=a"        \
	" port=" port more "\n"

/* An attempt concluded in a part of a log that earlier lines tell better. */
static void known_attempts(void **state)
{
	static const struct {
		const char *lines; /* the last of them is asked about */
		int want;
	} cases[] = {
	    {FAILED("100", "7", "1", " weak=1"), 0},
	    {FAILED("100", "7", "1", "") FAILED("101", "7", "1", " weak=1"), 1},
	    {FAILED("100", "7", "1", "") FAILED("101", "7", "2", " weak=1"), 0},
	    {CONN("100", "7", "a", "1") FAILED("101", "7", "1", " weak=1"), 1},
	    {CONN("100", "7", "a", "1")
		    FAILED("101", "7", "1", " weak=1 valid=1"),
		1},
	    {CONN("100", "7", "a", "1")
		    FAILED("101", "7", "1", " weak=1 valid=0"),
		0},
	    {"auth-log auth.partial 100 ident=sshd pid=7 "
	     "type=key-asked\n" FAILED("101", "7", "1", " weak=1"),
		1},
	    {"auth-log auth.partial 100 ident=sshd pid=7 type=partial\n" FAILED(
		 "101", "7", "1", " weak=1"),
		0},
	    {CONN("100", "7", "a", "1") FAILED("101", "7", "1", ""), 0},
	    /* A record of its own, not one more event of a line. */
	    {"audit auth.fail 100 ident=sshd pid=7 addr=a\n"
	     "audit auth.fail 101 ident=sshd pid=7 addr=a weak=1\n",
		0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str rest = str_z(cases[i].lines), line;
		struct scenario s;
		int r = -1;

		scenario_run(&s, "");
		while (rest.n) {
			struct event ev;

			str_cut(&rest, '\n', &line);
			scenario_event(line, &ev, &s.a);
			r = correlate(s.c, &ev);
		}
		assert_int_equal(r, cases[i].want);
		scenario_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(damaged_state_is_refused),
	    cmocka_unit_test(order_of_parts),
	    cmocka_unit_test(known_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
