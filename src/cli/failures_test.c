/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/failures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/scenario.h"

#define LINE(t, user, more)                                                    \
	"auth-log auth.fail " t " user=" user " addr=192.0.2.1 pid=7 " more "\n"
#define BTMP(t, user, more)                                                    \
	"utmp auth.fail " t " user=" user " addr=192.0.2.1 " more "\n"
#define AUDIT(t, more) "audit auth.fail " t " addr=192.0.2.1 pid=7 " more "\n"
#define X31	       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* `want`: "source:user " of each that is told, in the order of time. */
static const struct {
	const char *name, *events, *want;
} scenes[] = {
    {"a line, btmp twice and audit thrice are one",
	BTMP("100", "eve", "pid=7") AUDIT("100.1", "") AUDIT("100.1", "")
	    LINE("100.2", "eve", "valid=0") BTMP("101", "eve", "pid=7")
		AUDIT("102", ""),
	"auth-log:eve "},
    {"two lines are never one", LINE("100", "eve", "") LINE("100", "eve", ""),
	"auth-log:eve auth-log:eve "},
    {"of a user that exists btmp has one record",
	LINE("100", "ann", "valid=1") BTMP("100", "ann", "")
	    BTMP("100", "ann", ""),
	"auth-log:ann utmp:ann "},
    {"a line that was repeated stands for each",
	LINE("100", "ann", "valid=1 repeat=2") BTMP("100", "ann", "")
	    BTMP("100", "ann", "") BTMP("100", "ann", ""),
	"auth-log:ann utmp:ann "},
    {"a name that btmp cut",
	LINE("100", X31 "yz", "") BTMP("100", X31, "") LINE("200", X31 "z", "")
	    BTMP("200", X31 "y", ""),
	"auth-log:" X31 "yz auth-log:" X31 "z utmp:" X31 "y "},
    {"a short name is not the beginning of another",
	LINE("100", "evelyn", "") BTMP("100", "eve", ""),
	"auth-log:evelyn utmp:eve "},
    {"another address, process, host or time",
	LINE("100", "eve",
	    "") "utmp auth.fail 100 user=eve addr=192.0.2.2\n"
		"utmp auth.fail 100 user=eve addr=192.0.2.1 pid=8\n"
		"utmp auth.fail 104 user=eve addr=192.0.2.1\n",
	"auth-log:eve utmp:eve utmp:eve utmp:eve "},
    {"what names no address, or no user",
	LINE("100", "eve",
	    "") "utmp auth.fail 100 user=eve\n"
		"audit auth.fail 100 user=(invalid_user)\n" AUDIT("100", ""),
	"auth-log:eve audit:(invalid_user) "},
    {"btmp alone stays as it is", BTMP("100", "eve", "") BTMP("100", "eve", ""),
	"utmp:eve utmp:eve "},
    {"btmp knows the name that audit hides",
	BTMP("100", "eve", "pid=7") AUDIT("100.1", "") AUDIT("100.1", "")
	    AUDIT("100.2", ""),
	"utmp:eve "},
    {"audit alone: the records of one process and nobody",
	AUDIT("100", "") AUDIT("100.1", "") AUDIT("100.2", "") AUDIT("110", ""),
	"audit: audit: "},
    {"audit alone: two attempts of a known user",
	AUDIT("100", "user=ann") AUDIT("101", "user=ann"),
	"audit:ann audit:ann "},
    {"the line of the same name goes first",
	LINE("100", "ann", "valid=1") LINE("100.1", "bob", "valid=1")
	    BTMP("100.1", "ann", "") BTMP("100.1", "bob", ""),
	"auth-log:ann auth-log:bob "},
};

static bool tell(void *ctx, const struct event *ev)
{
	struct buf *b = ctx;

	buf_printf(b, "%.*s:%.*s ", STR_ARG(ev->source),
	    STR_ARG(event_str(ev, F_USER)));
	return true;
}

static void accounts_become_attempts(void **state)
{
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		struct str rest = str_z(scenes[i].events), line;
		struct arena mem = ARENA_INIT;
		struct buf got = BUF_INIT;
		struct failures f;
		struct event ev;

		assert_int_equal(failures_init(&f, tell, &got), 0);
		while (rest.n) {
			str_cut(&rest, '\n', &line);
			assert_true(scenario_event(line, &ev, &mem));
			assert_true(failures_add(&f, &ev));
			arena_reset(&mem);
		}
		assert_int_equal(failures_finish(&f), 0);
		if (!str_eqz(buf_str(&got), scenes[i].want))
			fail_msg("%s: %s, not %s", scenes[i].name, buf_z(&got),
			    scenes[i].want);
		failures_free(&f);
		buf_free(&got);
		arena_free(&mem);
	}
}

static bool tell_some(void *ctx, const struct event *ev)
{
	return ++*(size_t *)ctx < 7;
}

/* More at one time than can be held: none is lost; and a limit ends it. */
static void floods_are_bounded(void **state)
{
	enum { N = 5000 };
	struct buf got = BUF_INIT;
	struct failures f;
	struct event ev;
	size_t n = 0, added = 0;

	event_init(&ev, EVENT_AUTH_FAIL);
	ev.source = STR("auth-log");
	assert_int_equal(failures_init(&f, tell, &got), 0);
	for (size_t i = 0; i < N; i++)
		assert_true(failures_add(&f, &ev));
	assert_int_equal(failures_finish(&f), 0);
	assert_int_equal(f.told, N);
	failures_free(&f);
	assert_int_equal(failures_init(&f, tell_some, &n), 0);
	for (; added < N && failures_add(&f, &ev); added++)
		;
	assert_int_equal(failures_finish(&f), 0);
	assert_int_equal(f.told, 7);
	assert_true(added < N);
	failures_free(&f);
	buf_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accounts_become_attempts),
	    cmocka_unit_test(floods_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
