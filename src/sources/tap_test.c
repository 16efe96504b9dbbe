/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/tap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sources/source.h"

static void test_list(void **state)
{
	for (size_t i = 0; taps[i]; i++) {
		const struct tap *t = taps[i];

		assert_ptr_equal(tap_find(str_z(t->name)), t);
		assert_non_null(source_find(str_z(t->source)));
		assert_true(t->open && t->help);
		/* Left out of this build: then it never opens. */
		if (!t->start)
			continue;
		assert_true(t->fd && t->read && t->place && t->lost && t->stop);
	}
	assert_null(tap_find(STR("no-such-tap")));
	assert_null(tap_find(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
