/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define BEGIN  (50 * SECOND)
/* 2023-11-14 22:13:20 UTC. */
#define WALL   INT64_C(1700000000000000000)
#define NONE   UINT64_MAX

/* Of two hours, of which half an hour was shown. */
static const struct player two_hours = {.begin = BEGIN,
    .end = BEGIN + 7200 * SECOND,
    .at = BEGIN + 1800 * SECOND,
    .ahead = WALL - (int64_t)BEGIN};

static const struct {
	const char *text;
	uint64_t ms; /* since the beginning, or NONE */
} moments[] = {
    {"0", 0},
    {"90", 90000},
    {"90s", 90000},
    {"1.5min", 90000},
    {"1h 2min", 3720000},
    {"1:23", 83000},
    {" 1:23 ", 83000},
    {"0:00.25", 250},
    {"1:02:03", 3723000},
    {"61:00", 3660000},
    {"+5min", 2100000},
    {"-10:00", 1200000},
    {"-1:00:00", 0},
    {"+9:00:00", 7200000},
    {"3:00:00", 7200000},
    {"22:13:30", 10000},
    {"22:14", 1334000}, /* as it is no longer than the whole */
    {"23:59:59", 6399000},
    {"00:10", 10000},	 /* of minutes and seconds */
    {"0:10:00", 600000}, /* and of hours */
    {"2023-11-14 22:15:20", 120000},
    {"2023-11-15 00:00:00", 6400000},
    {"2023-11-14T22:15:20Z", 120000},
    {"@1700000060", 60000},
    {"2022-01-01", 0},
    {"2024-01-01", 7200000},
    {"", NONE},
    {"soon", NONE},
    {"1:75", NONE},
    {"1:2:3:4", NONE},
    {"1:", NONE},
    {":1", NONE},
    {"1:-1", NONE},
    {"+", NONE},
    {"+soon", NONE},
    {"+2023-11-14", NONE},
    {"99999999999999999999", NONE},
};

static void test_moments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		uint64_t got = 0;
		bool is =
		    moment_parse(str_z(moments[i].text), &two_hours, &got);

		print_message("# %s\n", moments[i].text);
		assert_int_equal(is, moments[i].ms != NONE);
		if (is)
			assert_int_equal(
			    (got - BEGIN) / (SECOND / 1000), moments[i].ms);
	}
}

static void test_written(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} written[] = {
	    {0, "0:00"},
	    {83, "1:23"},
	    {3599, "59:59"},
	    {3600, "1:00:00"},
	    {93784, "26:03:04"},
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
		buf_clear(&b);
		moment_add(&b, written[i].seconds * SECOND + SECOND - 1);
		assert_string_equal(buf_z(&b), written[i].text);
	}
	buf_free(&b);
}

static void test_speeds(void **state)
{
	static const struct {
		const char *text, *written; /* NULL: it is none */
	} speeds[] = {
	    {"1", "1x"},
	    {"2x", "2x"},
	    {"0.5", "0.5x"},
	    {"1.25", "1.25x"},
	    {"0.062", "0.062x"},
	    {"1.0009", "1x"},
	    {"1000", "1000x"},
	    {"1001", NULL},
	    {"0", NULL},
	    {"0.01", NULL},
	    {"-1", NULL},
	    {"1.", NULL},
	    {"x", NULL},
	    {"", NULL},
	    {"fast", NULL},
	};
	struct buf b = BUF_INIT;
	uint32_t speed;

	(void)state;
	for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
		bool is = speed_parse(str_z(speeds[i].text), &speed);

		print_message("# %s\n", speeds[i].text);
		assert_int_equal(is, speeds[i].written != NULL);
		buf_clear(&b);
		speed_add(&b, speed);
		if (is)
			assert_string_equal(buf_z(&b), speeds[i].written);
	}
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_moments),
	    cmocka_unit_test(test_written),
	    cmocka_unit_test(test_speeds),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
