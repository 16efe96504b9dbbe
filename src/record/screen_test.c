/* SPDX-License-Identifier: Apache-2.0 */
#include "record/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* All rows of a screen, as text, each with a newline but for blank ones at
 * the end. */
static void get_text(const struct screen *s, struct buf *out)
{
	size_t end = 0;

	buf_clear(out);
	for (unsigned y = 0; y < screen_rows(s); y++) {
		size_t before = out->n;

		row_text(screen_row(s, y), out);
		if (out->n > before)
			end = out->n + 1;
		buf_add_char(out, '\n');
	}
	out->n = end;
}

static void assert_text(const struct screen *s, const char *want)
{
	struct buf text = BUF_INIT;

	get_text(s, &text);
	assert_string_equal(buf_z(&text), want);
	buf_free(&text);
}

/* On 4 rows of 8 columns. */
static const struct {
	const char *bytes, *text;
	unsigned x, y;
} cases[] = {
    {"hello\r\nyou", "hello\nyou\n", 3, 1},
    {"helk\b \blo", "hello\n", 5, 0},
    {"12345678", "12345678\n", 8, 0},
    {"12345678\r\nx", "12345678\nx\n", 1, 1},
    {"123456789", "12345678\n9\n", 1, 1},
    {"\33[?7l123456789", "12345679\n", 8, 0},
    {"1\n2\n3\n4\n5", " 2\n  3\n   4\n    5\n", 5, 3},
    {"\33[2;3r\33[4Hlast\33[3H\n\nx", "\n\nx\nlast\n", 1, 2},
    {"ab\33[1;2Hc\33[K", "ac\n", 2, 0},
    {"abc\33[2D\33[P", "ac\n", 1, 0},
    {"abc\33[2D\33[2@", "a  bc\n", 1, 0},
    {"abc\33[2D\33[4hX\33[4lY", "aXYc\n", 3, 0},
    {"a\r\nb\33[H\33[L", "\na\nb\n", 0, 0},
    {"a\r\nb\33[H\33[M", "b\n", 0, 0},
    {"a\tb\33[3g\r\tc", "a      c\n", 8, 0},
    {"a\33[5bz", "aaaaaaz\n", 7, 0},
    {"\33(0lqk\33(B\33[?25l", "┌─┐\n", 3, 0},
    {"\33[?1049habc\33[?1049lx", "x\n", 1, 0},
    {"a\33[?1049h\33[Hb", "b\n", 1, 0},
    {"a\33"
     "7\33[3;3Hb\33"
     "8c",
	"ac\n\n  b\n", 2, 0},
    {"\33]0;title\7a\33P1;2q###\33\\b\33_x\33\\c\33^y\33\\d", "abcd\n", 4, 0},
    {"\33]52;c;?\33\\\33[c\33[6n\33[21t\5\33Z", "", 0, 0},
    {"a\33[8;50;50tb", "ab\n", 2, 0},
    {"a\33[12\30b\33[1\33[31mc", "abc\n", 3, 0},
    {"漢字\b\bx", "漢x\n", 3, 0},
    {"漢字\33[2Gx", " x字\n", 2, 0},
    {"1234567漢", "1234567\n漢\n", 2, 1},
    {"e\314\201x", "e\314\201x\n", 2, 0},
    {"e\314\201\314\202\314\203\314\204x", "e\314\201\314\202\314\203x\n", 2,
	0},
    {"a\xff"
     "b\xe2\x82"
     "c\xc0\xaf",
	"a\357\277\275b\357\277\275c\357\277"
	"\275\357\277\275\n",
	7, 0},
    {"a\xc2\x9b"
     "31mb",
	"ab\n", 2, 0},
    {"\33[999999999999;5Hx", "\n\n\n    x\n", 5, 3},
    {"\33[;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;1mx", "x\n", 1, 0},
    {"abc\33cx", "x\n", 1, 0},
    {"\33#8\33[2Jx", "x\n", 1, 0},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct screen *s = screen_new(4, 8, 0);
		struct screen_cursor c;

		print_message("# case %zu\n", i);
		screen_feed(s, 1, str_z(cases[i].bytes));
		assert_text(s, cases[i].text);
		c = screen_cursor(s);
		assert_int_equal(c.x, cases[i].x);
		assert_int_equal(c.y, cases[i].y);
		assert_int_equal(screen_error(s), 0);
		screen_free(s);
	}
}

