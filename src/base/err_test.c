/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_texts(void **state)
{
	struct err err;

	assert_int_equal(err_set(&err, -5, "%s %d", "line", 7), -5);
	assert_string_equal(err.text, "line 7");
	assert_int_equal(err_context(&err, -5, "file %s", "x"), -5);
	assert_string_equal(err.text, "file x: line 7");
	assert_int_equal(err_context(&err, -6, "import"), -6);
	assert_string_equal(err.text, "import: file x: line 7");
	assert_int_equal(err_sys(&err, -ENOENT, "open %s", "y"), -ENOENT);
	assert_string_equal(err.text, "open y: No such file or directory");
}

static void test_without_buffer(void **state)
{
	assert_int_equal(err_set(NULL, -1, "x"), -1);
	assert_int_equal(err_sys(NULL, -2, "x"), -2);
	assert_int_equal(err_context(NULL, -3, "x"), -3);
}

static void test_cut(void **state)
{
	char big[5000];
	struct err err;

	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	err_set(&err, -1, "%s", big);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	err_context(&err, -1, "%s", big);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	err_sys(&err, -EIO, "%s", big);
	/* What the system says is not cut off. */
	assert_non_null(strstr(err.text, ": Input/output error"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_without_buffer),
	    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
