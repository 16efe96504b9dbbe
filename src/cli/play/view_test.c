/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent to the terminal is fed to another one, which must show what was
 * to be shown; and nothing is sent but what the list in view.h has.
 */
#include "cli/play/view.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/text/escape.h"
#include "record/chunk.h"

/* The sequence at the front of *s is one of ours; it is taken off. */
static bool skip_sequence(struct str *s)
{
	static const char *const fixed[] = {
	    "\33[?25l", "\33[?25h", "\33[H", "\33[2J", "\33[K"};
	struct str rest;

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (str_skip(s, str_z(fixed[i])))
			return true;
	rest = *s;
	if (!str_skip(&rest, STR("\33[")))
		return false;
	while (rest.n && (strchr("0123456789;", *rest.p)))
		rest = str_from(rest, 1);
	if (rest.n == 0 || (*rest.p != 'm' && *rest.p != 'H'))
		return false;
	*s = str_from(rest, 1);
	return true;
}

static void assert_harmless(struct str out)
{
	while (out.n) {
		int32_t c;
		size_t n = utf8_next(out, &c);

		if (c == '\33') {
			assert_true(skip_sequence(&out));
			continue;
		}
		assert_true(c >= 0x20 && c != 0x7f && (c < 0x80 || c >= 0xa0));
		assert_false(escape_is_hidden(c));
		out = str_from(out, n);
	}
}

/* A view and the terminal that it writes to. */
struct pair {
	struct view view;
	struct screen *terminal;
	struct buf out;
	size_t sent;
};

static void open_pair(struct pair *p, unsigned rows, unsigned cols)
{
	*p = (struct pair){.view = {.utf8 = true, .color = true}};
	assert_int_equal(view_resize(&p->view, rows, cols), 0);
	p->terminal = screen_new(rows, cols, 0);
	assert_non_null(p->terminal);
	screen_feed(p->terminal, 1, STR("\33[?7l"));
}

static void close_pair(struct pair *p)
{
	view_free(&p->view);
	screen_free(p->terminal);
	buf_free(&p->out);
}

static void draw(struct pair *p)
{
	buf_clear(&p->out);
	view_draw(&p->view, &p->out);
	assert_int_equal(buf_error(&p->out), 0);
	assert_harmless(buf_str(&p->out));
	screen_feed(p->terminal, 1, buf_str(&p->out));
	p->sent += p->out.n;
}

static void assert_shows(const struct pair *p, const struct screen *s)
{
	struct screen_cursor want = screen_cursor(s);
	struct screen_cursor got = screen_cursor(p->terminal);

	for (unsigned y = 0; y < p->view.rows; y++)
		for (unsigned x = 0; x < p->view.cols; x++) {
			const struct cell *wanted =
			    &p->view.wanted[(size_t)y * p->view.cols + x];
			struct cell c = row_cell(screen_row(p->terminal, y), x);

			assert_true(cell_eq(&c, wanted));
		}
	if (want.x >= p->view.cols || want.y >= p->view.rows)
		want.visible = false;
	assert_int_equal(got.visible, want.visible);
	if (want.visible) {
		assert_int_equal(got.x, want.x);
		assert_int_equal(got.y, want.y);
	}
}

/* The whole of a screen in the left upper corner. */
static void put_all(struct pair *p, const struct screen *s)
{
	view_put(&p->view, 0, p->view.rows, s, 0, 0);
	view_set_cursor(&p->view, screen_cursor(s));
	draw(p);
	assert_shows(p, s);
}

static void assert_text(const struct screen *s, unsigned y, const char *want)
{
	struct buf text = BUF_INIT;

	row_text(screen_row(s, y), &text);
	assert_string_equal(buf_z(&text), want);
	buf_free(&text);
}

/*
 * What acts on terminals when it is sent to them, each entry between A and B,
 * and what shows of it.
 */