/* What is put out depends on the bytes, not on how they are divided. */
static void test_divided(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct screen *s = screen_new(4, 8, 0);
		struct str bytes = str_z(cases[i].bytes);

		for (size_t k = 0; k < bytes.n; k++)
			screen_feed(s, 1, str_make(bytes.p + k, 1));
		assert_text(s, cases[i].text);
		screen_free(s);
	}
}

static const struct {
	const char *sgr;
	struct pen pen;
} pens[] = {
    {"1;2;3;5;7;8", {PEN_BOLD | PEN_DIM | PEN_ITALIC | PEN_BLINK | PEN_INVERSE |
			    PEN_INVISIBLE,
			0, 0}},
    {"1;2;3;5;7;8;22;23;25;27;28", {0, 0, 0}},
    {"9;53", {0, PEN_STRIKE | PEN_OVERLINE, 0}},
    {"9;53;29;55", {0, 0, 0}},
    {"4", {0, 1u << PEN_UNDERLINE_SHIFT, 0}},
    {"4:3", {0, 3u << PEN_UNDERLINE_SHIFT, 0}},
    {"21", {0, 2u << PEN_UNDERLINE_SHIFT, 0}},
    {"4:3;24", {0, 0, 0}},
    {"31;42", {COLOR_INDEXED | 1, COLOR_INDEXED | 2, 0}},
    {"91;107", {COLOR_INDEXED | 9, COLOR_INDEXED | 15, 0}},
    {"38;5;200;48;5;17", {COLOR_INDEXED | 200, COLOR_INDEXED | 17, 0}},
    {"38;2;1;2;3;1", {COLOR_RGB | 0x010203 | PEN_BOLD, 0, 0}},
    {"38:2::1:2:3;48:2:4:5:6", {COLOR_RGB | 0x010203, COLOR_RGB | 0x040506, 0}},
    {"38:5:9;39", {0, 0, 0}},
    {"58:5:9", {0, 0, COLOR_INDEXED | 9}},
    {"38;2", {COLOR_RGB, 0, 0}},
    {"38", {0, 0, 0}},
    {"31;0", {0, 0, 0}},
    {"31;", {0, 0, 0}},
    {"30;999;1000000", {COLOR_INDEXED, 0, 0}},
};

static void test_pens(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pens / sizeof *pens; i++) {
		struct screen *s = screen_new(1, 4, 0);
		char bytes[80];
		struct cell c;

		snprintf(bytes, sizeof bytes, "\33[%smx", pens[i].sgr);
		print_message("# %s\n", pens[i].sgr);
		screen_feed(s, 1, str_z(bytes));
		c = row_cell(screen_row(s, 0), 0);
		assert_int_equal(c.code, 'x');
		assert_true(pen_eq(c.pen, pens[i].pen));
		screen_free(s);
	}
}

static void test_erased_with_color(void **state)
{
	struct screen *s = screen_new(2, 8, 0);
	struct cell c;

	(void)state;
	screen_feed(s, 1, STR("ab\33[44;1m\33[K\33[2;3H\33[1K"));
	c = row_cell(screen_row(s, 0), 7);
	assert_int_equal(c.pen.bg, COLOR_INDEXED | 4);
	assert_int_equal(c.pen.fg, 0);
	assert_int_equal(row_cell(screen_row(s, 0), 1).pen.bg, 0);
	assert_int_equal(row_cell(screen_row(s, 1), 2).pen.bg, c.pen.bg);
	assert_int_equal(row_cell(screen_row(s, 1), 3).pen.bg, 0);
	/* New columns have no colour. */
	screen_resize(s, 2, 2, 10);
	assert_int_equal(row_cell(screen_row(s, 0), 7).pen.bg, c.pen.bg);
	assert_int_equal(row_cell(screen_row(s, 0), 8).pen.bg, 0);
	screen_free(s);
}

static void test_times(void **state)
{
	struct screen *s = screen_new(2, 8, 4);
	const struct row *r;

	(void)state;
	screen_feed(s, 10, STR("a"));
	screen_feed(s, 20, STR("b\r\n"));
	screen_feed(s, 30, STR("c"));
	r = screen_row(s, 0);
	assert_true(r->first == 10 && r->last == 20);
	screen_feed(s, 40, STR("\r\n"));
	assert_int_equal(screen_n_history(s), 1);
	r = screen_history(s, 0);
	assert_true(r->first == 10 && r->last == 20);
	assert_true(screen_row(s, 0)->first == 30);
	assert_true(screen_row(s, 1)->first == 0);
	screen_free(s);
}

