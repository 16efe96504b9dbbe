/* SPDX-License-Identifier: Apache-2.0 */
#include "record/unechoed.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "record/asked.h"
#include "record/held.h"

struct told {
	struct buf typed; /* what is kept, # where something is left out */
	struct buf shown;
	uint64_t boot; /* of the last one */
	size_t n, fails_at;
};

static int on_piece(void *user, const struct piece *p)
{
	struct told *t = user;

	assert_true(p->boot >= t->boot);
	t->boot = p->boot;
	if (p->type == PIECE_INPUT)
		buf_add_str(&t->typed, p->bytes);
	else if (p->type == PIECE_MASKED)
		buf_add_char(&t->typed, '#');
	else
		buf_add_str(&t->shown, p->bytes);
	return t->fails_at && ++t->n >= t->fails_at ? -ENOSPC : 0;
}

static struct unechoed *new_unechoed(struct told *t)
{
	struct unechoed *u = unechoed_new(on_piece, t);

	assert_non_null(u);
	return u;
}

static void give(struct unechoed *u, enum piece_type type, struct str bytes)
{
	static uint64_t boot;
	const struct piece p = {.type = type, .boot = ++boot, .bytes = bytes};

	assert_int_equal(unechoed_piece(u, &p), 0);
}

#define T(text)                                                                \
	{                                                                      \
		PIECE_INPUT, STR_INIT(text)                                    \
	}
#define S(text)                                                                \
	{                                                                      \
		PIECE_OUTPUT, STR_INIT(text)                                   \
	}
#define HOLE                                                                   \
	{                                                                      \
		PIECE_HOLE, STR_INIT("")                                       \
	}
#define ASK(row) S(row), T("abc\r"), S("abc\r\n$ ")

