/* SPDX-License-Identifier: Apache-2.0 */
#include "record/asciicast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START ((uint64_t)7000000000)

static const struct asciicast_head head = {.cols = 100,
    .rows = 30,
    .time = 1700000000999999999,
    .boot = START,
    .title = {"a \"b\"", 5}};

static struct piece output(uint64_t after, struct str bytes)
{
	return (struct piece){
	    .type = PIECE_OUTPUT, .boot = START + after, .bytes = bytes};
}

static void check(
    unsigned version, const struct piece *pieces, size_t n, const char *want)
{
	struct buf b = BUF_INIT;
	struct asciicast a;

	asciicast_begin(&a, version, &b, &head);
	for (size_t i = 0; i < n; i++)
		asciicast_piece(&a, &pieces[i]);
	asciicast_end(&a);
	assert_string_equal(buf_z(&b), want);
	buf_free(&b);
}

static void test_versions(void **state)
{
	const struct piece pieces[] = {
	    {.type = PIECE_BEGIN, .boot = START},
	    output(1600000, STR("ls\r\n\033[1m\\\"\177")),
	    {.type = PIECE_SIZE, .boot = START + 3200000, .cols = 1, .rows = 2},
	    {.type = PIECE_MASKED, .boot = START + 4800000},
	    {.type = PIECE_HOLE, .boot = START + 6400000, .lost = 12},
	    {.type = PIECE_INPUT,
		.boot = START + 1008000000,
		.bytes = STR("x")},
	    {.type = PIECE_END, .boot = START + 1008000000},
	};

	(void)state;
	check(2, pieces, sizeof pieces / sizeof *pieces,
	    "{\"version\": 2, \"width\": 100, \"height\": 30, "
	    "\"timestamp\": 1700000000, \"title\": \"a \\\"b\\\"\"}\n"
	    "[0.001600, \"o\", "
	    "\"ls\\u000d\\u000a\\u001b[1m\\\\\\\"\\u007f\"]\n"
	    "[0.003200, \"r\", \"1x2\"]\n"
	    "[0.004800, \"m\", \"typed without echo: not recorded\"]\n"
	    "[0.006400, \"m\", \"12 bytes of output are missing here\"]\n"
	    "[1.008000, \"i\", \"x\"]\n");
	/* Intervals: their sum does not drift from the time. */
	check(3, pieces, sizeof pieces / sizeof *pieces,
	    "{\"version\": 3, \"term\": {\"cols\": 100, \"rows\": 30}, "
	    "\"timestamp\": 1700000000, \"title\": \"a \\\"b\\\"\"}\n"
	    "[0.001, \"o\", \"ls\\u000d\\u000a\\u001b[1m\\\\\\\"\\u007f\"]\n"
	    "[0.002, \"r\", \"1x2\"]\n"
	    "[0.001, \"m\", \"typed without echo: not recorded\"]\n"
	    "[0.002, \"m\", \"12 bytes of output are missing here\"]\n"
	    "[1.002, \"i\", \"x\"]\n");
}

/* Of a command: newlines are completed, both streams are output. */
static void test_command(void **state)
{
	static const struct asciicast_head command = {
	    .time = 1700000000999999999, .boot = START, .no_tty = true};
	static const struct piece pieces[] = {
	    {.type = PIECE_OUTPUT, .boot = START, .bytes = STR_INIT("a\n\xc3")},
	    {.type = PIECE_ERRORS, .boot = START, .bytes = STR_INIT("\nb\n\n")},
	    {.type = PIECE_OUTPUT, .boot = START, .bytes = STR_INIT("\xa9\n")},
	    {.type = PIECE_LEFT_OUT, .boot = START},
	    {.type = PIECE_LEFT_OUT, .boot = START, .lost = 9},
	};
	struct buf b = BUF_INIT;
	struct asciicast a;

	(void)state;
	asciicast_begin(&a, 2, &b, &command);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
		asciicast_piece(&a, &pieces[i]);
	asciicast_end(&a);
	assert_string_equal(buf_z(&b),
	    "{\"version\": 2, \"width\": 80, \"height\": 24, "
	    "\"timestamp\": 1700000000}\n"
	    "[0.000000, \"o\", \"a\\u000d\\u000a\"]\n"
	    "[0.000000, \"o\", \"\\u000d\\u000ab\\u000d\\u000a\\u000d\\u000a"
	    "\"]\n"
	    "[0.000000, \"o\", \"\xc3\xa9\\u000d\\u000a\"]\n"
	    "[0.000000, \"m\", \"output is not recorded from here on\"]\n"
	    "[0.000000, \"m\", \"9 bytes of output were not recorded\"]\n");
	buf_free(&b);
}

#define HEAD2                                                                  \
	"{\"version\": 2, \"width\": 100, \"height\": 30, "                    \
	"\"timestamp\": 1700000000, \"title\": \"a \\\"b\\\"\"}\n"
#define BAD "\xef\xbf\xbd"

/* Text in one piece, and in pieces of one byte each: the same characters. */
static void test_utf8(void **state)
{
	static const struct {
		struct str bytes;
		const char *text;
	} cases[] = {
	    {STR_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
	    {STR_INIT("\xff\xfe"), BAD BAD},
	    {STR_INIT("\xe2\x82"), BAD},
	    {STR_INIT("\xc3(\xe2(\xa1"), BAD "(" BAD "(" BAD},
	    {STR_INIT("\xf0\x9f\x98(\xe2\x82\xff"), BAD "(" BAD BAD},
	    {STR_INIT("\xed\xa0\x80"), BAD BAD BAD},
	    {STR_INIT("\xc0\x80\xf5"), BAD BAD BAD},
	    {STR_INIT("\xc2\x9b"
		      "31m"),
		"\\u009b31m"},
	    {STR_INIT("\xe2\x80\xae"), "\\u202e"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b = BUF_INIT, text = BUF_INIT;
		struct str rest = cases[i].bytes;
		struct asciicast a;

		asciicast_begin(&a, 2, &b, &head);
		while (rest.n) {
			struct piece p = output(0, str_upto(rest, 1));

			asciicast_piece(&a, &p);
			rest = str_from(rest, 1);
		}
		asciicast_end(&a);
		rest = str_from(buf_str(&b), sizeof HEAD2 - 1);
		while (rest.n) {
			struct str line;

			str_cut(&rest, '\n', &line);
			assert_true(
			    str_skip(&line, STR("[0.000000, \"o\", \"")));
			assert_true(str_chop(&line, STR("\"]")));
			buf_add_str(&text, line);
		}
		buf_add_char(&text, '\0');
		assert_string_equal(text.p, cases[i].text);
		buf_free(&text);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_command),
	    cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
