/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_add(void **state)
{
	struct buf b = BUF_INIT;

	buf_add(&b, "a\0b", 3);
	buf_add(&b, NULL, 0);
	buf_add_str(&b, STR("c"));
	buf_add_str(&b, STR_NONE);
	buf_add_char(&b, 'd');
	buf_add_z(&b, "ef");
	buf_printf(&b, "%d%s", 12, "x");
	buf_printf(&b, "%s", "");
	assert_int_equal(b.n, 10);
	assert_memory_equal(b.p, "a\0bcdef12x", 10);
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_z(&b) + 2, "bcdef12x");
	assert_int_equal(b.n, 10);
	assert_true(str_eq(buf_str(&b), STR("a\0bcdef12x")));
	buf_free(&b);
	assert_null(b.p);
	assert_string_equal(buf_z(&b), "");
	buf_free(&b);
}

/* Where a number gets one digit more, the C library is asked as well. */
static void test_digits(void **state)
{
	struct buf b = BUF_INIT;
	char expected[32];

	for (uint64_t ten = 1, n = 0; n < 20; n++, ten *= 10)
		for (uint64_t v = ten - 2; v != ten + 2; v++) {
			buf_clear(&b);
			buf_add_u64(&b, v);
			snprintf(expected, sizeof expected, "%" PRIu64, v);
			assert_string_equal(buf_z(&b), expected);
		}
	buf_free(&b);
}

static void test_numbers(void **state)
{
	static const struct {
		uint64_t v;
		const char *text, *varint;
		size_t n;
	} cases[] = {
	    {0, "0", "\0", 1},
	    {9, "9", "\x09", 1},
	    {10, "10", "\x0a", 1},
	    {100, "100", "\x64", 1},
	    {127, "127", "\x7f", 1},
	    {128, "128", "\x80\x01", 2},
	    {16384, "16384", "\x80\x80\x01", 3},
	    {UINT64_MAX, "18446744073709551615",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
	};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&b);
		buf_add_u64(&b, cases[i].v);
		assert_string_equal(buf_z(&b), cases[i].text);
		buf_clear(&b);
		buf_add_varint(&b, cases[i].v);
		assert_int_equal(b.n, cases[i].n);
		assert_memory_equal(b.p, cases[i].varint, b.n);
	}
	buf_clear(&b);
	buf_add_i64(&b, INT64_MIN);
	buf_add_char(&b, ' ');
	buf_add_i64(&b, -1);
	buf_add_char(&b, ' ');
	buf_add_i64(&b, INT64_MAX);
	assert_string_equal(
	    buf_z(&b), "-9223372036854775808 -1 9223372036854775807");
	buf_clear(&b);
	buf_add_u32le(&b, 0x01020304);
	buf_add_u64le(&b, 0x05060708090a0b0c);
	assert_memory_equal(
	    b.p, "\4\3\2\1\x0c\x0b\x0a\x09\x08\x07\x06\x05", 12);
	buf_free(&b);
}

static void test_max_is_sticky(void **state)
{
	struct buf b = BUF_INIT;

	b.max = 5;
	buf_add_z(&b, "1234");
	buf_add_z(&b, "56");
	assert_int_equal(buf_error(&b), -EMSGSIZE);
	buf_add_char(&b, '5');
	buf_add_u64(&b, 5);
	buf_add_varint(&b, 5);
	buf_printf(&b, "5");
	assert_null(buf_reserve(&b, 0));
	assert_null(buf_z(&b));
	assert_int_equal(b.n, 4);
	buf_clear(&b);
	assert_int_equal(buf_error(&b), 0);
	buf_add_z(&b, "123");
	buf_printf(&b, "%d", 45);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(b.n, 5);
	/* The NUL does not count. */
	assert_string_equal(buf_z(&b), "12345");
	buf_add_str(&b, STR_NONE);
	assert_int_equal(buf_error(&b), 0);
	buf_add_char(&b, '6');
	assert_int_equal(buf_error(&b), -EMSGSIZE);
	buf_free(&b);
	assert_int_equal(b.max, 5);
}

static void test_overflow(void **state)
{
	struct buf b = BUF_INIT;

	buf_add_char(&b, 'x');
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(buf_error(&b), -EMSGSIZE);
	buf_clear(&b);
	b.n = 1;
	assert_null(buf_reserve(&b, SIZE_MAX - 2));
	assert_true(buf_error(&b) < 0);
	assert_int_equal(b.n, 1);
	buf_free(&b);
}

static void test_grow(void **state)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < 100000; i++)
		buf_add_char(&b, (char)i);
	assert_int_equal(b.n, 100000);
	assert_true(b.cap < 200000);
	for (unsigned i = 0; i < 100000; i += 999)
		assert_int_equal(b.p[i], (char)i);
	buf_free(&b);
}

static void test_consume(void **state)
{
	struct buf b = BUF_INIT;

	buf_consume(&b, 5);
	buf_add_z(&b, "abcdef");
	buf_consume(&b, 0);
	buf_consume(&b, 2);
	assert_string_equal(buf_z(&b), "cdef");
	buf_consume(&b, 4);
	assert_int_equal(b.n, 0);
	buf_add_z(&b, "x");
	buf_consume(&b, 99);
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_digits),
	    cmocka_unit_test(test_add),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_max_is_sticky),
	    cmocka_unit_test(test_overflow),
	    cmocka_unit_test(test_grow),
	    cmocka_unit_test(test_consume),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
