/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/table.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static const struct column columns[] = {
    {"ID", 4, false, 0},
    {"N", 0, true, 0},
    {"TEXT", 0, false, 0},
};

static void print(const struct term *term, size_t rows, struct buf *ret)
{
	struct out out = OUT_INIT(memfd_create("table", 0));
	struct table t;

	assert_int_equal(table_begin(&t, &out, term, columns, 3), 0);
	for (size_t i = 0; i < rows; i++) {
		table_cell_z(&t, i == 1 ? "abcdef" : "ab", STYLE_NONE);
		table_cell_u64(&t, i * 100);
		table_cell(
		    &t, i == 2 ? STR("") : STR("some\nlong text"), STYLE_RED);
		assert_true(table_row(&t));
	}
	assert_int_equal(table_end(&t), 0);
	assert_int_equal(out_end(&out), 0);
	assert_non_null(buf_reserve(ret, out.written + 1));
	assert_int_equal(
	    fd_pread_full(out.fd, ret->p, out.written, 0), out.written);
	ret->n = out.written;
	ret->p[ret->n] = '\0';
	buf_free(&out.b);
	close(out.fd);
}

static void check(const struct term *term, size_t rows, const char *expected)
{
	struct buf b = BUF_INIT;

	print(term, rows, &b);
	assert_string_equal(b.p, expected);
	buf_free(&b);
}

static void test_pipe(void **state)
{
	const struct term pipe = {.utf8 = true};

	check(&pipe, 0, "");
	check(&pipe, 3,
	    "ID      N  TEXT\n"
	    "ab      0  some\\nlong text\n"
	    "abcdef  100  some\\nlong text\n"
	    "ab    200\n");
}

static void test_terminal(void **state)
{
	const struct term narrow = {.tty = true, .utf8 = true, .width = 24};
	const struct term ascii = {.tty = true, .width = 24};

	check(&narrow, 2,
	    "ID      N  TEXT\n"
	    "ab      0  some\\nlong t\u2026\n"
	    "abc\u2026  100  some\\nlong t\u2026\n");
	check(&ascii, 2,
	    "ID      N  TEXT\n"
	    "ab      0  some\\nlong t>\n"
	    "abc>  100  some\\nlong t>\n");
}

static void test_color(void **state)
{
	const struct term color = {.utf8 = true, .color = true};

	check(&color, 1,
	    "\033[1mID\033[0m  \033[1mN\033[0m  \033[1mTEXT\033[0m\n"
	    "ab  0  \033[31msome\\nlong text\033[0m\n");
}

/* More rows than are looked at for widths, none lost, in order. */
static void test_many(void **state)
{
	const struct term pipe = {.utf8 = true};
	struct buf b = BUF_INIT;
	size_t lines = 0;

	print(&pipe, 5000, &b);
	for (size_t i = 0; i < b.n; i++)
		lines += b.p[i] == '\n';
	assert_int_equal(lines, 5001);
	assert_true(str_ends(buf_str(&b), STR("  499900  some\\nlong text\n")));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pipe),
	    cmocka_unit_test(test_terminal),
	    cmocka_unit_test(test_color),
	    cmocka_unit_test(test_many),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
