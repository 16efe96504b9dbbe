/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static enum told_way add(struct told *t, const char *line, enum told_way way)
{
	enum told_way first;

	assert_int_equal(told_add(t, str_z(line), way, &first), 0);
	return first;
}

static void each_once(void **state)
{
	struct told t = {.most = TOLD_N};

	(void)state;
	assert_int_equal(add(&t, "a", TOLD_GROUP), TOLD_NEW);
	assert_int_equal(add(&t, "b", TOLD_PLUGIN), TOLD_NEW);
	assert_int_equal(add(&t, "a", TOLD_PLUGIN), TOLD_GROUP);
	assert_int_equal(add(&t, "b", TOLD_GROUP), TOLD_PLUGIN);
	assert_int_equal(add(&t, "a", TOLD_GROUP), TOLD_GROUP);
	told_free(&t);
}

/* So many behind is still known; memory has an end. */
static void one_way_behind(void **state)
{
	struct told t = {.most = TOLD_N};
	char line[32];

	(void)state;
	for (unsigned i = 0; i < 3 * TOLD_N; i++) {
		snprintf(line, sizeof line, "record %u", i);
		assert_int_equal(add(&t, line, TOLD_GROUP), TOLD_NEW);
		assert_true(t.now.n < TOLD_N && t.before.n <= TOLD_N);
		if (i < TOLD_N)
			continue;
		snprintf(line, sizeof line, "record %u", i - TOLD_N + 1);
		assert_int_equal(add(&t, line, TOLD_PLUGIN), TOLD_GROUP);
	}
	assert_int_equal(add(&t, "record 0", TOLD_PLUGIN), TOLD_NEW);
	told_free(&t);
}

/* Nobody came by the other way: what was remembered for it is given up. */
static void fewer(void **state)
{
	struct told t = {.most = TOLD_N};
	char line[32];

	(void)state;
	for (unsigned i = 0; i < TOLD_N + 2 * TOLD_FEW; i++) {
		snprintf(line, sizeof line, "record %u", i);
		if (i == TOLD_N - 1)
			t.most = TOLD_FEW;
		assert_int_equal(add(&t, line, TOLD_GROUP), TOLD_NEW);
	}
	assert_true(t.now.n + t.before.n <= 2 * TOLD_FEW);
	assert_int_equal(add(&t, line, TOLD_PLUGIN), TOLD_GROUP);
	assert_int_equal(add(&t, "record 0", TOLD_PLUGIN), TOLD_NEW);
	told_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_once),
	    cmocka_unit_test(one_way_behind),
	    cmocka_unit_test(fewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
