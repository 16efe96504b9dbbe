/* SPDX-License-Identifier: Apache-2.0 */
#include "record/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		struct str text;
		uint64_t ns; /* UINT64_MAX: no time */
	} cases[] = {
	    {STR_INIT("0"), 0},
	    {STR_INIT("7"), 7000000000},
	    {STR_INIT("0.000001"), 1000},
	    {STR_INIT("12.345678901999"), 12345678901},
	    {STR_INIT("0.0000000000000000000000001"), 0},
	    {STR_INIT("1795651772.730"), 1795651772730000000},
	    {STR_INIT("1.2e-05"), 12000},
	    {STR_INIT("1E+2"), 100000000000},
	    {STR_INIT("1e-400"), 0},
	    {STR_INIT("0e99"), 0},
	    {STR_INIT(".5"), 500000000},
	    {STR_INIT("3."), 3000000000},
	    {STR_INIT("000000000000000000000000001.5"), 1500000000},
	    {STR_INIT("-1"), UINT64_MAX},
	    {STR_INIT(""), UINT64_MAX},
	    {STR_INIT("."), UINT64_MAX},
	    {STR_INIT("1.2.3"), UINT64_MAX},
	    {STR_INIT("1e"), UINT64_MAX},
	    {STR_INIT("1e99"), UINT64_MAX},
	    {STR_INIT("1e999999999999"), UINT64_MAX},
	    {STR_INIT("99999999999999999999999"), UINT64_MAX},
	    {STR_INIT("4000000000000"), UINT64_MAX},
	    {STR_INIT("nan"), UINT64_MAX},
	    {STR_INIT("0x10"), UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t ns = UINT64_MAX - 1;
		bool is = stamp_parse(cases[i].text, &ns);

		if (is != (cases[i].ns != UINT64_MAX) ||
		    (is && ns != cases[i].ns))
			fail_msg("%.*s: %llu", STR_ARG(cases[i].text),
			    (unsigned long long)ns);
	}
}

/* Told with fewer digits, the sum stays with the time. */
static void test_intervals(void **state)
{
	uint64_t told = 0, sum = 0;

	(void)state;
	for (uint64_t now = 1; now < 5000000000; now += 1666667) {
		sum += stamp_interval(&told, now, NS_PER_MS);
		assert_true(now - sum < NS_PER_MS && sum == told);
	}
	assert_int_equal(stamp_interval(&told, 0, NS_PER_MS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
