/* SPDX-License-Identifier: Apache-2.0 */
#include "base/disk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_look(void **state)
{
	struct disk d = {1, 1};

	assert_int_equal(disk_look("/no/such", &d), -ENOENT);
	assert_true(d.free == 0 && d.size == 0);
	assert_int_equal(disk_look(".", &d), 0);
	assert_true(d.size >= d.free && d.size > 0);
}

static void test_is_full(void **state)
{
	assert_true(disk_is_full(-ENOSPC) && disk_is_full(-EDQUOT));
	assert_true(disk_is_full(-EFBIG));
	assert_false(disk_is_full(0) || disk_is_full(-EIO));
	/* A positive one is none of ours. */
	assert_false(disk_is_full(ENOSPC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_look),
	    cmocka_unit_test(test_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
