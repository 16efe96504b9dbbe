/* SPDX-License-Identifier: Apache-2.0 */
#include "base/maker.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PIECES 20000
#define AHEAD  4096

/* What the thread did; the freed flag is read when it is over. */
struct work {
	int wanted; /* pieces to make; -1: until nobody takes them */
	int result;
	int *freed; /* the test's */
};

static void make(void *ctx, struct maker *m)
{
	struct work *w = ctx;

	for (int i = 0; w->result == 0 && i != w->wanted; i++)
		w->result = maker_put(m, STR("12345678"));
}

static void done(void *ctx)
{
	struct work *w = ctx;

	__atomic_store_n(w->freed, w->result ? w->result : 1, __ATOMIC_RELEASE);
	free(w);
}

static const struct maker_ops ops = {make, done};

static struct maker *start(int wanted, int *freed)
{
	struct work *w = calloc(1, sizeof *w);
	struct maker *m;

	assert_non_null(w);
	*freed = 0;
	w->wanted = wanted;
	w->freed = freed;
	assert_int_equal(maker_start(&m, &ops, w, AHEAD), 0);
	return m;
}

static void wait_freed(const int *freed, int value)
{
	for (int i = 0; i < 10000; i++) {
		if (__atomic_load_n(freed, __ATOMIC_ACQUIRE))
			break;
		poll(NULL, 0, 1);
	}
	assert_int_equal(__atomic_load_n(freed, __ATOMIC_ACQUIRE), value);
}

static void test_all_of_it_comes(void **state)
{
	int freed;
	struct maker *m = start(PIECES, &freed);
	struct buf b = BUF_INIT;
	size_t n = 0;

	while (maker_take(m, &b)) {
		struct pollfd p = {.fd = maker_fd(m), .events = POLLIN};

		/* Never more than was to be ahead, and whole pieces. */
		assert_true(b.n < AHEAD + 8 && b.n % 8 == 0);
		n += b.n;
		if (b.n == 0)
			assert_int_equal(poll(&p, 1, 10000), 1);
		buf_free(&b);
	}
	assert_int_equal(n, PIECES * 8);
	assert_int_equal(freed, 0);
	maker_leave(m);
	wait_freed(&freed, 1);
}

static void test_nobody_takes_it(void **state)
{
	int freed;
	struct maker *m = start(-1, &freed);
	struct buf b = BUF_INIT;

	/* It waits, as it is ahead. */
	poll(NULL, 0, 20);
	assert_true(maker_take(m, &b));
	buf_free(&b);
	maker_leave(m);
	wait_freed(&freed, -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_of_it_comes),
	    cmocka_unit_test(test_nobody_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
