/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/daemon_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"

static void test_parse(void **state)
{
	struct arena a = ARENA_INIT;
	struct daemon_state d;

	assert_true(daemon_state_parse(&d,
	    STR("{\"version\":\"9\",\"host\":\"h\",\"store\":\"/s\\u0020t\","
		"\"new\":{\"taps\":[1]},\"taps\":[{\"tap\":\"audit\",\"open\":"
		"true,\"lost\":7,\"note\":\"\"} , {\"tap\":\"bpf\",\"open\":"
		"false,\"lost\":0,\"note\":\"a,]}\\\"b\",\"x\":[{}]}]}\n"),
	    &a));
	assert_string_equal(d.store.p, "/s t");
	assert_int_equal(d.n_taps, 2);
	assert_true(daemon_takes(&d, "audit"));
	assert_false(daemon_takes(&d, "bpf"));
	assert_false(daemon_takes(&d, "journal"));
	assert_int_equal(daemon_tap_find(&d, "audit")->lost, 7);
	assert_true(str_eqz(daemon_tap_find(&d, "bpf")->note, "a,]}\"b"));
	arena_free(&a);
}

static const char *const bad[] = {
    "",
    "error: not a request\n",
    "{}",
    "{\"store\":null}",
    "{\"store\":\"/a\\u0000b\",\"taps\":[]}",
    "{\"store\":\"/s\",\"taps\":{}}",
    "{\"store\":\"/s\",\"taps\":[{\"open\":true}]}",
    "{\"store\":\"/s\",\"taps\":[{\"tap\":\"a\",\"lost\":-1}]}",
    "{\"store\":\"/s\",\"taps\":[{\"tap\":\"a\"} {\"tap\":\"b\"}]}",
    "{\"store\":\"/s\",\"taps\":[1]}",
    "{\"store\":\"/s\",\"taps\":[",
};

static void test_bad(void **state)
{
	struct arena a = ARENA_INIT;
	struct daemon_state d;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(daemon_state_parse(&d, str_z(bad[i]), &a));
	arena_free(&a);
}

static void test_many(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct daemon_state d;

	buf_add_z(&b, "{\"store\":\"/s\",\"taps\":[{\"tap\":\"t\"}");
	for (int i = 0; i < 2 * DAEMON_TAPS_MAX; i++)
		buf_add_z(&b, ",{\"tap\":\"t\"}");
	buf_add_z(&b, "]}");
	assert_true(daemon_state_parse(&d, buf_str(&b), &a));
	assert_int_equal(d.n_taps, DAEMON_TAPS_MAX);
	buf_free(&b);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
