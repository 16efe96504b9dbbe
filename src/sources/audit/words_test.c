/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "sources/audit/unhex.h"

/* Every place of the byte, every length, every alignment of the end. */
static void test_find(void **state)
{
	char text[64];

	memset(text, 'x', sizeof text);
	for (size_t n = 0; n <= 50; n++)
		for (size_t from = 0; from < 8; from++)
			for (size_t at = 0; at < 60; at++) {
				const char *end = text + from + n;
				const char *want = text + at;

				text[at] = '=';
				if (at < from || want > end)
					want = end;
				assert_ptr_equal(
				    find1(text + from, end, '='), want);
				text[at] = 'x';
			}
}

static void test_match(void **state)
{
	char text[WORDS_STEP] = "a=b=\xbd=";

	assert_int_equal(match16(text, '='), 1U << 1 | 1U << 3 | 1U << 5);
	assert_int_equal(match16(text, '\xbd'), 1U << 4);
	assert_int_equal(match16(text, '\0'), 0xffc0);
}

static int digit(int c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Every pair of bytes at every place, in the long steps and behind them. */
static void test_unhex(void **state)
{
	char hex[20], bytes[10];

	memset(hex, '7', sizeof hex);
	for (size_t at = 0; at < sizeof hex; at += 2)
		for (int pair = 0; pair < 65536; pair++) {
			int high = digit(pair >> 8), low = digit(pair & 255);
			bool good = high >= 0 && low >= 0;

			hex[at] = (char)(pair >> 8);
			hex[at + 1] = (char)pair;
			assert_int_equal(
			    unhex(str_make(hex, sizeof hex), bytes), good);
			if (good)
				assert_int_equal(
				    (uint8_t)bytes[at / 2], high << 4 | low);
			assert_true(!good || bytes[at ? 0 : 9] == '\x77');
			hex[at] = hex[at + 1] = '7';
		}
	assert_false(unhex(str_make(hex, 7), bytes));
	assert_true(unhex(STR_NONE, bytes));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_match),
	    cmocka_unit_test(test_unhex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
