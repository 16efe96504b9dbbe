/* SPDX-License-Identifier: Apache-2.0 */
#include "base/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define SEC    USEC_PER_SEC
#define MINUTE (60 * SEC)
#define HOUR   (3600 * SEC)
#define DAY    USEC_PER_DAY

/* 2026-11-22T11:49:28Z, a Sunday. */
#define NOW (1795348168 * SEC)

/* Rules instead of a name, since zone files need not be installed. */
static void set_zone(const char *rules)
{
	setenv("TZ", rules, 1);
	tzset();
}

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static int zone_berlin(void **state)
{
	set_zone(BERLIN);
	return 0;
}

static int zone_utc(void **state)
{
	set_zone("UTC0");
	return 0;
}

static void test_civil(void **state)
{
	static const struct {
		int64_t us;
		struct civil c;
	} cases[] = {
	    {0, {1970, 1, 1, 0, 0, 0, 0}},
	    {-1, {1969, 12, 31, 23, 59, 59, 999999}},
	    {951782400 * SEC, {2000, 2, 29, 0, 0, 0, 0}},
	    {4107542400 * SEC, {2100, 3, 1, 0, 0, 0, 0}},
	    {1795348168 * SEC + 940565, {2026, 11, 22, 11, 49, 28, 940565}},
	    {TIME_MIN, {0, 1, 1, 0, 0, 0, 0}},
	    {TIME_MAX, {9999, 12, 31, 23, 59, 59, 999999}},
	    {-62135596801 * SEC, {0, 12, 31, 23, 59, 59, 0}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct civil c;

		time_to_civil(cases[i].us, &c);
		assert_memory_equal(&c, &cases[i].c, sizeof c);
		assert_true(time_from_civil(&c) == cases[i].us);
	}
}

/* Every day of 900 years against the C library. */
static void test_civil_all_days(void **state)
{
	for (int64_t day = -135000; day < 200000; day++) {
		time_t t = day * 86400;
		struct civil c;
		struct tm tm;

		gmtime_r(&t, &tm);
		time_to_civil(t * SEC, &c);
		if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 ||
		    c.day != tm.tm_mday || time_from_civil(&c) != t * SEC)
			fail_msg("day %lld", (long long)day);
	}
}

static void test_civil_extremes(void **state)
{
	struct civil c = {.year = INT64_MAX, .month = 1, .day = 1};

	assert_true(time_from_civil(&c) == INT64_MAX);
	c.year = INT64_MIN;
	assert_true(time_from_civil(&c) == INT64_MIN);
	c.year = TIME_YEAR_MAX;
	assert_true(time_from_civil(&c) > TIME_MAX);
	time_to_civil(INT64_MIN, &c);
	assert_true(time_from_civil(&c) == INT64_MIN || c.year < -290000);
	time_to_civil(INT64_MAX, &c);
	assert_int_equal(c.year, 294247);
	c = (struct civil){.year = 2026, .month = 3, .day = 0};
	assert_true(time_from_civil(&c) == 1772236800 * SEC);
	c = (struct civil){2026, 11, 22, 11, 49, 60, 0};
	assert_true(time_from_civil(&c) == 1795348200 * SEC);
}

static int64_t two_hours_east(int64_t local)
{
	return 7200;
}

