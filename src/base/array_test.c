/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct item {
	uint64_t number;
	char name[9];
};

static void test_grow(void **state)
{
	struct item *v = NULL;
	size_t cap = 0, moves = 0;

	for (size_t n = 0; n < 5000; n++) {
		const size_t before = cap;

		assert_int_equal(array_grow(&v, n, &cap, sizeof *v), 0);
		assert_true(n < cap);
		moves += cap != before;
		v[n] = (struct item){.number = n};
	}
	assert_true(moves > 3 && moves < 13);
	for (size_t n = 0; n < 5000; n++)
		assert_int_equal(v[n].number, n);
	free(v);
}

/* What cannot be is said, and leaves what was there. */
static void test_no_room(void **state)
{
	struct item *v = malloc(sizeof *v), *const before = v;
	size_t cap = SIZE_MAX / 4;

	assert_non_null(v);
	assert_int_equal(array_grow(&v, cap, &cap, sizeof *v), -ENOMEM);
	assert_ptr_equal(v, before);
	assert_true(cap == SIZE_MAX / 4);
	cap = SIZE_MAX / 2 + 1;
	assert_int_equal(array_grow(&v, cap, &cap, 1), -ENOMEM);
	assert_true(cap == SIZE_MAX / 2 + 1);
	assert_ptr_equal(v, before);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_grow),
	    cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
