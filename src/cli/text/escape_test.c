/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/escape.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct sample {
	struct str in;
	const char *out;
	size_t columns;
	unsigned flags;
};

static const struct sample samples[] = {
    {STR_INIT(""), "", 0, 0},
    {STR_INIT("ls -l /tmp"), "ls -l /tmp", 10, 0},
    {STR_INIT("a\nb\tc\rd"), "a\\nb\\tc\\rd", 10, 0},
    {STR_INIT("\033[2J\033]0;x\007"), "\\x1b[2J\\x1b]0;x\\x07", 19, 0},
    {STR_INIT("a\0b"), "a\\x00b", 6, 0},
    {STR_INIT("\x7f"), "\\x7f", 4, 0},
    {STR_INIT("back\\slash"), "back\\slash", 10, 0},
    /* C1 as UTF-8 and as a bare byte. */
    {STR_INIT("\xc2\x9b"
	      "31m"),
	"\\u009b31m", 9, 0},
    {STR_INIT("\x9b"
	      "31m"),
	"\\x9b31m", 7, 0},
    /* Bidirectional override and isolate, zero width, tag, BOM. */
    {STR_INIT("\xe2\x80\xae"), "\\u202e", 6, 0},
    {STR_INIT("\xe2\x81\xa6"), "\\u2066", 6, 0},
    {STR_INIT("\xe2\x80\x8b"), "\\u200b", 6, 0},
    {STR_INIT("\xf3\xa0\x81\x81"), "\\U000e0041", 10, 0},
    {STR_INIT("\xef\xbb\xbf"), "\\ufeff", 6, 0},
    /* Overlong, surrogate, beyond the last, cut off, stray. */
    {STR_INIT("\xc0\xaf"), "\\xc0\\xaf", 8, 0},
    {STR_INIT("\xed\xa0\x80"), "\\xed\\xa0\\x80", 12, 0},
    {STR_INIT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80", 16, 0},
    {STR_INIT("x\xe2\x82"), "x\\xe2\\x82", 9, 0},
    {STR_INIT("\xff"), "\\xff", 4, 0},
    /* Wide, combining, accented. */
    {STR_INIT("\xe6\xbc\xa2"), "\xe6\xbc\xa2", 2, 0},
    {STR_INIT("e\xcc\x81"), "e\xcc\x81", 1, 0},
    {STR_INIT("Am\xc3\xa9lie"), "Am\xc3\xa9lie", 6, 0},
    {STR_INIT("Am\xc3\xa9lie"), "Am\\u00e9lie", 11, ESCAPE_ASCII},
};

static void test_escape(void **state)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const struct sample *s = &samples[i];

		buf_clear(&b);
		assert_int_equal(
		    escape_add(&b, s->in, ESCAPE_NO_LIMIT, s->flags, NULL),
		    s->columns);
		assert_string_equal(buf_z(&b), s->out);
	}
	buf_free(&b);
}

static const struct {
	struct str in;
	size_t max;
	const char *out;
	size_t columns;
} cuts[] = {
    {STR_INIT("abcdef"), 6, "abcdef", 6},
    {STR_INIT("abcdefg"), 6, "abcde\u2026", 6},
    {STR_INIT("\033\033"), 6, "\\x1b\u2026", 5},
    {STR_INIT("\xe6\xbc\xa2\xe6\xbc\xa2"), 3, "\xe6\xbc\xa2\u2026", 3},
    {STR_INIT("\xe6\xbc\xa2\xe6\xbc\xa2"), 4, "\xe6\xbc\xa2\xe6\xbc\xa2", 4},
    {STR_INIT("ab"), 1, "\u2026", 1},
};

static void test_cut(void **state)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		buf_clear(&b);
		assert_int_equal(escape_add_cut(&b, cuts[i].in, cuts[i].max, 0),
		    cuts[i].columns);
		assert_string_equal(buf_z(&b), cuts[i].out);
	}
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_escape),
	    cmocka_unit_test(test_cut),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
