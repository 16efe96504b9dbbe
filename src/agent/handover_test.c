/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void test_taken_once(void **state)
{
	struct buf left = BUF_INIT, got = BUF_INIT;
	int fd;

	assert_int_equal(handover_open(&fd), 0);
	handover_take(fd, &got);
	assert_int_equal(got.n, 0);
	handover_add(&left, "a", STR("one"));
	handover_add(&left, "empty", STR_NONE);
	handover_add(&left, "b", str_make("2\0", 2));
	assert_int_equal(handover_leave(fd, &left), 0);
	handover_take(fd, &got);
	assert_true(str_eqz(handover_find(&got, "a"), "one"));
	assert_int_equal(handover_find(&got, "b").n, 2);
	assert_int_equal(handover_find(&got, "empty").n, 0);
	assert_int_equal(handover_find(&got, "c").n, 0);
	buf_clear(&got);
	handover_take(fd, &got);
	assert_int_equal(got.n, 0);
	/* What comes after is shorter. */
	buf_clear(&left);
	handover_add(&left, "a", STR("1"));
	assert_int_equal(handover_leave(fd, &left), 0);
	handover_drop(fd);
	handover_take(fd, &got);
	assert_int_equal(got.n, 0);
	assert_int_equal(handover_leave(fd, &left), 0);
	handover_take(fd, &got);
	assert_true(str_eqz(handover_find(&got, "a"), "1"));
	close(fd);
	buf_free(&left);
	buf_free(&got);
}

/* Who wrote it died at it. */
static void test_torn(void **state)
{
	struct buf left = BUF_INIT, got = BUF_INIT;
	int fd;

	assert_int_equal(handover_open(&fd), 0);
	handover_add(&left, "a", STR("some bytes"));
	assert_int_equal(handover_leave(fd, &left), 0);
	assert_int_equal(ftruncate(fd, 12), 0);
	handover_take(fd, &got);
	assert_int_equal(got.n, 0);
	/* Cut within: nothing is read beyond. */
	for (size_t n = 0; n < left.n; n++) {
		struct buf cut = {left.p, n, n, 0, 0};

		assert_int_equal(handover_find(&cut, "a").n, 0);
	}
	close(fd);
	buf_free(&left);
	buf_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_taken_once),
	    cmocka_unit_test(test_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
