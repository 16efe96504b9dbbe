/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/flat_json.h"
#include "sources/authlog/vis.h"
#include "sources/authlog/year.h"

/* 2026-11-22 11:49:28 UTC */
#define T0 INT64_C(1795348168000000)

static void test_messages(void **state)
{
	static const struct {
		const char *line;
		int64_t time; /* 0: without a year */
		const char *host, *ident, *msg, *level;
		int64_t pid;
	} cases[] = {
	    {"Nov 22 11:49:28 h sshd[7]: hello", 0, "h", "sshd", "hello", "",
		7},
	    {"Nov  2 11:49:28 h sudo:   a : b ", 0, "h", "sudo", "a : b", "",
		-1},
	    {"Nov 2 11:49:28 h sshd[7]: x", 0, "h", "sshd", "x", "", 7},
	    {"Nov 22 11:49:28 2026 h sshd[7]: x", T0, "h", "sshd", "x", "", 7},
	    {"<38>Nov 22 11:49:28 h sshd[7]: x", 0, "h", "sshd", "x", "info",
		7},
	    {"Nov 22 11:49:28 h sshd(pam_unix)[7]: x", 0, "h", "sshd(pam_unix)",
		"x", "", 7},
	    {"Nov 22 11:49:28 h [sshd]: x", 0, "h", "sshd", "x", "", -1},
	    {"Nov 22 11:49:28 h sshd[7]: [ID 800047 auth.info] x", 0, "h",
		"sshd", "x", "info", 7},
	    {"Nov 22 11:49:28 <auth.info> h sshd[7]: x", 0, "h", "sshd", "x",
		"info", 7},
	    {"Nov 22 11:49:28 h authpriv.notice sshd[7]: x", 0, "h", "sshd",
		"x", "notice", 7},
	    {"Nov 22 11:49:28 h sshd[7]: message repeated 3 times: [ a] b]", 0,
		"h", "sshd", "a] b", "", 7},
	    {"2026-11-22T11:49:28.000000+00:00 h sshd[7]: x", T0, "h", "sshd",
		"x", "", 7},
	    {"2026-11-22T13:19:28+01:30 h sshd[7]: x", T0, "h", "sshd", "x", "",
		7},
	    {"2026-11-22T12:49:28+0100 h sshd[7]: x", T0, "h", "sshd", "x", "",
		7},
	    {"2026-11-22 11:49:28 h sshd[7]: x", T0, "h", "sshd", "x", "", 7},
	    {"<38>1 2026-11-22T11:49:28Z h sshd 7 - -  x: y", T0, "h", "sshd",
		"x: y", "info", 7},
	    {"<35>1 2026-11-22T11:49:28Z h sshd - ID1 [a@1 b=\"]\\\" [\"][c] x",
		T0, "h", "sshd", "x", "err", -1},
	    {"<38>1 2026-11-22T11:49:28Z - sshd 7 - - \xef\xbb\xbfx", T0, "",
		"sshd", "x", "info", 7},
	    {"{\"time\":\"2026-11-22T11:49:28Z\",\"host\":\"h\",\"prog\":\"sshd"
	     "\",\"pid\":\"7\",\"sev\":\"info\",\"msg\":\" x\"}",
		T0, "h", "sshd", "x", "info", 7},
	    {"{\"@timestamp\":\"2026-11-22T11:49:28Z\",\"nested\":{\"message\":"
	     "\"no\"},\"hostname\":\"h\",\"syslogtag\":\"sshd[7]:\","
	     "\"severity\":6,\"message\":\"x\\u00e9\\n\"}",
		T0, "h", "sshd", "x\xc3\xa9", "info", 7},
	    {"{\"timestamp\":\"Nov 22 11:49:28\",\"host\":\"h\","
	     "\"programname\":\"sshd\",\"procid\":\"-\",\"msg\":\"x\"}",
		0, "h", "sshd", "x", "", -1},
	};
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct log_line l;

		assert_int_equal(
		    log_line_parse(str_z(cases[i].line), NULL, &a, &l),
		    LINE_MESSAGE);
		assert_int_equal(l.yearless, cases[i].time == 0);
		if (cases[i].time)
			assert_int_equal(l.time, cases[i].time);
		assert_true(str_eqz(l.host, cases[i].host));
		assert_true(str_eqz(l.ident, cases[i].ident));
		assert_true(str_eqz(l.msg, cases[i].msg));
		assert_true(str_eqz(l.level, cases[i].level));
		assert_int_equal(l.pid, cases[i].pid);
		assert_int_equal(l.repeat, str_eqz(l.msg, "a] b") ? 3 : 0);
		assert_false(l.repeats_last);
	}
	arena_free(&a);
}

