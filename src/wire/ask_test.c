/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ask.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/track.h"

static int take(struct ask *a, const char *name, struct str value)
{
	struct err err = {""};
	int r = ask_take(a, str_z(name), value, &err);

	assert_true(r == 0 || err.text[0]);
	return r;
}

static void test_all(void **state)
{
	struct ask a;
	struct buf b = BUF_INIT;

	(void)state;
	ask_init(&a);
	ask_write(&a, &b);
	assert_int_equal(b.n, 0);
	assert_int_equal(take(&a, "since", STR("-5")), 0);
	assert_int_equal(
	    take(&a, "until", STR("2026-11-22T11:49:28.940565Z")), 0);
	assert_int_equal(take(&a, "host", STR("web-01")), 0);
	assert_int_equal(take(&a, "host", STR("\0&=")), 0);
	assert_int_equal(take(&a, "from", STR("10.1.")), 0);
	assert_int_equal(take(&a, "kind", STR("exec")), 0);
	assert_int_equal(take(&a, "session", STR("00ff")), 0);
	assert_int_equal(take(&a, "exit", STR("nonzero")), 0);
	assert_int_equal(take(&a, "flag", STR("root")), 0);
	assert_int_equal(take(&a, "ssh", STR("true")), 0);
	assert_int_equal(take(&a, "order", STR("newest")), 0);
	assert_int_equal(take(&a, "limit", STR("7")), 0);
	assert_int_equal(take(&a, "field", STR("argv")), 0);
	assert_int_equal(take(&a, "by", STR("day")), 0);
	assert_true(a.q.until == 1795348168940565);
	assert_int_equal(a.q.session_flags, TRACK_ROOT);
	ask_write(&a, &b);
	assert_true(str_eqz(buf_str(&b),
	    "since=-5&until=1795348168940565&host=web-01&host=%00%26%3d"
	    "&from=10.1.&kind=exec&session=00000000000000ff&exit=nonzero"
	    "&flag=root&ssh=true&order=newest&limit=7&field=argv&by=day"));
	buf_free(&b);
}

static void test_bad(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {{"", ""}, {"since", "yesterday"}, {"since", ""},
	    {"kind", "none"}, {"session", "0"}, {"session", "xyz"},
	    {"exit", "many"}, {"flag", "open"}, {"ssh", "1"}, {"order", "up"},
	    {"limit", "-1"}, {"field", "nothing"}, {"by", "hour"},
	    {"login_only", "false"}, {"windows", "1"}};
	struct ask a;

	(void)state;
	ask_init(&a);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
		    take(&a, bad[i].name, str_z(bad[i].value)), -EINVAL);
	for (int i = 0; i < QUERY_VALUES_MAX; i++)
		assert_int_equal(take(&a, "host", STR("h")), 0);
	assert_int_equal(take(&a, "host", STR("h")), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
