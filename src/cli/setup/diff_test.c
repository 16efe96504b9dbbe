/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *old_name, *old_text, *new_name, *new_text, *diff;
} cases[] = {
    {"f", "a\nb\n", "f", "a\nb\n", ""},
    {NULL, "", "f", "a\nb\n",
	"--- /dev/null\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
    {"f", "a\n", NULL, "", "--- f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n"},
    {"f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "f", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	"--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
    {"f", "1\n2\n3\n4\n5\n", "f", "1\n2\n3\n4\n5\n6\n",
	"--- f\n+++ f\n@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n"},
    {"f", "x", "f", "x\ny\n",
	"--- f\n+++ f\n@@ -1,1 +1,2 @@\n-x\n\\ No newline at end of file\n+x\n"
	"+y\n"},
    {"f", "a\nz", "f", "b\nz",
	"--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a\n+b\n z\n\\ No newline at end of "
	"file\n"},
    {"f", "a\na\na\n", "f", "a\na\n",
	"--- f\n+++ f\n@@ -1,3 +1,2 @@\n a\n a\n-a\n"},
    {"f", "\n\n", "f", "\n", "--- f\n+++ f\n@@ -1,2 +1,1 @@\n \n-\n"},
};

static void test_diff(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b = BUF_INIT;

		diff_unified(&b, cases[i].old_name, str_z(cases[i].old_text),
		    cases[i].new_name, str_z(cases[i].new_text));
		assert_string_equal(b.n ? buf_z(&b) : "", cases[i].diff);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_diff)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