static void test_other_lines(void **state)
{
	static const struct {
		const char *line;
		enum line_kind kind;
	} cases[] = {
	    {"", LINE_NOISE},
	    {"-- Boot 0123 --", LINE_NOISE},
	    {"-- No entries --", LINE_NOISE},
	    {" continued", LINE_CONTINUED},
	    {"\tcontinued", LINE_CONTINUED},
	    {"hello", LINE_BAD},
	    {"Nov 22", LINE_BAD},
	    {"Nov 22 11:49:28", LINE_BAD},
	    {"Nov 22 11:49:28 h", LINE_BAD},
	    {"Nov 22 11:49:28 h sshd[7", LINE_BAD},
	    {"2026-11-22T11:49:28Z", LINE_BAD},
	    {"2026-99-22T11:49:28Z h sshd: x", LINE_BAD},
	    {"<38>1 2026-11-22T11:49:28Z h", LINE_BAD},
	    {"<38>1 2026-11-22T11:49:28Z h sshd 7 - [a=\"", LINE_BAD},
	    {"<38>", LINE_BAD},
	    {"<999999>Nov 22 11:49:28 h sshd: x", LINE_BAD},
	    {"{", LINE_BAD},
	    {"{}", LINE_BAD},
	    {"{\"msg\":\"x\"}", LINE_BAD},
	    {"{\"time\":\"2026-11-22T11:49:28Z\"}", LINE_BAD},
	    {"{\"time\":\"2026-11-22T11:49:28Z\",\"msg\":\"x\"", LINE_BAD},
	};
	struct arena a = ARENA_INIT;
	struct log_line l;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    log_line_parse(str_z(cases[i].line), NULL, &a, &l),
		    cases[i].kind);
	assert_int_equal(
	    log_line_parse(STR("Nov 22 11:49:28 h last message repeated 3 "
			       "times"),
		NULL, &a, &l),
	    LINE_MESSAGE);
	assert_true(l.repeats_last);
	assert_int_equal(l.repeat, 3);
	arena_free(&a);
}

static int64_t one_hour_east(int64_t local)
{
	return 3600;
}

static void test_zone(void **state)
{
	struct arena a = ARENA_INIT;
	struct log_line l;

	log_line_parse(
	    STR("2026-11-22T12:49:28 h sshd: x"), one_hour_east, &a, &l);
	assert_int_equal(l.time, T0);
	log_line_parse(
	    STR("2026-11-22T11:49:28Z h sshd: x"), one_hour_east, &a, &l);
	assert_int_equal(l.time, T0);
	log_line_parse(
	    STR("Nov 22 12:49:28 2026 h sshd: x"), one_hour_east, &a, &l);
	assert_int_equal(l.time, T0);
	arena_free(&a);
}

static void test_vis(void **state)
{
	static const struct {
		const char *in, *once, *preauth;
	} cases[] = {
	    {"plain", "plain", "plain"},
	    {"a\\nb", "a\nb", "a\nb"},
	    {"a\\\\nb", "a\\nb", "a\nb"},
	    {"a\\\\\\\\nb", "a\\\\nb", "a\\nb"},
	    {"J\\303\\266", "J\303\266", "J\303\266"},
	    {"J\\\\303\\\\266", "J\\303\\266", "J\303\266"},
	    /* No escape in what is left: it was encoded once. */
	    {"x\\\\y", "x\\y", "x\\y"},
	    {"x\\\\n\\303", "x\\n\303", "x\\n\303"},
	    {"\\", "\\", "\\"},
	    {"\\q\\12", "\\q\\12", "\\q\\12"},
	    {"\\777", "\\777", "\\777"},
	    {"\\t\\\\", "\t\\", "\t\\"},
	};
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(
		    str_eqz(vis_decode(str_z(cases[i].in), &a), cases[i].once));
		assert_true(str_eqz(vis_decode_preauth(str_z(cases[i].in), &a),
		    cases[i].preauth));
	}
	assert_true(str_eqz(
	    hash_decode(STR("a#012b#177#400#0#01"), &a), "a\nb\x7f#400#0#01"));
	assert_true(str_eqz(hash_decode(STR("#101 #040"), &a), "#101 #040"));
	assert_true(
	    str_eqz(hash_encode(STR("a\nb\x7f\xc3"), &a), "a#012b#177\xc3"));
	arena_free(&a);
}