static void test_iso(void **state)
{
	static const struct {
		const char *in;
		int64_t us;
		const char *rest;
	} good[] = {
	    {"2026-11-22T11:49:28Z", NOW, ""},
	    {"2026-11-22 11:49:28Z x", NOW, " x"},
	    {"2026-11-22T11:49:28.940565+00:00 host", NOW + 940565, " host"},
	    {"2026-11-22T12:49:28.9+01:00", NOW + 900000, ""},
	    {"2026-11-22T06:19:28-0530 a", NOW, " a"},
	    {"2026-11-22T12:49:28+01 a", NOW, " a"},
	    {"2026-11-22T11:49:28.123456789Z", NOW + 123456, ""},
	    {"2026-11-22T13:49:28", NOW, ""},
	    {"2026-11-22T13:49:28 +01:00", NOW, " +01:00"},
	    {"2026-11-22T13:49:28.", NOW, "."},
	    {"2026-11-22T13:49:28-x", NOW, "-x"},
	    {"2026-11-22T13:49:28-1", NOW, "-1"},
	    {"2026-11-22t11:49:28z", NOW, ""},
	    {"2026-11-22T11:49:28+00:0", NOW, ":0"},
	    {"2016-12-31T23:59:60Z", 1483228800 * SEC, ""},
	    {"2024-02-29T00:00:00Z", 1709164800 * SEC, ""},
	    {"0000-01-01T00:00:00Z", TIME_MIN, ""},
	    {"9999-12-31T23:59:59.999999Z", TIME_MAX, ""},
	};
	static const char *const bad[] = {
	    "",
	    "2",
	    "2026-11-22",
	    "2026-11-22T11:49:2",
	    "2026-11-22_11:49:28",
	    "2026-02-29T11:49:28Z",
	    "1900-02-29T11:49:28Z",
	    "2026-00-22T11:49:28Z",
	    "2026-13-22T11:49:28Z",
	    "2026-11-00T11:49:28Z",
	    "2026-11-31T11:49:28Z",
	    "2026-11-22T24:00:00Z",
	    "2026-11-22T11:60:28Z",
	    "2026-11-22T11:49:61Z",
	    "2026-11-22T11:49:28+99:00",
	    "2026-11-22T11:49:28+01:60",
	    "-026-11-22T11:49:28Z",
	    "2o26-11-22T11:49:28Z",
	    "2026-1a-22T11:49:28Z",
	    "2026-11- 2T11:49:28Z",
	    "2026-11-22T1 :49:28Z",
	    "2026-11-22T11:4a:28Z",
	    "2026/11/22T11:49:28Z",
	    "2026-11-22T11-49-28Z",
	    "\x80\x80\x80\x80-\xff\xff-\xff\xffT11:49:28Z",
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct str s = str_z(good[i].in);
		int64_t t = 0;

		assert_true(time_parse_iso(&s, two_hours_east, &t));
		if (t != good[i].us)
			fail_msg("%s: %lld", good[i].in, (long long)t);
		assert_string_equal(s.p, good[i].rest);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct str s = str_z(bad[i]);
		int64_t t = 77;

		if (time_parse_iso(&s, NULL, &t) || s.p != bad[i] || t != 77)
			fail_msg("taken: %s", bad[i]);
	}
}

static void test_iso_cut(void **state)
{
	static const char text[] = "2026-11-22T11:49:28.940565+01:00";

	for (size_t n = 0; n < sizeof text; n++) {
		char *copy = malloc(n + 1);
		struct str s = str_make(copy, n);
		int64_t t;

		memcpy(copy, text, n);
		assert_int_equal(time_parse_iso(&s, NULL, &t), n >= 19);
		free(copy);
	}
}

static void test_bsd(void **state)
{
	static const struct {
		const char *in;
		struct civil c;
		const char *rest;
	} good[] = {
	    {"Nov 22 11:49:28 host", {0, 11, 22, 11, 49, 28, 0}, " host"},
	    {"Nov  2 01:02:03 host", {0, 11, 2, 1, 2, 3, 0}, " host"},
	    {"Nov 2 01:02:03 host", {0, 11, 2, 1, 2, 3, 0}, " host"},
	    {"Nov 02 01:02:03 host", {0, 11, 2, 1, 2, 3, 0}, " host"},
	    {"Feb 29 23:59:60", {0, 2, 29, 23, 59, 60, 0}, ""},
	    {"Jan 31 00:00:00.25 h", {0, 1, 31, 0, 0, 0, 250000}, " h"},
	    {"Dec 31 00:00:00 2026 h", {2026, 12, 31, 0, 0, 0, 0}, " h"},
	    {"Dec 31 00:00:00.5 2026: h", {2026, 12, 31, 0, 0, 0, 500000},
		": h"},
	    {"May 1 00:00:00 2026", {2026, 5, 1, 0, 0, 0, 0}, ""},
	    {"May 1 00:00:00 1234 x", {0, 5, 1, 0, 0, 0, 0}, " 1234 x"},
	    {"May 1 00:00:00 2026a x", {0, 5, 1, 0, 0, 0, 0}, " 2026a x"},
	    {"May 1 00:00:00 20", {0, 5, 1, 0, 0, 0, 0}, " 20"},
	};
	static const char *const bad[] = {
	    "",
	    "Nov",
	    "Nov 22",
	    "nov 22 11:49:28",
	    "Nox 22 11:49:28",
	    "ovD 22 11:49:28",
	    "Nov 31 11:49:28",
	    "Nov 0 11:49:28x",
	    "Nov 22 24:49:28",
	    "Nov 22 11:60:28",
	    "Nov 22 11:49:2",
	    "Nov   2 11:49:28",
	    "Nov-22 11:49:28",
	    "Nov 22T11:49:28",
	    "Nov 222 11:49:28",
	    "Feb 29 11:49:28 2026",
	    "Nov xx 11:49:28",
	    "Nov 22 xx:49:28",
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct str s = str_z(good[i].in);
		struct civil c;

		assert_true(time_parse_bsd(&s, &c));
		if (memcmp(&c, &good[i].c, sizeof c) != 0)
			fail_msg("%s", good[i].in);
		assert_string_equal(s.p, good[i].rest);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct str s = str_z(bad[i]);
		struct civil c;

		if (time_parse_bsd(&s, &c) || s.p != bad[i])
			fail_msg("taken: %s", bad[i]);
	}
}

