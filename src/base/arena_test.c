/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_alloc(void **state)
{
	struct arena a = ARENA_INIT;
	char *pieces[1000];

	for (size_t i = 0; i < 1000; i++) {
		pieces[i] = arena_alloc(&a, i);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)(i & 0x7f), i);
	}
	for (size_t i = 1; i < 1000; i++) {
		assert_int_equal(pieces[i][0], i & 0x7f);
		assert_int_equal(pieces[i][i - 1], i & 0x7f);
	}
	assert_true(a.used >= 999 * 1000 / 2);
	arena_free(&a);
	assert_int_equal(a.used, 0);
}

static void test_large(void **state)
{
	struct arena a = ARENA_INIT;
	char *p = arena_alloc(&a, 1 << 20);

	assert_non_null(p);
	p[(1 << 20) - 1] = 'x';
	/* Sums that overflow, with the rounding and with the chunk's head. */
	for (size_t less = 0; less < 48; less++)
		assert_null(arena_alloc(&a, SIZE_MAX - less));
	assert_non_null(arena_alloc(&a, 1));
	arena_free(&a);
}

static void test_max(void **state)
{
	struct arena a = ARENA_INIT;

	a.max = 100;
	assert_non_null(arena_alloc(&a, 80));
	assert_null(arena_alloc(&a, 32));
	assert_non_null(arena_alloc(&a, 16));
	assert_null(arena_alloc(&a, 1));
	assert_null(arena_alloc(&a, 0));
	assert_null(arena_alloc(&a, 1 << 20));
	assert_int_equal(a.used, 96);
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 96));
	assert_null(arena_alloc(&a, 1));
	arena_free(&a);
	assert_int_equal(a.max, 100);
}

/* Small pieces in many chunks must not get past the maximum either. */
static void test_max_of_many(void **state)
{
	struct arena a = ARENA_INIT;
	size_t n = 0;

	a.max = 1000000;
	while (arena_alloc(&a, 5000))
		n++;
	assert_in_range(n, 180, 199);
	assert_true(a.used <= a.max);
	while (arena_alloc(&a, 16))
		;
	assert_true(a.used <= a.max);
	assert_true(a.used > a.max - 100);
	arena_free(&a);
}

static void test_reset(void **state)
{
	struct arena a = ARENA_INIT;
	char *first;

	arena_reset(&a);
	first = arena_alloc(&a, 100);
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 100), first);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 100; i++)
			assert_non_null(arena_alloc(&a, 5000));
		arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
	arena_free(&a);
}

static void test_strings(void **state)
{
	struct arena a = ARENA_INIT;
	struct str s = arena_dup(&a, STR("a\0b"));

	assert_true(str_eq(s, STR("a\0b")));
	assert_int_equal(s.p[3], 0);
	s = arena_dup(&a, STR_NONE);
	assert_non_null(s.p);
	assert_string_equal(s.p, "");
	s = arena_printf(&a, "%d-%s", 7, "x");
	assert_true(str_eqz(s, "7-x"));
	assert_string_equal(s.p, "7-x");
	arena_free(&a);
	a.max = 16;
	assert_null(arena_dup(&a, STR("0123456789abcdef")).p);
	assert_null(arena_printf(&a, "%100d", 1).p);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alloc),
	    cmocka_unit_test(test_large),
	    cmocka_unit_test(test_max),
	    cmocka_unit_test(test_max_of_many),
	    cmocka_unit_test(test_reset),
	    cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
