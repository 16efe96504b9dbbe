/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof *(array))

static void test_equal(void **state)
{
	assert_true(str_eq(STR("ab"), STR("ab")));
	assert_false(str_eq(STR("ab"), STR("ac")));
	assert_false(str_eq(STR("ab"), STR("abc")));
	assert_true(str_eq(STR_NONE, STR("")));
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_true(str_eqz(STR("ab"), "ab"));
	assert_false(str_eqz(STR("ab\0"), "ab"));
	assert_true(str_eqz(STR(""), NULL));
	assert_true(str_eq_fold(STR("aZ@["), STR("Az@[")));
	/* '@' and '`', '[' and '{' differ by the bit of the case too. */
	assert_false(str_eq_fold(STR("@"), STR("`")));
	assert_false(str_eq_fold(STR("["), STR("{")));
	assert_false(str_eq_fold(STR("\xc4"), STR("\xe4")));
	assert_false(str_eq_fold(STR("a"), STR("ab")));
}

static void test_order(void **state)
{
	static const struct str sorted[] = {STR_INIT(""), STR_INIT("\0"),
	    STR_INIT("A"), STR_INIT("a"), STR_INIT("a\0"), STR_INIT("aa"),
	    STR_INIT("b"), STR_INIT("\x80"), STR_INIT("\xff")};

	for (size_t i = 0; i < N(sorted); i++)
		for (size_t j = 0; j < N(sorted); j++) {
			int r = str_cmp(sorted[i], sorted[j]);

			assert_int_equal(r < 0, i < j);
			assert_int_equal(r > 0, i > j);
		}
	assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
}

static void test_parts(void **state)
{
	assert_true(str_eqz(str_from(STR("abc"), 1), "bc"));
	assert_int_equal(str_from(STR("abc"), 9).n, 0);
	assert_null(str_from(STR_NONE, 9).p);
	assert_true(str_eqz(str_upto(STR("abc"), 2), "ab"));
	assert_true(str_eqz(str_upto(STR("abc"), 9), "abc"));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_true(str_starts(STR("abc"), STR("abc")));
	assert_false(str_starts(STR("abc"), STR("abcd")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("abc"), STR("xabc")));
	assert_true(str_ends(STR_NONE, STR_NONE));
}

static void test_find(void **state)
{
	static const struct {
		struct str in, needle;
		size_t first, last;
	} cases[] = {
	    {STR_INIT("abcabc"), STR_INIT("bc"), 1, 4},
	    {STR_INIT("aaaa"), STR_INIT("aa"), 0, 2},
	    {STR_INIT("abc"), STR_INIT(""), 0, 3},
	    {STR_INIT(""), STR_INIT(""), 0, 0},
	    {STR_INIT(""), STR_INIT("a"), STR_NPOS, STR_NPOS},
	    {STR_INIT("ab"), STR_INIT("abc"), STR_NPOS, STR_NPOS},
	    {STR_INIT("a\0b\0c"), STR_INIT("\0"), 1, 3},
	    {STR_INIT("abab"), STR_INIT("ba"), 1, 1},
	    {{NULL, 0}, STR_INIT("a"), STR_NPOS, STR_NPOS},
	};

	for (size_t i = 0; i < N(cases); i++) {
		assert_true(
		    str_find(cases[i].in, cases[i].needle) == cases[i].first);
		assert_true(
		    str_rfind(cases[i].in, cases[i].needle) == cases[i].last);
	}
	assert_int_equal(str_find_char(STR("abca"), 'a'), 0);
	assert_int_equal(str_rfind_char(STR("abca"), 'a'), 3);
	assert_true(str_find_char(STR("abc"), '\0') == STR_NPOS);
	assert_true(str_rfind_char(STR_NONE, 'a') == STR_NPOS);
}

static void test_take(void **state)
{
	struct str s = STR("key=a=b"), head;

	assert_false(str_skip(&s, STR("kez")));
	assert_true(str_eqz(s, "key=a=b"));
	assert_true(str_cut(&s, '=', &head));
	assert_true(str_eqz(head, "key"));
	assert_true(str_eqz(s, "a=b"));
	assert_true(str_skip(&s, STR("a")));
	assert_true(str_chop(&s, STR("b")));
	assert_false(str_chop(&s, STR("==")));
	assert_true(str_eqz(s, "="));
	assert_true(str_cut(&s, '=', &head));
	assert_int_equal(head.n, 0);
	assert_int_equal(s.n, 0);
	assert_false(str_cut(&s, '=', &head));
	s = STR_NONE;
	assert_false(str_cut(&s, '=', &head));
	assert_int_equal(head.n, 0);
}