static const struct {
	const char *bytes, *text;
} hostile[] = {
    /* What asks for an answer. */
    {"\5", "AB"},
    {"\33[c\33[>c\33[=c\33[0c", "AB"},
    {"\33[5n\33[6n\33[?6n\33[?15n\33[?25n\33[?26n\33[?996n", "AB"},
    {"\33[x\33[1x", "AB"},
    {"\33[4$p\33[?2026$p", "AB"},
    {"\33P$qm\33\\", "AB"},
    {"\33P+q544e\33\\\33P+p544e=41\33\\", "AB"},
    {"\33[>q\33[>0q", "AB"},
    {"\33[1;1;1;1;1;1*y", "AB"},
    {"\33[?u\33[&u\33Z\302\232", "AB"},
    /* Windows. */
    {"\33[1t\33[2t\33[3;0;0t\33[4;9;9t\33[8;90;90t\33[11t\33[14t\33[18t", "AB"},
    {"\33[13t\33[15t\33[16t\33[19t\33[20t\33[21t\33[22t\33[23t", "AB"},
    /* OSC: titles, colours, folder, links, notes, fonts, clipboard, marks. */
    {"\33]0;title\7\33]1;icon\7\33]2;title\33\\\235"
     "2;x\234",
	"A\357\277\2752;x\357\277\275B"},
    {"\302\235"
     "2;title\302\234",
	"AB"},
    {"\33]4;1;?\7\33]5;0;?\7\33]10;?\7\33]11;#fff\7\33]12;?\7\33]19;?\7\33]"
     "104\7"
     "\33]105\7\33]110\7\33]119\7",
	"AB"},
    {"\33]7;file:///etc\7", "AB"},
    {"\33]8;;http://x/\7link\33]8;;\7", "AlinkB"},
    {"\33]9;note\7\33]777;notify;a;b\7\33]99;;n\7\33]50;font\7", "AB"},
    {"\33]52;c;?\7\33]52;c;ZWNobw==\7\33]5522;x\7", "AB"},
    {"\33]133;A\7\33]633;A\7\33]697;A\7\33]1337;File=:AA\7", "AB"},
    {"\33]31337;any\33\\", "AB"},
    /* DCS, APC, PM, SOS; and in eight bits. */
    {"\33Pq#0~~\33\\\33P0;1|17/41\33\\\33P1;1;1{ @\33\\", "AB"},
    {"\33Ptmux;\33\33]0;x\7\33\\\33Pp\33\\", "AB"},
    {"\33_Gf=100;AAAA\33\\\33^pm\33\\\33Xsos\33\\", "AB"},
    {"\302\220q#0\302\234\302\237G\302\234\302\236p\302\234\302\230s\302\234",
	"AB"},
    /* Modes of mouse, focus, paste, keyboard, printer, lamps, and updates. */
    {"\33[?9h\33[?1000h\33[?1001h\33[?1002h\33[?1003h\33[?1005h\33[?1006h"
     "\33[?1007h\33[?1010h\33[?1011h\33[?1012h\33[?1013h\33[?1014h\33[?1015h"
     "\33[?1016h\33[?1004h\33[?2004h\33[?1034h",
	"AB"},
    {"\33[>1u\33[=1;1u\33[>4;2m\33[<u", "AB"},
    {"\33[i\33[5i\33[4i\33[?5i\33[1q\33[?2026h\33[20h", "AB"},
    /* States that would stay behind. */
    {"\33)0\33*0\33[2 q\33[6 q", "AB"},
    {"\33(0\16\17\33(B\33n\33o\17", "AB"},
    {"\33[?1049h\33[?1049l\33[?7l\33[?7h\33[?5h\33[?3h\33[r\33[?6h\33[?6l\33[1;"
     "2H",
	"AB"},
    {"\33cA\33[1;2H", "AB"},
    {"\33#3\33#4\33#5\33#6\33#8\33[2J\33[HA", "AB"},
    /* Counts that no program means. */
    {"\33[99999999999999999999999@\33[99999999b\33[999999999X\33[1;2H", "AB"},
    {"\33[1;2;3;4;5;6;7;8;9;0;1;2;3;4;5;6;7;8;9;0;1;2;3;4;5;6;7;8;9;0;1;2;3;4m",
	"AB"},
    /* Characters that reorder, hide, or are none. */
    {"\342\200\256\342\201\246", "AB"},
    {"\342\200\213\342\200\215\363\240\201\201", "AB"},
    {"\377\300\200", "A\357\277\275\357\277\275\357\277\275B"},
    {"\177", "AB"},
};

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct screen *s = screen_new(4, 40, 0);
		struct pair p;

		print_message("# case %zu\n", i);
		open_pair(&p, 4, 40);
		screen_feed(s, 1, STR("A"));
		screen_feed(s, 1, str_z(hostile[i].bytes));
		screen_feed(s, 1, STR("B"));
		assert_int_equal(screen_cols(s), 40);
		put_all(&p, s);
		assert_text(p.terminal, 0, hostile[i].text);
		close_pair(&p);
		screen_free(s);
	}
}

