/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND ((int64_t)1000000)

static void test_one(void **state)
{
	struct attempts *a = calloc(1, sizeof *a);

	(void)state;
	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		assert_int_equal(attempts_wait(a, "192.0.2.1", i * SECOND), 0);
		attempts_failed(a, "192.0.2.1", i * SECOND);
	}
	assert_int_equal(
	    attempts_wait(a, "192.0.2.1", 10 * SECOND), 50 * SECOND);
	assert_int_equal(attempts_wait(a, "192.0.2.2", 10 * SECOND), 0);
	assert_int_equal(attempts_wait(a, "192.0.2.1", 60 * SECOND), 0);
	attempts_failed(a, "192.0.2.1", 60 * SECOND);
	assert_int_equal(attempts_wait(a, "192.0.2.1", 61 * SECOND), 0);
	free(a);
}

/* Others cannot fill it: who was quiet longest goes. */
static void test_many(void **state)
{
	struct attempts *a = calloc(1, sizeof *a);
	char address[64];

	(void)state;
	for (int i = 0; i < 10 * ATTEMPTS_KEPT; i++) {
		snprintf(address, sizeof address, "2001:db8::%x", (unsigned)i);
		attempts_failed(a, address, i);
		attempts_failed(a, "192.0.2.1", i);
	}
	assert_int_equal(a->n, ATTEMPTS_KEPT);
	assert_true(attempts_wait(a, "192.0.2.1", 5000) > 0);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