static const struct {
	const char *name;
	struct step {
		enum piece_type type;
		struct str bytes;
	} steps[16];
	struct str want;
} cases[] = {
    {"echoed at once", {S("$ "), T("ls\r"), S("ls\r\nfile\r\n$ ")},
	STR_INIT("ls\r")},
    {"echoed letter by letter",
	{T("l"), S("l"), T("s"), S("s"), T("\r"), S("\r\n")}, STR_INIT("ls\r")},
    {"echo comes late", {T("l"), T("s"), T("\r"), S("l"), S("s\r\n")},
	STR_INIT("ls\r")},
    {"not echoed", {S("word: "), T("secret\r"), S("\r\nhello\r\n")},
	STR_INIT("#")},
    {"not echoed, letter by letter",
	{S("word: "), T("p"), T("w"), T("\r"), S("\r\n$ "), T("ls\r"),
	    S("ls\r\n")},
	STR_INIT("#ls\r")},
    {"the end is left out, too", {T("a\rb\r"), S("a\r\n\r\n")},
	STR_INIT("a\r#")},
    {"no newline is shown behind it",
	{S("word: "), T("pw\r"), S("$ "), T("ls\r"), S("ls\r\n")},
	STR_INIT("#ls\r")},
    {"stars",
	{S("word: "), T("p"), S("*"), T("*"), S("*"), T("w"), S("*"), T("\r"),
	    S("\r\n"), T("ls\r"), S("ls\r\n")},
	STR_INIT("#ls\r")},
    {"a program writes meanwhile",
	{S("word: "), T("w"), S("wget\r\n"), T("o"), S("make\r\n"), T("rd\r"),
	    S("\r\nword\r\n")},
	STR_INIT("w#")},
    {"it is shown by what follows", {T("secret\r"), S("\r\nsecret\r\n")},
	STR_INIT("#")},
    {"scattered letters are no echo", {T("abc\r"), S("xaybzc xabx\033[Hx\r\n")},
	STR_INIT("#")},
    {"in the middle of a line, as readline does",
	{S("$ lx"), T("\033[D"), S("\b"), T("s"), S("sx\b"), T("\r"),
	    S("\r\n")},
	STR_INIT("\033[Ds\r")},
    {"all of the line anew, as zsh does",
	{T("l"), S("l"), T("s"), S("\b\033[32mls\033[39m"), T("\r"), S("\r\n")},
	STR_INIT("ls\r")},
    {"behind the prompt",
	{T("l"), S("\r\033[Kfish> l\033[K"), T("\r"), S("\r\n")},
	STR_INIT("l\r")},
    {"mended", {T("lx"), S("lx"), T("\177"), S("\b \b"), T("s\r"), S("s\r\n")},
	STR_INIT("lx\177s\r")},
    {"keys that are no letters",
	{T("\033[A\033OP\033[M abc\003"), S("^C\r\n$ "), T("\t\r"), S("\r\n")},
	STR_INIT("\033[A\033OP\033[M ab#\t\r")},
    {"keys", {T("\033OA\033[1;5C\033[M!!!\003"), S("^C\r\n$ "), T("\r")},
	STR_INIT("\033OA\033[1;5C\033[M!!!\003\r")},
    {"answers of the terminal", {T("\033]11;rgb:ff\033\\\033[?62c"), S("$ ")},
	STR_INIT("\033]11;rgb:ff\033\\\033[?62c")},
    {"a string ends with its line",
	{T("\033]x\r"), S("\r\n"), T("pw\r"), S("\r\n")},
	STR_INIT("\033]x\r#")},
    {"a key in the page, then a line",
	{S("page"), T("q"), S("$ "), T("ls\r"), S("ls\r\n$ "), T("id\r"),
	    S("id\r\n")},
	STR_INIT("#id\r")},
    {"letters of several bytes",
	{T("gr\xc3\xbc\xc3\x9f"), T("e\xe6\xbc\xa2\r"), S("gr\xc3\xbc\xc3"),
	    S("\x9f"
	      "e\xe6\xbc\xa2\r\n")},
	STR_INIT("gr\xc3\xbc\xc3\x9f"
		 "e\xe6\xbc\xa2\r")},
    {"a character in two pieces",
	{T("\xc3"), T("\xa9\r"), S("\r\n"), T("\xc3"), T("\xa9\r"),
	    S("\xc3\xa9\r\n")},
	STR_INIT("#\xc3\xa9\r")},
    {"half a character", {T("\xc3\r"), S("\r\n"), T("\xc3")}, STR_INIT("#")},
    {"no UTF-8", {T("\xff\r"), S("\xff\r\n")}, STR_INIT("\xff\r")},
    {"nothing is shown at all", {T("ls\r"), T("id\r")}, STR_INIT("#")},
    {"output is missing", {T("ls\r"), HOLE, S("\r\n")}, STR_INIT("#")},
    {"several masked, one told", {T("a\r"), S("\r\n"), T("b\r"), S("\r\n")},
	STR_INIT("#")},
    {"the errors of a command show it as well",
	{T("ls\r"), {PIECE_ERRORS, STR_INIT("ls\r\n")}}, STR_INIT("ls\r")},
    {"asked for, it is left out though it is echoed", {ASK("Password: ")},
	STR_INIT("#")},
    {"only that line", {ASK("Password:"), T("ls\r"), S("ls\r\n")},
	STR_INIT("#ls\r")},
    {"given up by ^C",
	{S("Password: "), T("ab\003"), S("^C\r\n$ "), T("ls\r"), S("ls\r\n")},
	STR_INIT("#ls\r")},
    {"asked in colours", {ASK("\033[1mEnter PIN\033[0m for x: ")},
	STR_INIT("#")},
    {"asked in pieces", {S("Pass"), ASK("word: ")}, STR_INIT("#")},
    {"asked in Russian",
	{ASK("\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c: ")},
	STR_INIT("#")},
    {"asked a line before", {ASK("Password:\r\n$ ")}, STR_INIT("abc\r")},
    {"the question was erased", {S("pinx"), ASK("\b\b\b\bname: ")},
	STR_INIT("abc\r")},
    {"another question", {ASK("shipping: ")}, STR_INIT("abc\r")},
    {"no question", {ASK("ann@web:~/password$ ")}, STR_INIT("abc\r")},
};

static void run(struct told *t, const struct step *steps, size_t step)
{
	struct unechoed *u = new_unechoed(t);

	for (size_t i = 0; i < 16 && steps[i].bytes.p; i++) {
		struct str rest = steps[i].bytes;

		do {
			give(u, steps[i].type, str_upto(rest, step));
			rest = str_from(rest, step);
		} while (rest.n);
	}
	assert_int_equal(unechoed_settle(u), 0);
	unechoed_free(u);
}

static void test_cases(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct told t = {0};

		run(&t, cases[i].steps, SIZE_MAX);
		if (!str_eq(buf_str(&t.typed), cases[i].want))
			fail_msg("%s: \"%.*s\"", cases[i].name, (int)t.typed.n,
			    t.typed.p);
		buf_free(&t.typed);
		buf_free(&t.shown);
	}
}

