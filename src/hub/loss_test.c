/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/loss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_loss(void **state)
{
	struct loss l = {.n = 0};

	(void)state;
	loss_add(&l, 0, 50);
	assert_int_equal(loss_due(&l, 1000), 0);
	loss_add(&l, 2, 100);
	loss_add(&l, 3, 110);
	assert_int_equal(l.since, 100);
	assert_int_equal(l.latest, 110);
	/* The first is told at once; then there is a pause. */
	assert_int_equal(loss_due(&l, 1000), 5);
	assert_int_equal(loss_due(&l, 1001), 0);
	loss_add(&l, 1, 120);
	loss_add(&l, 1, 130);
	assert_int_equal(loss_due(&l, 1000 + LOSS_EVERY - 1), 0);
	assert_int_equal(loss_due(&l, 1000 + LOSS_EVERY), 2);
	assert_int_equal(l.since, 120);
	assert_int_equal(l.n, 7);
	assert_int_equal(loss_due(&l, 1000 + 9 * LOSS_EVERY), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_loss)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
