/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/losses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void test_between(void **state)
{
	(void)state;
	assert_int_equal(losses_between(0, 0), 0);
	assert_int_equal(losses_between(5, 12), 7);
	/* Reset, and three since then. */
	assert_int_equal(losses_between(1000, 3), 3);
	assert_int_equal(losses_between(1000, 0), 0);
	/* It wraps. */
	assert_int_equal(losses_between(UINT32_MAX, 1), 2);
}

static void test_shared(void **state)
{
	const struct audit_status now = {.lost = 40};
	struct losses *l;
	int fd = -1;

	(void)state;
	assert_int_equal(losses_new(&now, &fd), 0);
	l = losses_map(fd);
	assert_non_null(l);
	/* What was lost before is nobody's here. */
	assert_int_equal(l->lost, 0);
	assert_int_equal(l->kernel, 40);
	assert_true(l->since > 0);
	losses_unmap(l);
	assert_int_equal(ftruncate(fd, 8), 0);
	assert_null(losses_map(fd));
	close(fd);
	assert_null(losses_map(fd));
	losses_unmap(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_between),
	    cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
