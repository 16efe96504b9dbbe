/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"

static void nothing_is_said_of_nothing(void **state)
{
	struct rates r = {.n = 0};

	assert_true(rates_over(&r, 10).seconds == 0);
	rates_note(&r, 5, 1, 1);
	assert_true(rates_over(&r, 10).seconds == 0);
	/* Too soon. */
	rates_note(&r, 5 + USEC_PER_SEC - 1, 9, 9);
	assert_true(rates_over(&r, 10).seconds == 0);
}

static void young_ones_tell_of_what_there_is(void **state)
{
	struct rates r = {.n = 0};
	struct rate got;

	rates_note(&r, 0, 100, 0);
	rates_note(&r, 4 * USEC_PER_SEC, 108, 4000);
	got = rates_over(&r, 10);
	assert_true(got.seconds == 4 && got.events == 2 && got.bytes == 1000);
}

static void each_span_has_its_own(void **state)
{
	struct rates r = {.n = 0};
	struct rate got;

	/* Long quiet, then ten seconds of a hundred events each. */
	for (int s = 0; s < 500; s++)
		rates_note(&r, s * USEC_PER_SEC,
		    s < 490 ? 7 : 7 + 100 * (uint64_t)(s - 489),
		    (uint64_t)s * 60);
	got = rates_over(&r, 10);
	assert_true(got.seconds == 10 && got.events == 100 && got.bytes == 60);
	got = rates_over(&r, RATES_SECONDS);
	assert_true(got.seconds == 60 && got.bytes == 60);
	assert_true(got.events > 16 && got.events < 17);
	/* More than is kept. */
	assert_true(rates_over(&r, 300).seconds == 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_said_of_nothing),
	    cmocka_unit_test(young_ones_tell_of_what_there_is),
	    cmocka_unit_test(each_span_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