/* Without an end, and longer than anybody would keep. */
static void test_long_strings(void **state)
{
	static const char *const begins[] = {"\33]0;", "\33P", "\33_", "\33["};
	struct buf much = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 2 << 20; i++)
		buf_add_char(&much, '1');
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
		struct screen *s = screen_new(4, 40, 0);
		struct pair p;

		open_pair(&p, 4, 40);
		screen_feed(s, 1, str_z(begins[i]));
		screen_feed(s, 1, buf_str(&much));
		screen_feed(s, 1, STR("\30ok"));
		put_all(&p, s);
		assert_text(p.terminal, 0, "ok");
		assert_true(p.sent < 100);
		close_pair(&p);
		screen_free(s);
	}
	buf_free(&much);
}

/* How the cells of the first row come to the terminal, from what was there. */
static const struct {
	const char *before, *bytes, *out;
} drawn[] = {
    {"", "ab", "\33[?25lab\33[?25h"},
    {"abc", "\rax", "\33[?25l\33[1;2Hx\33[?25h"},
    {"abcdefgh", "\r\33[K", "\33[?25l\33[1;1H\33[K\33[?25h"},
    {"", "\33[1;31mx\33[m", "\33[?25l\33[0;1;31mx\33[?25h"},
    {"", "\33[4:3;58:5:9mx\33[m", "\33[?25l\33[0;4mx\33[?25h"},
    {"", "\33[38;2;1;2;3mx\33[m", "\33[?25l\33[0;38;2;1;2;3mx\33[?25h"},
    /* Where a character of more than a byte ends is not taken for known. */
    {"", "\303\244b", "\33[?25l\303\244\33[1;2Hb\33[?25h"},
    {"", "\346\274\242b", "\33[?25l\346\274\242\33[1;3Hb\33[?25h"},
    {"", "\314\201", "\33[?25l \314\201\33[1;2H\33[?25h"},
    {"a", "\33[?25l", "\33[?25l"},
    {"a", "", ""},
};

static void test_drawn(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
		struct screen *s = screen_new(2, 10, 0);
		struct pair p;

		print_message("# case %zu\n", i);
		open_pair(&p, 2, 10);
		screen_feed(s, 1, str_z(drawn[i].before));
		put_all(&p, s);
		screen_feed(s, 1, str_z(drawn[i].bytes));
		put_all(&p, s);
		assert_string_equal(p.out.n ? buf_z(&p.out) : "", drawn[i].out);
		close_pair(&p);
		screen_free(s);
	}
}

static void test_part(void **state)
{
	struct screen *s = screen_new(4, 12, 0);
	struct pair p;

	(void)state;
	screen_feed(s, 1,
	    STR("0123456789ab\r\n"
		"abc\346\274\242fg\346\274\242jk\r\nend"));
	open_pair(&p, 3, 5);
	/* Halves at both edges are blanks. */
	view_put(&p.view, 0, 2, s, 4, 1);
	draw(&p);
	assert_text(p.terminal, 0, " fg\346\274\242");
	assert_text(p.terminal, 1, "");
	view_put(&p.view, 0, 2, s, 3, 0);
	view_put(&p.view, 2, 1, s, 0, 2);
	draw(&p);
	assert_text(p.terminal, 0, "34567");
	assert_text(p.terminal, 1, "\346\274\242fg");
	assert_text(p.terminal, 2, "end");
	/* Behind its last row and column there is nothing. */
	view_put(&p.view, 0, 3, s, 10, 3);
	draw(&p);
	for (unsigned y = 0; y < 3; y++)
		assert_text(p.terminal, y, "");
	close_pair(&p);
	screen_free(s);
}

