/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/filters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/fake_store.h"

#define ARGS_MAX 8

/* Run a search; what the store was asked. */
static const struct query *ask(const char *const *args)
{
	struct fake_run r;

	fake_run(&r, args);
	assert_true(r.code == CLI_FOUND || r.code == CLI_NOTHING);
	fake_run_free(&r);
	return fake_last_query();
}

static const struct {
	const char *given, *asked; /* NULL: refused */
} networks[] = {
    {"203.0.113.10", "203.0.113.10"},
    {"10.1.", "10.1."},
    {"10.0.0.0/8", "10."},
    {"10.1.0.0/16", "10.1."},
    {"192.0.2.0/24", "192.0.2."},
    {"192.0.2.7/32", "192.0.2.7"},
    {"2001:db8::/32", "2001:db8:"},
    {"2001:db8:1:2::/64", "2001:db8:1:2:"},
    {"2001:db8::1/128", "2001:db8::1"},
    {"10.0.0.0/9", NULL},
    {"10.0.0.0/33", NULL},
    {"10.0.0.0/0", NULL},
    {"10/8/", NULL},
    {"10/16", NULL},
    {"2001:db8::/48", NULL},
    {"::/16", NULL},
    {"2001:db8::/33", NULL},
    {"x/y", NULL},
};

static void test_networks(void **state)
{
	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
		const char *args[] = {
		    "search", "--all", "--from", networks[i].given, NULL};
		struct fake_run r;

		fake_run(&r, args);
		assert_int_equal(r.code == CLI_USAGE, !networks[i].asked);
		fake_run_free(&r);
		if (!networks[i].asked)
			continue;
		assert_int_equal(fake_last_query()->n_addr, 1);
		assert_string_equal(fake_last_addr(), networks[i].asked);
	}
}

#define SEC USEC_PER_SEC
#define DAY USEC_PER_DAY

static const struct {
	const char *args[ARGS_MAX];
	int64_t since, until;
} ranges[] = {
    /* Seven days before the newest event. */
    {{"search"}, (FAKE_START + 1300) * SEC - 7 * DAY, INT64_MAX},
    {{"search", "--until", "@1795262400"}, 1795262400 * SEC - 7 * DAY,
	1795262400 * SEC},
    {{"search", "--all"}, INT64_MIN, INT64_MAX},
    {{"search", "--since", "all"}, INT64_MIN, INT64_MAX},
    {{"search", "--since", "-1h"}, FAKE_START *SEC, INT64_MAX},
    {{"search", "--since", "@1795262400", "--until", "@1795262401"},
	1795262400 * SEC, 1795262401 * SEC},
    {{"search", "--session", "7f3a"}, INT64_MIN, INT64_MAX},
    {{"export"}, INT64_MIN, INT64_MAX},
};

static void test_ranges(void **state)
{
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		const struct query *q = ask(ranges[i].args);

		assert_int_equal(q->since, ranges[i].since);
		assert_int_equal(q->until, ranges[i].until);
	}
}

static void test_values(void **state)
{
	const char *many[] = {"search", "-a", "-u", "a,b", "-u", "c", NULL};
	const char *kinds[] = {"search", "-a", "-k", "auth,exec", NULL};
	const char *zero[] = {
	    "search", "-a", "-x", "nonzero", "-n3", "-r", NULL};
	const char *minus[] = {"search", "-a", "--exit=-13", NULL};
	const struct query *q = ask(many);

	assert_int_equal(q->n_user, 2);
	q = ask(kinds);
	assert_int_equal(q->kinds, 1u << EVENT_AUTH_OK | 1u << EVENT_AUTH_FAIL |
				       1u << EVENT_AUTH_PARTIAL |
				       1u << EVENT_EXEC);
	q = ask(zero);
	assert_true(q->exit_nonzero);
	assert_false(q->has_exit);
	assert_int_equal(q->limit, 3);
	assert_int_equal(q->order, ORDER_OLDEST_FIRST);
	q = ask(minus);
	assert_true(q->has_exit);
	assert_int_equal(q->exit, -13);
}

static void test_flags(void **state)
{
	const char *args[] = {"ls", "-a", "--root", "--sudo", "--transfer",
	    "--failed", "--gap", "--open", NULL};
	const struct query *q = ask(args);

	assert_int_equal(q->session_flags, TRACK_ROOT | TRACK_SUDO |
					       TRACK_TRANSFER | TRACK_FAILURE |
					       TRACK_GAP);
	assert_true(q->open_only);
	assert_true(q->ssh_only);
}

static void test_too_many(void **state)
{
	const char *args[3 + 2 * 17] = {"search"};
	struct fake_run r;

	for (size_t i = 1; i < 35; i += 2) {
		args[i] = "--user";
		args[i + 1] = "x";
	}
	fake_run(&r, args);
	assert_int_equal(r.code, CLI_USAGE);
	fake_run_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_networks),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_flags),
	    cmocka_unit_test(test_too_many),
	};

	setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
