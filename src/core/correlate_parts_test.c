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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(damaged_state_is_refused),
	    cmocka_unit_test(order_of_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
