/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What was handed out: "serial:records" each, "+" again, "!" late. */
struct seen {
	char text[4096];
	size_t n;
	bool wait; /* ask to wait when not forced */
};

static int see(void *ctx, const struct group *g, bool force)
{
	struct seen *s = ctx;

	if (s->wait && !force)
		return 1;
	s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n,
	    "%u:%zu%s%s ", g->serial, g->n, g->emitted ? "+" : "",
	    g->late ? "!" : "");
	return 0;
}

static void add(struct groups *gs, struct seen *s, const char *text,
    unsigned type, enum audit_role role)
{
	const struct groups_sink sink = {see, s};
	struct audit_line line;
	const char *expected;

	assert_null(line_split(str_z(text), &line));
	assert_int_equal(
	    groups_add(gs, &line, type, role, 0, &sink, &expected), 0);
	assert_null(expected);
}

static void check(struct seen *s, const char *want)
{
	assert_string_equal(s->text, want);
	s->n = 0;
	s->text[0] = 0;
}

#define SYSCALL(id) "type=SYSCALL msg=audit(" id "): a", 1300, ROLE_SYSCALL
#define TITLE(id)   "type=PROCTITLE msg=audit(" id "): b", 1327, ROLE_PROCTITLE
#define PATH(id)    "type=PATH msg=audit(" id "): c", 1302, ROLE_PATH
#define LOGIN(id)   "type=LOGIN msg=audit(" id "): d", 1006, ROLE_LOGIN

static void test_order(void **state)
{
	struct seen s = {.n = 0};
	const struct groups_sink sink = {see, &s};
	struct groups *gs;

	assert_int_equal(groups_new(&gs), 0);
	add(gs, &s, SYSCALL("1.1:1"));
	add(gs, &s, SYSCALL("1.1:2"));
	add(gs, &s, TITLE("1.1:1"));
	check(&s, "");
	add(gs, &s, TITLE("1.1:2"));
	check(&s, "1:2 ");
	add(gs, &s, PATH("1.1:1"));
	check(&s, "2:2 ");
	add(gs, &s, SYSCALL("1.1:3"));
	check(&s, "1:3+ ");
	add(gs, &s, SYSCALL("1.1:3"));
	assert_int_equal(groups_flush(gs, &sink), 0);
	check(&s, "3:1 ");
	assert_int_equal(groups_stats(gs)->events, 3);
	assert_int_equal(groups_stats(gs)->amended, 1);
	assert_int_equal(groups_stats(gs)->repeated, 1);
	assert_int_equal(groups_stats(gs)->missing, 0);
	groups_free(gs);
}

static void test_window(void **state)
{
	struct seen s = {.n = 0};
	struct groups *gs;
	static char text[GROUPS_N + 2][64]; /* lines must stay */

	assert_int_equal(groups_new(&gs), 0);
	for (unsigned i = 1; i <= GROUPS_N; i++) {
		snprintf(text[i], sizeof text[i],
		    "type=LOGIN msg=audit(1.1:%u): x", i);
		add(gs, &s, text[i], 1006, ROLE_LOGIN);
	}
	check(&s, "");
	add(gs, &s, LOGIN("1.1:900"));
	check(&s, "1:1 ");
	assert_int_equal(groups_stats(gs)->missing, 900 - GROUPS_N - 1);
	add(gs, &s, LOGIN("1.1:899"));
	check(&s, "2:1 ");
	assert_int_equal(groups_stats(gs)->missing, 900 - GROUPS_N - 2);
	groups_free(gs);
}

/* Time closes an event only with some events behind it (audit-userspace#148) */
static void test_time(void **state)
{
	struct seen s = {.n = 0};
	struct groups *gs;
	static char text[GROUPS_N + 2][64]; /* lines must stay */

	assert_int_equal(groups_new(&gs), 0);
	add(gs, &s, LOGIN("1.1:1"));
	for (unsigned i = 2; i <= GROUPS_MIN_BEHIND; i++) {
		snprintf(text[i], sizeof text[i],
		    "type=LOGIN msg=audit(9.1:%u): x", i);
		add(gs, &s, text[i], 1006, ROLE_LOGIN);
	}
	check(&s, "");
	add(gs, &s, LOGIN("9.1:99"));
	check(&s, "1:1 ");
	/* The clock goes back: nothing is closed by that. */
	add(gs, &s, LOGIN("2.1:100"));
	check(&s, "");
	groups_free(gs);
}

static void test_wait(void **state)
{
	struct seen s = {.wait = true};
	const struct groups_sink sink = {see, &s};
	struct groups *gs;

	assert_int_equal(groups_new(&gs), 0);
	add(gs, &s, SYSCALL("1.1:1"));
	add(gs, &s, TITLE("1.1:1"));
	add(gs, &s, LOGIN("1.1:2"));
	check(&s, "");
	add(gs, &s, PATH("1.1:1"));
	assert_int_equal(groups_flush(gs, &sink), 0);
	check(&s, "1:3 2:1 ");
	groups_free(gs);
}

/* What is too big to be remembered comes again as a late part. */
static void test_forgotten(void **state)
{
	struct seen s = {.n = 0};
	const struct groups_sink sink = {see, &s};
	static char big[4][20000];
	struct groups *gs;

	assert_int_equal(groups_new(&gs), 0);
	add(gs, &s, SYSCALL("1.1:1"));
	for (int i = 0; i < 4; i++) {
		memset(big[i], '0' + i, sizeof big[i] - 1);
		memcpy(big[i], "type=EXECVE msg=audit(1.1:1): ", 30);
		add(gs, &s, big[i], 1309, ROLE_EXECVE);
	}
	add(gs, &s, TITLE("1.1:1"));
	add(gs, &s, LOGIN("1.1:2"));
	check(&s, "1:6 ");
	assert_int_equal(groups_keep(gs, &sink), 0);
	add(gs, &s, PATH("1.1:1"));
	assert_int_equal(groups_flush(gs, &sink), 0);
	check(&s, "2:1 1:1! ");
	groups_free(gs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_window),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_wait),
	    cmocka_unit_test(test_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
