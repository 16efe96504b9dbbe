/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	char all[256];
	uint64_t n;

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	message_begin(&b);
	message_text(&b, "a", str_make(all, sizeof all));
	message_number(&b, "b", UINT64_MAX);
	message_text(&b, "c", STR(""));
	message_end(&b);
	assert_int_equal(buf_error(&b), 0);
	assert_true(str_eq(
	    message_get(buf_str(&b), "a", &a), str_make(all, sizeof all)));
	assert_true(message_get_number(buf_str(&b), "b", &n));
	assert_true(n == UINT64_MAX);
	assert_true(
	    str_eqz(message_get(buf_str(&b), "b", &a), "18446744073709551615"));
	assert_non_null(message_get(buf_str(&b), "c", &a).p);
	assert_int_equal(message_get(buf_str(&b), "c", &a).n, 0);
	assert_null(message_get(buf_str(&b), "d", &a).p);
	assert_false(message_get_number(buf_str(&b), "a", &n));
	arena_free(&a);
	buf_free(&b);
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {"", "x", "{", "{\"a\"",
	    "{\"a\":", "{\"a\":\"", "[\"a\"]", "{\"a\":null}", "{\"a\":-1}",
	    "{\"a\":18446744073709551616}", "{\"b\":{\"a\":1}}"};
	struct arena a = ARENA_INIT;
	uint64_t n;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		(void)message_get(str_z(texts[i]), "a", &a);
		assert_false(message_get_number(str_z(texts[i]), "a", &n));
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