/* All that was shown is told, and in its order, also what waits. */
static void test_shown(void **unused)
{
	struct told t = {0};
	struct unechoed *u = new_unechoed(&t);

	(void)unused;
	give(u, PIECE_OUTPUT, STR("1"));
	assert_int_equal(t.shown.n, 1);
	give(u, PIECE_INPUT, STR("xy"));
	give(u, PIECE_OUTPUT, STR("2"));
	assert_int_equal(t.shown.n, 1);
	give(u, PIECE_OUTPUT, STR("x"));
	give(u, PIECE_MARK, STR("3"));
	assert_int_equal(t.shown.n, 1);
	give(u, PIECE_OUTPUT, STR("y"));
	assert_true(str_eqz(buf_str(&t.shown), "12x3y"));
	assert_true(str_eqz(buf_str(&t.typed), "xy"));
	unechoed_free(u);
	buf_free(&t.typed);
	buf_free(&t.shown);
}

/* What waits has an end. */
static void test_much(void **unused)
{
	struct told t = {0};
	struct unechoed *u = new_unechoed(&t);

	(void)unused;
	give(u, PIECE_INPUT, STR("q"));
	for (size_t i = 0; i <= UNECHOED_SHOWN_MAX; i++)
		give(u, PIECE_OUTPUT, STR("."));
	assert_int_equal(t.shown.n, UNECHOED_SHOWN_MAX + 1);
	give(u, PIECE_INPUT, STR("q\rq"));
	for (size_t i = 0; i <= HELD_PIECES_MAX; i++)
		give(u, PIECE_OUTPUT, STR("\033[m"));
	assert_true(t.shown.n > HELD_PIECES_MAX * 3);
	give(u, PIECE_INPUT, STR("\r"));
	for (size_t i = 0; i <= HELD_PIECES_MAX; i++)
		give(u, PIECE_INPUT, STR("ab\n"));
	assert_int_equal(unechoed_settle(u), 0);
	assert_true(str_eqz(buf_str(&t.typed), "#"));
	/* It goes on behind. */
	give(u, PIECE_INPUT, STR("ls\r"));
	give(u, PIECE_OUTPUT, STR("ls\r\n"));
	assert_true(str_eqz(buf_str(&t.typed), "#ls\r"));
	unechoed_free(u);
	buf_free(&t.typed);
	buf_free(&t.shown);
}

static void test_error(void **unused)
{
	struct told t = {.fails_at = 2};
	struct unechoed *u = new_unechoed(&t);
	const struct piece p = {.type = PIECE_OUTPUT, .bytes = STR_INIT("x")};

	(void)unused;
	assert_int_equal(unechoed_piece(u, &p), 0);
	assert_int_equal(unechoed_piece(u, &p), -ENOSPC);
	assert_int_equal(unechoed_piece(u, &p), -ENOSPC);
	assert_int_equal(unechoed_settle(u), -ENOSPC);
	assert_int_equal(t.n, 2);
	unechoed_free(u);
	buf_free(&t.typed);
	buf_free(&t.shown);
}

static double seconds_for(const struct step *unit, size_t n_units, size_t n)
{
	struct told t = {0};
	struct unechoed *u = new_unechoed(&t);
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (size_t i = 0; i < n; i++)
		give(u, unit[i % n_units].type, unit[i % n_units].bytes);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	unechoed_free(u);
	buf_free(&t.typed);
	buf_free(&t.shown);
	return (double)(to.tv_sec - from.tv_sec) +
	       (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Time is linear, whatever waits. */
static void test_time(void **unused)
{
	static const struct step units[][4] = {
	    {T("a"), S("\n"), T("\r"), S("b")},
	    {T("aaaaaaaa\r"), S("\n\n\n\n\n\n\n\n"), S("\033[m"), S("aaaab")},
	    {T("ab"), S("a"), T("\033"), S("\n\n\n\n\n\n\n")},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		double few = seconds_for(units[i], 4, 10000);
		double many = seconds_for(units[i], 4, 80000);

		if (many > 8 * 4 * few + 0.1)
			fail_msg("%zu: %f s, %f s", i, few, many);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_shown),
	    cmocka_unit_test(test_much),
	    cmocka_unit_test(test_error),
	    cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