static void test_trim(void **state)
{
	assert_true(str_eqz(str_base_name(STR("/usr/bin/ssh")), "ssh"));
	assert_true(str_eqz(str_base_name(STR("ssh")), "ssh"));
	assert_int_equal(str_base_name(STR("/usr/bin/")).n, 0);
	assert_int_equal(str_base_name(STR_NONE).n, 0);
	assert_true(str_eqz(str_trim(STR(" \t\r\na b\n ")), "a b"));
	assert_int_equal(str_trim(STR(" \n")).n, 0);
	assert_int_equal(str_trim(STR_NONE).n, 0);
	assert_true(str_eqz(str_trim(STR("\va\f")), "\va\f"));
}

static void test_unsigned(void **state)
{
	static const struct {
		struct str in;
		bool dec, hex, oct;
		uint64_t dec_v, hex_v, oct_v;
	} cases[] = {
	    {STR_INIT("0"), true, true, true, 0, 0, 0},
	    {STR_INIT("10"), true, true, true, 10, 16, 8},
	    {STR_INIT("0017"), true, true, true, 17, 23, 15},
	    {STR_INIT("8"), true, true, false, 8, 8, 0},
	    {STR_INIT("fF"), false, true, false, 0, 255, 0},
	    {STR_INIT("18446744073709551615"), true, false, false, UINT64_MAX,
		0, 0},
	    {STR_INIT("18446744073709551616"), false, false, false, 0, 0, 0},
	    {STR_INIT("ffffffffffffffff"), false, true, false, 0, UINT64_MAX,
		0},
	    {STR_INIT("1777777777777777777777"), false, false, true, 0, 0,
		UINT64_MAX},
	    {STR_INIT("2000000000000000000000"), false, false, false, 0, 0, 0},
	    {STR_INIT(""), false, false, false, 0, 0, 0},
	    {STR_INIT("+1"), false, false, false, 0, 0, 0},
	    {STR_INIT("-1"), false, false, false, 0, 0, 0},
	    {STR_INIT(" 1"), false, false, false, 0, 0, 0},
	    {STR_INIT("1 "), false, false, false, 0, 0, 0},
	    {STR_INIT("0x1"), false, false, false, 0, 0, 0},
	    {STR_INIT("1\0"), false, false, false, 0, 0, 0},
	    {STR_INIT("\xff"), false, false, false, 0, 0, 0},
	    {{NULL, 0}, false, false, false, 0, 0, 0},
	};

	for (size_t i = 0; i < N(cases); i++) {
		uint64_t dec = 0, hex = 0, oct = 0;

		assert_int_equal(str_u64(cases[i].in, &dec), cases[i].dec);
		assert_int_equal(str_hex64(cases[i].in, &hex), cases[i].hex);
		assert_int_equal(str_oct64(cases[i].in, &oct), cases[i].oct);
		assert_true(dec == cases[i].dec_v);
		assert_true(hex == cases[i].hex_v);
		assert_true(oct == cases[i].oct_v);
	}
}

static void test_signed(void **state)
{
	static const struct {
		const char *in;
		int64_t v;
	} good[] = {
	    {"0", 0},
	    {"-0", 0},
	    {"-1", -1},
	    {"9223372036854775807", INT64_MAX},
	    {"-9223372036854775808", INT64_MIN},
	};
	static const char *const bad[] = {"", "-", "--1", "+1",
	    "9223372036854775808", "-9223372036854775809", "- 1", "1-"};

	for (size_t i = 0; i < N(good); i++) {
		int64_t v = 77;

		assert_true(str_i64(str_z(good[i].in), &v));
		assert_true(v == good[i].v);
	}
	for (size_t i = 0; i < N(bad); i++) {
		int64_t v = 77;

		assert_false(str_i64(str_z(bad[i]), &v));
		assert_int_equal(v, 77);
	}
}

static void test_hexdigit(void **state)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	for (int c = -128; c < 128; c++) {
		const char *at = c ? strchr(digits, c) : NULL;
		int v = at ? (int)(at - digits) % 16 : -1;

		assert_int_equal(str_hexdigit((char)c), v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equal),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_take),
	    cmocka_unit_test(test_trim),
	    cmocka_unit_test(test_unsigned),
	    cmocka_unit_test(test_signed),
	    cmocka_unit_test(test_hexdigit),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