static void test_format(void **state)
{
	char iso[TIME_ISO_LEN], local[TIME_LOCAL_LEN];

	time_format_iso(NOW + 940565, iso);
	assert_string_equal(iso, "2026-11-22T11:49:28.940565Z");
	time_format_iso(-1, iso);
	assert_string_equal(iso, "1969-12-31T23:59:59.999999Z");
	time_format_iso(INT64_MIN, iso);
	assert_string_equal(iso, "0000-01-01T00:00:00.000000Z");
	time_format_iso(INT64_MAX, iso);
	assert_string_equal(iso, "9999-12-31T23:59:59.999999Z");
	time_format_local(NOW + 940565, local);
	assert_string_equal(local, "2026-11-22 12:49:28");
	time_format_local(1784721600 * SEC, local);
	assert_string_equal(local, "2026-07-22 14:00:00");
	time_format_local(INT64_MAX, local);
	assert_string_equal(local, "9999-12-31 23:59:59");
}

/* The hours around both changes of 2026, and far away times. */
static void test_zone(void **state)
{
	static const struct {
		struct civil local;
		int64_t offset;
	} cases[] = {
	    {{2026, 1, 1, 0, 0, 0, 0}, 3600},
	    {{2026, 7, 1, 0, 0, 0, 0}, 7200},
	    {{2026, 3, 29, 1, 59, 59, 0}, 3600},
	    {{2026, 3, 29, 2, 30, 0, 0}, 3600},
	    {{2026, 3, 29, 3, 0, 0, 0}, 7200},
	    {{2026, 10, 25, 1, 59, 59, 0}, 7200},
	    {{2026, 10, 25, 2, 30, 0, 0}, 7200},
	    {{2026, 10, 25, 3, 0, 0, 0}, 3600},
	    {{2026, 10, 26, 3, 0, 0, 0}, 3600},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    time_zone_local(time_from_civil(&cases[i].local)),
		    cases[i].offset);
	assert_int_equal(time_zone_local(INT64_MAX), 3600);
	assert_in_range(time_zone_local(INT64_MIN) + 1, 0, 7201);
	assert_int_equal(time_zone_at(NOW), 3600);
}

static void check_when(const char *in, int64_t expected)
{
	int64_t t = 0;

	if (!time_parse_when(str_z(in), NOW, &t))
		fail_msg("not taken: %s", in);
	if (t != expected)
		fail_msg("%s: %lld, not %lld", in, (long long)t,
		    (long long)expected);
}

