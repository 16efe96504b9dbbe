/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 1000

struct done {
	atomic_uint times[MANY];
	atomic_uint at_work, most;
	useconds_t takes;
};

static void count(void *ctx, size_t i)
{
	struct done *d = ctx;
	unsigned now = atomic_fetch_add(&d->at_work, 1) + 1, most = d->most;

	while (
	    now > most && !atomic_compare_exchange_weak(&d->most, &most, now))
		;
	atomic_fetch_add(&d->times[i], 1);
	usleep(d->takes);
	atomic_fetch_sub(&d->at_work, 1);
}

/* Each once, and none is at work any more. */
static void test_each_once(void **state)
{
	static const size_t sizes[] = {0, 1, 2, CREW_MAX, CREW_MAX + 1, MANY};
	static struct done d;

	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		memset(&d, 0, sizeof d);
		crew_each(sizes[s], count, &d);
		assert_int_equal(d.at_work, 0);
		for (size_t i = 0; i < MANY; i++)
			assert_int_equal(d.times[i], i < sizes[s]);
	}
}

/* They wait side by side, as many as may. */
static void test_side_by_side(void **state)
{
	static struct done d;

	(void)state;
	d.takes = 200000;
	crew_each(CREW_MAX, count, &d);
	assert_true(d.most > CREW_MAX / 2 && d.most <= CREW_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_once),
	    cmocka_unit_test(test_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
