/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shown/moment_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS(n) ((uint64_t)(n)*1000000)

static const struct {
	uint64_t at, gone;
	const char *text;
} moments[] = {
    {0, 0, "0:00"},
    {0, MS(10), "0:00"},
    {1, MS(2000), "0:01"},
    {MS(1000), MS(1000), "0:01"},
    /* The roundest one at which it still stands. */
    {MS(1001), MS(5000), "0:02"},
    {MS(1001), MS(2000), "0:01.1"},
    {MS(1001), MS(1100), "0:01.01"},
    {MS(1001) + 1, MS(1010), "0:01.002"},
    {MS(1001) + 1, MS(1001) + 2, "0:01.002"},
    {MS(1001) + 1, MS(1001) + 1, "0:01.002"},
    {MS(1999) + 1, MS(1999) + 2, "0:02.000"},
    {MS(59001), UINT64_MAX, "1:00"},
    {MS(3599001), UINT64_MAX, "1:00:00"},
    {MS(360061500), MS(360061600), "100:01:01.5"},
};

static void test_at(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		buf_clear(&b);
		moment_add_at(&b, moments[i].at, moments[i].gone);
		assert_string_equal(buf_z(&b), moments[i].text);
	}
	buf_free(&b);
}

static void test_fits(void **state)
{
	struct query q = {.text = STR("x")};

	(void)state;
	assert_true(moments_fit(&q));
	q.cmd = STR("x");
	assert_false(moments_fit(&q));
	q = (struct query){.text = STR("x"), .kinds = 1};
	assert_false(moments_fit(&q));
	q = (struct query){.n_user = 1};
	assert_false(moments_fit(&q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_at),
	    cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