static void test_history(void **state)
{
	struct screen *s = screen_new(2, 8, 3);
	struct buf text = BUF_INIT;

	(void)state;
	screen_feed(s, 1, STR("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n"));
	assert_int_equal(screen_n_history(s), 3);
	for (unsigned i = 0; i < 3; i++)
		row_text(screen_history(s, i), &text);
	assert_string_equal(buf_z(&text), "345");
	/* What scrolls in a region or elsewhere is not kept. */
	screen_feed(s, 1, STR("\33[?1049h1\r\n2\r\n3\33[?1049l\33[S"));
	assert_int_equal(screen_n_history(s), 3);
	screen_feed(s, 1, STR("\33[3J"));
	assert_int_equal(screen_n_history(s), 0);
	buf_free(&text);
	screen_free(s);
}

static void test_resize(void **state)
{
	struct screen *s = screen_new(4, 8, 9);

	(void)state;
	screen_feed(s, 1, STR("1\r\n2\r\n3\r\n1234567\r"));
	screen_resize(s, 2, 2, 4);
	assert_text(s, "3\n1234\n");
	assert_int_equal(screen_n_history(s), 2);
	screen_resize(s, 3, 3, 8);
	assert_text(s, "3\n1234\n");
	assert_int_equal(screen_cursor(s).y, 1);
	screen_resize(s, 4, 0, 0);
	assert_int_equal(screen_rows(s), 1);
	assert_int_equal(screen_cols(s), SCREEN_MIN_COLS);
	screen_resize(s, 5, 1 << 30, 1 << 30);
	assert_int_equal(screen_rows(s), SCREEN_MAX);
	assert_int_equal(screen_cols(s), SCREEN_MAX);
	screen_free(s);
}

struct seen {
	struct buf text;
};

static void on_leave(
    void *user, struct row *r, uint64_t time, enum row_leaves how)
{
	struct seen *seen = user;

	assert_int_equal(time, 1);
	buf_add_char(&seen->text, "^!"[how]);
	row_text(r, &seen->text);
}

static void test_watch(void **state)
{
	struct screen *s = screen_new(2, 8, 0);
	struct seen seen = {BUF_INIT};

	(void)state;
	screen_watch(s, &(struct screen_watch){on_leave, &seen});
	screen_feed(s, 1, STR("a\r\nb\r\nc\33[2Jd\33[?1049he\33[?1049l\33[H"));
	screen_feed(s, 1, STR("f\33[M\33c"));
	assert_string_equal(buf_z(&seen.text), "^a!b!c^ d^  e^f! d");
	buf_free(&seen.text);
	screen_free(s);
}

/* Costly for those who obey: memory and time stay small. */
static void test_hostile(void **state)
{
	static const char *const bytes[] = {"\33[44m\33[2147483647S",
	    "a\33[2147483647b", "\33[2147483647L", "\33[2147483647I\33[9999Z",
	    "\33[?1049h\33[7m\33[2J\33[?1049l", "\33[2147483647'}"};
	struct screen *s = screen_new(SCREEN_MAX, SCREEN_MAX, 10);

	(void)state;
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
		for (unsigned k = 0; k < 20; k++)
			screen_feed(s, 1, str_z(bytes[i]));
	for (unsigned k = 0; k < 100000; k++)
		screen_feed(s, 1, STR("\33]0;endless"));
	assert_false(screen_idle(s));
	screen_feed(s, 1, STR("\7"));
	assert_true(screen_idle(s));
	assert_int_equal(screen_error(s), 0);
	screen_free(s);
}

static struct screen *copy(const struct screen *s)
{
	struct screen *c = screen_new(screen_rows(s), screen_cols(s), 0);
	struct buf b = BUF_INIT;

	screen_snapshot(s, &b);
	screen_feed(c, 1, buf_str(&b));
	buf_free(&b);
	return c;
}

static void assert_same(const struct screen *a, const struct screen *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	screen_snapshot(a, &x);
	screen_snapshot(b, &y);
	assert_true(str_eq(buf_str(&x), buf_str(&y)));
	buf_free(&x);
	buf_free(&y);
}

