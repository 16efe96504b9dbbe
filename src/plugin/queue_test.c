/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_next(struct queue *q, const char *want)
{
	struct str next = queue_next(q);

	assert_int_equal(next.n, strlen(want));
	assert_memory_equal(next.p, want, next.n);
}

static void test_lines(void **state)
{
	struct queue q = QUEUE_INIT;

	(void)state;
	assert_next(&q, "");
	queue_add(&q, STR("one"));
	queue_add(&q, STR("two"));
	assert_next(&q, "one\ntwo\n");
	queue_sent(&q, 2);
	assert_next(&q, "e\ntwo\n");
	queue_sent(&q, 3);
	assert_next(&q, "wo\n");
	/* What was begun is sent again as a whole, and nothing before it. */
	queue_again(&q);
	assert_next(&q, "two\n");
	queue_sent(&q, 4);
	assert_next(&q, "");
	queue_free(&q);
}

static void test_losses(void **state)
{
	struct queue q = QUEUE_INIT;
	size_t n = QUEUE_MAX / 1000 + 10, dropped = 0;
	struct str rest, line;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "%zu", i);
		dropped += queue_add(&q, str_make(text, sizeof text));
		assert_true(q.bytes.n <= QUEUE_MAX);
		/* One line is on its way. */
		if (i == 0)
			queue_sent(&q, 1);
	}
	assert_true(dropped >= 10 && dropped < n / 2);
	queue_count_lost(&q, dropped);
	queue_add(&q, STR("after"));
	queue_again(&q);
	rest = queue_next(&q);
	str_cut(&rest, '\n', &line);
	assert_true(str_starts(line, STR("0")));
	for (size_t i = 1 + dropped; i < n; i++) {
		snprintf(text, sizeof text, "%zu", i);
		str_cut(&rest, '\n', &line);
		assert_string_equal(line.p, text);
	}
	snprintf(text, sizeof text, "\1lost %zu\nafter\n", dropped);
	assert_true(str_eqz(rest, text));
	queue_sent(&q, q.bytes.n);
	/* With nothing behind it, it is told as well. */
	queue_count_lost(&q, 1);
	assert_next(&q, "\1lost 1\n");
	queue_sent(&q, 8);
	assert_next(&q, "");
	queue_free(&q);
}

static void test_forged(void **state)
{
	struct queue q = QUEUE_INIT;

	(void)state;
	queue_add(&q, STR("\1lost 7"));
	queue_add(&q, STR(""));
	assert_next(&q, "lost 7\n\n");
	queue_free(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_losses),
	    cmocka_unit_test(test_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