/* "MM-DD" of 2026 as microseconds. */
static int64_t mtime_of(int month, int day, int year)
{
	struct civil c = {.year = year, .month = month, .day = day, .hour = 12};

	return time_from_civil(&c);
}

static void test_year_without_scan(void **state)
{
	struct civil dec = {.month = 12, .day = 31, .hour = 23};
	struct civil jan = {.month = 1, .day = 1};
	struct civil tomorrow = {.month = 1, .day = 3};
	struct civil later = {.month = 1, .day = 4};
	struct civil leap = {.month = 2, .day = 29};
	struct year_clock c;

	year_start(&c, mtime_of(1, 2, 2027), NULL);
	year_resolve(&c, &dec);
	assert_int_equal(dec.year, 2026);
	year_resolve(&c, &jan);
	assert_int_equal(jan.year, 2027);
	/* A clock may be a day ahead. */
	year_resolve(&c, &tomorrow);
	assert_int_equal(tomorrow.year, 2027);
	year_resolve(&c, &later);
	assert_int_equal(later.year, 2026);
	year_resolve(&c, &leap);
	assert_int_equal(leap.year, 2024);
}

static void test_year_out_of_order(void **state)
{
	static const struct civil days[] = {
	    {.month = 12, .day = 31, .hour = 23},
	    {.month = 1, .day = 1},
	    {.month = 12, .day = 31, .hour = 23, .minute = 59},
	    {.month = 1, .day = 1, .minute = 1},
	    {.month = 1, .day = 5},
	    {.month = 1, .day = 3},
	};
	static const int years[] = {2025, 2026, 2025, 2026, 2026, 2026};
	struct year_clock c;

	year_start(&c, mtime_of(11, 22, 2026), NULL);
	for (size_t i = 0; i < 6; i++)
		year_scan(&c, &days[i]);
	for (size_t i = 0; i < 6; i++) {
		struct civil when = days[i];
		int64_t t = year_resolve(&c, &when);

		assert_int_equal(when.year, years[i]);
		assert_int_equal(t, time_from_civil(&when));
	}
}

static void test_year_zone(void **state)
{
	struct civil when = {
	    .month = 11, .day = 22, .hour = 12, .minute = 49, .second = 28};
	struct year_clock c;

	year_start(&c, T0, one_hour_east);
	assert_int_equal(year_resolve(&c, &when), T0);
	assert_int_equal(year_resolve(&c, &when), T0);
}

static void test_flat_json(void **state)
{
	static const struct {
		const char *json, *text; /* NULL: malformed */
	} cases[] = {
	    {"{\"a\":\"x\"}", "x"},
	    {" { \"a\" : \"\" } ", ""},
	    {"{\"a\":\"\\\"\\\\\\/\\n\\u0041\"}", "\"\\/\nA"},
	    {"{\"a\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80"},
	    {"{\"a\":\"\\udcff\"}", "\xff"},
	    {"{\"a\":\"\\ud83d\"}", "\xef\xbf\xbd"},
	    {"{\"a\":\"\\u00\"}", "\\u00"},
	    {"{\"a\":12}", "12"},
	    {"{\"a\":[72,105, 33]}", "Hi!"},
	    {"{\"a\":[\"x\",\"y\"]}", "x"},
	    {"{\"b\":{\"a\":[\"]}\"]},\"a\":\"x\"}", "x"},
	    {"{\"a\":\"x\"", NULL},
	    {"{\"a\":\"x", NULL},
	    {"{\"a\":\"x\\", NULL},
	    {"{\"a\"}", NULL},
	    {"{\"a\":}", NULL},
	    {"{\"a\":\"x\" \"b\":1}", NULL},
	    {"{\"a\":[1", NULL},
	    {"[\"a\"]", NULL},
	    {"", NULL},
	};
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct flat_json j = {str_z(cases[i].json), false};
		struct str text = STR_NONE;
		struct json_pair pair;
		int r;

		while ((r = flat_json_next(&j, &pair)) > 0)
			if (str_eqz(pair.key, "a"))
				text = flat_json_text(&pair, &a);
		assert_int_equal(r, cases[i].text ? 0 : -1);
		if (cases[i].text)
			assert_true(str_eqz(text, cases[i].text));
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_messages),
	    cmocka_unit_test(test_other_lines),
	    cmocka_unit_test(test_zone),
	    cmocka_unit_test(test_vis),
	    cmocka_unit_test(test_year_without_scan),
	    cmocka_unit_test(test_year_out_of_order),
	    cmocka_unit_test(test_year_zone),
	    cmocka_unit_test(test_flat_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