static void test_plain_terminal(void **state)
{
	struct screen *s = screen_new(1, 12, 0);
	struct pair p;

	(void)state;
	open_pair(&p, 1, 12);
	p.view.utf8 = p.view.color = false;
	screen_feed(
	    s, 1, STR("\33[1;31ma\303\244\346\274\242e\314\201\33(0qxl\33(B"));
	put_all(&p, s);
	assert_text(p.terminal, 0, "a?? e-|+");
	assert_true(str_find(buf_str(&p.out), STR("\33[0;1ma")) != STR_NPOS);
	close_pair(&p);
	screen_free(s);
}

static void test_other_wrote(void **state)
{
	struct screen *s = screen_new(2, 10, 0);
	struct pair p;

	(void)state;
	open_pair(&p, 2, 10);
	screen_feed(s, 1, STR("abc"));
	put_all(&p, s);
	screen_feed(p.terminal, 1, STR("\33[2;2H\33[1mnoise\33[?25l"));
	view_forget(&p.view);
	put_all(&p, s);
	close_pair(&p);
	screen_free(s);
}

/* Every so many pieces. */
#define STEP 7

/* Recordings of real programs and made-up ones, to terminals of three sizes. */
static void play(struct str bytes)
{
	static const unsigned sizes[][2] = {{24, 80}, {10, 33}, {60, 150}};
	struct screen *s = screen_new(24, 80, 0);
	struct pair p[3];
	struct chunk_reader r;
	struct piece piece;

	for (size_t i = 0; i < 3; i++)
		open_pair(&p[i], sizes[i][0], sizes[i][1]);
	if (chunk_open(&r, bytes)) {
		for (unsigned n = 0; chunk_next(&r, &piece) > 0; n++) {
			piece.boot = 1;
			screen_take(s, &piece);
			for (size_t i = 0; i < 3 && n % STEP == 0; i++)
				put_all(&p[i], s);
		}
	} else {
		for (size_t at = 0; at < bytes.n; at += 64) {
			screen_feed(s, 1, str_upto(str_from(bytes, at), 64));
			for (size_t i = 0; i < 3; i++)
				put_all(&p[i], s);
		}
	}
	for (size_t i = 0; i < 3; i++) {
		put_all(&p[i], s);
		close_pair(&p[i]);
	}
	screen_free(s);
}

#define FILE_MAX ((size_t)1 << 20)

static void test_corpus(void **state)
{
	const char *corpus = getenv("SSHTRAIL_CORPUS");
	char dir[4096], name[8192];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	(void)state;
	snprintf(
	    dir, sizeof dir, "%s/screen", corpus ? corpus : "tests/corpus");
	d = opendir(dir);
	assert_non_null(d);
	while ((e = readdir(d))) {
		char *bytes = malloc(FILE_MAX);
		FILE *f;

		if (e->d_name[0] == '.') {
			free(bytes);
			continue;
		}
		print_message("# %s\n", e->d_name);
		snprintf(name, sizeof name, "%s/%s", dir, e->d_name);
		f = fopen(name, "re");
		assert_non_null(f);
		play(str_make(bytes, fread(bytes, 1, FILE_MAX, f)));
		fclose(f);
		free(bytes);
		n++;
	}
	closedir(d);
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_long_strings),
	    cmocka_unit_test(test_drawn),
	    cmocka_unit_test(test_part),
	    cmocka_unit_test(test_plain_terminal),
	    cmocka_unit_test(test_other_wrote),
	    cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
