/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/syslog_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* What comes of a stream that arrives in pieces of `piece` bytes. */
struct read {
	struct buf got; /* each message in brackets, "!" before a cut one */
	bool torn;
};

static struct read read_all(struct str stream, size_t piece)
{
	struct read ret = {BUF_INIT, false};
	struct syslog_frames f = {0};
	struct buf window = BUF_INIT;
	struct str rest, message;
	bool cut;

	while (stream.n) {
		buf_add_str(&window, str_upto(stream, piece));
		stream = str_from(stream, piece);
		rest = buf_str(&window);
		while (syslog_next(&f, &rest, &message, &cut))
			buf_printf(&ret.got, "%s[%.*s]", cut ? "!" : "",
			    STR_ARG(message));
		assert_true(rest.n <= SYSLOG_WINDOW_MAX);
		buf_consume(&window, window.n - rest.n);
	}
	ret.torn = syslog_is_torn(&f, buf_str(&window));
	buf_free(&window);
	return ret;
}

static const struct {
	struct str stream, got;
	bool torn;
} cases[] = {
    {STR_INIT(""), STR_INIT(""), false},
    {STR_INIT("<13>a b\n<13>c\n"), STR_INIT("[<13>a b][<13>c]"), false},
    {STR_INIT("<13>a\0<13>b\n"), STR_INIT("[<13>a][<13>b]"), false},
    {STR_INIT("7 <13>a b5 <13>c"), STR_INIT("[<13>a b][<13>c]"), false},
    /* The ways may change within a stream. */
    {STR_INIT("7 <13>a\nb<13>c\n5 <13>d"), STR_INIT("[<13>a\nb][<13>c][<13>d]"),
	false},
    /* Begins with digits, and has no length. */
    {STR_INIT("2026-11-27T10:00:00Z h a: b\n"),
	STR_INIT("[2026-11-27T10:00:00Z h a: b]"), false},
    {STR_INIT("0 a\n"), STR_INIT("[0 a]"), false},
    {STR_INIT("1234567890 a\n"), STR_INIT("[1234567890 a]"), false},
    {STR_INIT("\n\n"), STR_INIT("[][]"), false},
    {STR_INIT("<13>a\r\n"), STR_INIT("[<13>a\r]"), false},
    /* Half of something. */
    {STR_INIT("<13>a"), STR_INIT(""), true},
    {STR_INIT("9 <13>a"), STR_INIT(""), true},
    {STR_INIT("12"), STR_INIT(""), true},
    {STR_INIT("999999999 <13>"), STR_INIT(""), true},
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t piece = 1; piece < 9; piece++) {
			struct read r = read_all(cases[i].stream, piece);

			if (!str_eq(buf_str(&r.got), cases[i].got) ||
			    r.torn != cases[i].torn)
				fail_msg("case %zu in pieces of %zu: %.*s", i,
				    piece, STR_ARG(buf_str(&r.got)));
			buf_free(&r.got);
		}
	(void)state;
}

/* Of a long message the begin is told, and what follows it is found again. */
static void check_long(const char *head, size_t n, const char *end, bool cut)
{
	struct buf stream = BUF_INIT;
	struct read r;

	buf_add_z(&stream, head);
	for (size_t i = 0; i < n; i++)
		buf_add_char(&stream, 'x');
	buf_add_z(&stream, end);
	buf_add_z(&stream, "<13>next\n");
	r = read_all(buf_str(&stream), 4096);
	assert_int_equal(r.got.p[0] == '!', cut);
	assert_true(str_ends(buf_str(&r.got), STR("x][<13>next]")));
	assert_int_equal(r.got.n - 12, cut ? SYSLOG_MESSAGE_MAX + 1 : n);
	assert_false(r.torn);
	buf_free(&r.got);
	buf_free(&stream);
}

static void test_long(void **state)
{
	check_long("", SYSLOG_MESSAGE_MAX, "\n", false);
	check_long("", SYSLOG_MESSAGE_MAX + 1, "\n", true);
	check_long("", 300000, "\n", true);
	check_long("65535 ", 65535, "", false);
	check_long("65536 ", 65536, "", true);
	check_long("300000 ", 300000, "", true);
	(void)state;
}

static void test_line(void **state)
{
	static const struct {
		struct str message, line;
	} lines[] = {
	    {STR_INIT("<13>a"), STR_INIT("<13>a\n")},
	    {STR_INIT("<13>a\n"), STR_INIT("<13>a\n")},
	    {STR_INIT("<13>a\r\n\0"), STR_INIT("<13>a\n")},
	    /* A second line within must not pass for one. */
	    {STR_INIT("<13>a\nNov 1 sshd"), STR_INIT("<13>a#012Nov 1 sshd\n")},
	    {STR_INIT("<13>a\0b\rc"), STR_INIT("<13>a#000b#015c\n")},
	    /* Nor may one continue what another message said. */
	    {STR_INIT("  \ta"), STR_INIT("a\n")},
	    {STR_INIT(" \n"), STR_INIT("")},
	    {STR_INIT("\xef\xbb\xbf<13>a"), STR_INIT("<13>a\n")},
	    {STR_INIT("\xef\xbb\xbf <13>a"), STR_INIT("<13>a\n")},
	    {STR_INIT("\xef\xbb\xbf"), STR_INIT("")},
	    {STR_INIT("\xef\xbb<13>a"), STR_INIT("\xef\xbb<13>a\n")},
	    {STR_INIT("<13>\xef\xbb\xbf"), STR_INIT("<13>\xef\xbb\xbf\n")},
	    {STR_INIT(""), STR_INIT("")},
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct buf b = BUF_INIT;

		syslog_line(lines[i].message, &b);
		if (!str_eq(buf_str(&b), lines[i].line))
			fail_msg("line %zu: %.*s", i, STR_ARG(buf_str(&b)));
		buf_free(&b);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