/* Obeyed, each of these floods would take minutes; what is passed
 * over of them is the same from a snapshot on. */
static void test_flood(void **state)
{
	static const char *const floods[] = {"\33#8", "\33[1\"q\33#8\33[?2J",
	    "\33['}", "\33[?47h\33[?47l", "x\33[2 @\33[ A", "\33c", "\33[2J"};
	struct screen *s = screen_new(SCREEN_MAX, SCREEN_MAX, 0), *second;

	(void)state;
	screen_feed(s, 1, STR("\33#8"));
	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		for (unsigned k = 0; k < 20000; k++)
			screen_feed(s, 1, str_z(floods[i]));
		second = copy(s);
		assert_same(s, second);
		for (unsigned k = 0; k < 4000; k++) {
			screen_feed(s, 1, str_z(floods[i]));
			screen_feed(second, 1, str_z(floods[i]));
		}
		assert_same(s, second);
		screen_free(second);
	}
	/* What is shown stays to be seen. */
	screen_feed(s, 1, STR("\33[Htext\33#8"));
	assert_int_equal(row_cell(screen_row(s, 0), 3).code, 't');
	/* Who goes on as programs do is obeyed again. */
	for (unsigned k = 0; k < 20000; k++)
		screen_feed(s, 1, STR("text\r"));
	screen_feed(s, 1, STR("\33#8"));
	assert_int_equal(row_cell(screen_row(s, 0), 3).code, 'E');
	screen_free(s);
}

static void test_snapshot_for_others(void **state)
{
	struct screen *s = screen_new(3, 8, 0);
	struct buf b = BUF_INIT;

	(void)state;
	screen_feed(s, 1, STR("\33[1mab\33[m\r\n12345678\33[?1049h\33[2;3rx"));
	screen_snapshot(s, &b);
	assert_string_equal(buf_z(&b),
	    "\33c\33[0;1mab\r\n\33[0m12345678\33[2;8H8\0337\33[2H"
	    "\33[?1047h\33[Hx\33[2;3r\33[1;2H\33[0m\33[1Gx");
	buf_free(&b);
	screen_free(s);
}

static void test_pieces(void **state)
{
	static const struct piece terminal[] = {
	    {PIECE_BEGIN, 1, 0,
		.bytes = STR_INIT("{\"time\":1,\"host\":\"h\",\"kind\":"
				  "\"channel.open\",\"size\":"
				  "\"12x3\",\"chan_type\":\"terminal\"}")},
	    {PIECE_OUTPUT, 2, 0, .bytes = STR_INIT("a\nb\033[")},
	    {PIECE_HOLE, 3, 0, .lost = 9},
	    {PIECE_INPUT, 4, 0, .bytes = STR_INIT("typed")},
	    {PIECE_OUTPUT, 5, 0, .bytes = STR_INIT("1mc")},
	};
	static const struct piece command[] = {
	    {PIECE_BEGIN, 1, 0,
		.bytes = STR_INIT("{\"time\":1,\"host\":\"h\",\"kind\":"
				  "\"channel.open\",\"chan_type\":"
				  "\"command\"}")},
	    {PIECE_OUTPUT, 2, 0, .bytes = STR_INIT("one\ntwo")},
	    {PIECE_ERRORS, 3, 0, .bytes = STR_INIT("\nbad\n")},
	};
	struct screen *s = screen_new(24, 80, 0);

	(void)state;
	for (size_t i = 0; i < sizeof terminal / sizeof *terminal; i++)
		screen_take(s, &terminal[i]);
	assert_int_equal(screen_cols(s), 12);
	assert_int_equal(screen_rows(s), 3);
	assert_text(s, "a\n b1mc\n");
	screen_free(s);
	s = screen_new(24, 80, 0);
	for (size_t i = 0; i < sizeof command / sizeof *command; i++)
		screen_take(s, &command[i]);
	assert_int_equal(screen_cols(s), 80);
	assert_text(s, "one\ntwo\nbad\n");
	screen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_divided),
	    cmocka_unit_test(test_pens),
	    cmocka_unit_test(test_erased_with_color),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_history),
	    cmocka_unit_test(test_resize),
	    cmocka_unit_test(test_watch),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_snapshot_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