static void test_when_utc(void **state)
{
	static const struct {
		const char *in;
		int64_t us;
	} cases[] = {
	    {"now", NOW},
	    {"  now ", NOW},
	    {"today", NOW - 42568 * SEC},
	    {"yesterday", NOW - 42568 * SEC - DAY},
	    {"tomorrow", NOW - 42568 * SEC + DAY},
	    {"2026-11-22 11:49:28", NOW},
	    {"2026-11-22T11:49:28", NOW},
	    {"2026-11-22T11:49:28.5Z", NOW + 500000},
	    {"2026-11-22 11:49:28.000001 UTC", NOW + 1},
	    {"2026-11-22 13:49:28 +02:00", NOW},
	    {"2026-11-22T13:49:28+0200", NOW},
	    {"26-11-22 11:49:28", NOW},
	    {"2026-11-22 11:49", NOW - 28 * SEC},
	    {"2026-11-22", NOW - 42568 * SEC},
	    {"2026-11-22 UTC", NOW - 42568 * SEC},
	    {"Sun 2026-11-22", NOW - 42568 * SEC},
	    {"sunday 2026-11-22 11:49:28 UTC", NOW},
	    {"11:49", NOW - 28 * SEC},
	    {"11:49:28", NOW},
	    {"9:00", NOW - 42568 * SEC + 9 * HOUR},
	    {"Sun 11:49", NOW - 28 * SEC},
	    {"today UTC", NOW - 42568 * SEC},
	    {"2026-11-22 12:49:28 Europe/Berlin", NOW},
	    {"2026-08-22 13:49:28 Europe/Berlin", NOW - 92 * DAY},
	    {"2026-08-22 13:49:28 CET", NOW - 92 * DAY},
	    {"Sun 2026-11-22  06:49:28  America/New_York", NOW},
	    {"2026-11-22 Asia/Tokyo", NOW - 42568 * SEC - 9 * HOUR},
	    {"20:49:28 Asia/Tokyo", NOW},
	    {"today Asia/Tokyo", NOW - 20 * HOUR - 2968 * SEC},
	    {"00:00", NOW - 42568 * SEC},
	    {"-2h", NOW - 2 * HOUR},
	    {"+5min", NOW + 5 * MINUTE},
	    {"-90", NOW - 90 * SEC},
	    {"- 1h 30min", NOW - 90 * MINUTE},
	    {"2 days ago", NOW - 2 * DAY},
	    {"1h30min ago", NOW - 90 * MINUTE},
	    {"3 s left", NOW + 3 * SEC},
	    {"@1795348168", NOW},
	    {"@1795348168.25", NOW + 250000},
	    {"@0", 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_when(cases[i].in, cases[i].us);
}

static void test_when_local(void **state)
{
	check_when("2026-11-22 12:49:28", NOW);
	check_when("2026-11-22 12:49:28 CET", NOW);
	check_when("2026-11-22 13:49:28 CEST", NOW);
	check_when("2026-11-22 11:49:28 UTC", NOW);
	check_when("2026-11-22 11:49:28Z", NOW);
	check_when("today", NOW - 42568 * SEC - HOUR);
	check_when("12:49", NOW - 28 * SEC);
	check_when("11:49 UTC", NOW - 28 * SEC);
	/* Its own zone is back behind another one. */
	check_when("2026-11-22 20:49:28 Asia/Tokyo", NOW);
	check_when("2026-11-22 12:49:28", NOW);
	/* 02:30 came twice in that night. */
	check_when("2026-10-25 02:30", 1792888200 * SEC);
	check_when("2026-10-25 02:30 CEST", 1792888200 * SEC);
	check_when("2026-10-25 02:30 CET", 1792891800 * SEC);
}

/* A day back from the morning after the clock was changed is 25 hours. */
static void test_when_long_day(void **state)
{
	int64_t now = 1792918800 * SEC, t; /* 2026-10-25 10:00 CET */

	assert_true(time_parse_when(STR("today"), now, &t));
	assert_true(t == now - 11 * HOUR);
	assert_true(time_parse_when(STR("tomorrow"), now, &t));
	assert_true(t == now + 14 * HOUR);
}

static void test_when_bad(void **state)
{
	static const char *const bad[] = {
	    "",
	    " ",
	    "x",
	    "ago",
	    " ago",
	    "-",
	    "+",
	    "@",
	    "@x",
	    "@1x",
	    "@-1",
	    "@99999999999999999999",
	    "@9223372036854775807",
	    "Now",
	    "2026",
	    "2026-11",
	    "2026-11-31",
	    "2026-13-01",
	    "202-11-22",
	    "20266-11-22",
	    "2026-11-22x",
	    "2026-11-22 x",
	    "2026-11-22 11",
	    "2026-11-22 11:",
	    "2026-11-22 11:49:",
	    "2026-11-22 24:00",
	    "2026-11-22 11:60",
	    "2026-11-22 11:49:28 XYZ",
	    "2026-11-22 11:49:28 +99:00",
	    "2026-11-22 11:49:28Zx",
	    "2026-11-22 11:49:28 Europe/",
	    "2026-11-22 11:49:28 Europe",
	    "2026-11-22 11:49:28 Europe/../UTC",
	    "2026-11-22 11:49:28 /usr/share/zoneinfo/UTC",
	    "2026-11-22 11:49:28 zone.tab",
	    "2026-11-22 11:49:28 utc",
	    "2026-11-22 11:49:28 UTC UTC",
	    "2026-11-22 11:49:28Z Europe/Berlin",
	    "2026-11-22 11:49:28 +01:00 Europe/Berlin",
	    "Europe/Berlin",
	    " Europe/Berlin",
	    "Mon 2026-11-22",
	    "Mon",
	    "Mon ",
	    "12:00:00:00",
	    "123:00",
	    "-2x",
	    "--2h",
	    "-999999999999y",
	    "2 days ago ago",
	    "5min",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t t = 77;

		if (time_parse_when(str_z(bad[i]), NOW, &t) || t != 77)
			fail_msg("taken: %s", bad[i]);
	}
}

static void test_span(void **state)
{
	static const struct {
		const char *in;
		int64_t us;
	} good[] = {
	    {"90", 90 * SEC},
	    {" 5min ", 5 * MINUTE},
	    {"1h 30min", 90 * MINUTE},
	    {"1h30min", 90 * MINUTE},
	    {"2d", 2 * DAY},
	    {"1 week 1 day", 8 * DAY},
	    {"1.5h", 90 * MINUTE},
	    {".5s", 500000},
	    {"0.0000019s", 1},
	    {"250ms", 250000},
	    {"3us", 3},
	    {"3\xc2\xb5s", 3},
	    {"1m", MINUTE},
	    {"1M", 2629800 * SEC},
	    {"1y", 31557600 * SEC},
	    {"1.5y", 47336400 * SEC},
	    {"0", 0},
	    {"1.5ms", 1500},
	    {"5 10s", 15 * SEC},
	};
	static const char *const bad[] = {
	    "",
	    " ",
	    "s",
	    "-5",
	    "+5",
	    "5 parsecs",
	    "5min x",
	    "1..5s",
	    ".",
	    "1h,",
	    "99999999999999999999",
	    "300000y",
	    "290000y 290000y",
	    "9223372036854775807",
	    "infinity",
	    "5MIN",
	    "5\xc2s",
	    "0x10",
	};
	int64_t t = 77;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (!time_parse_span(str_z(good[i].in), &t) || t != good[i].us)
			fail_msg("%s: %lld", good[i].in, (long long)t);
	}
	t = 77;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (time_parse_span(str_z(bad[i]), &t) || t != 77)
			fail_msg("taken: %s", bad[i]);
	assert_false(time_parse_span(STR("5\0s"), &t));
}

static void test_format_span(void **state)
{
	static const struct {
		int64_t us;
		const char *out;
	} cases[] = {
	    {0, "0s"},
	    {999999, "0s"},
	    {45 * SEC + 999999, "45s"},
	    {60 * SEC, "1m00s"},
	    {12 * MINUTE + 3 * SEC, "12m03s"},
	    {3 * HOUR + 4 * MINUTE + 59 * SEC, "3h04m"},
	    {5 * DAY + 2 * HOUR, "5d02h"},
	    {1000 * DAY, "1000d00h"},
	    {-45 * SEC, "-45s"},
	    {-1, "0s"},
	    {INT64_MIN, "-106751991d04h"},
	    {INT64_MAX, "106751991d04h"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[TIME_SPAN_LEN];

		time_format_span(cases[i].us, text);
		assert_string_equal(text, cases[i].out);
	}
}

static void test_now(void **state)
{
	assert_true(time_now() > 1700000000 * SEC);
	assert_true(time_now() < TIME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_civil),
	    cmocka_unit_test(test_civil_all_days),
	    cmocka_unit_test(test_civil_extremes),
	    cmocka_unit_test(test_iso),
	    cmocka_unit_test(test_iso_cut),
	    cmocka_unit_test(test_bsd),
	    cmocka_unit_test_setup(test_format, zone_berlin),
	    cmocka_unit_test_setup(test_zone, zone_berlin),
	    cmocka_unit_test_setup(test_when_utc, zone_utc),
	    cmocka_unit_test_setup(test_when_local, zone_berlin),
	    cmocka_unit_test_setup(test_when_long_day, zone_berlin),
	    cmocka_unit_test_setup(test_when_bad, zone_utc),
	    cmocka_unit_test(test_span),
	    cmocka_unit_test(test_format_span),
	    cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
