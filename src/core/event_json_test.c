/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event_json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/json_string.h"

#define N(t) (sizeof(t) / sizeof *(t))

static void strings_are_escaped(void **state)
{
	static const struct {
		struct str in;
		const char *want;
	} t[] = {
	    {{"", 0}, "\"\""},
	    {{NULL, 0}, "\"\""},
	    {{"plain text of some length", 25},
		"\"plain text of some length\""},
	    {{"12345678\"", 9}, "\"12345678\\\"\""},
	    {{"a\\b\n\t\r\b\f\x1b[0m\0z", 14},
		"\"a\\\\b\\n\\t\\r\\b\\f\\u001b[0m\\u0000z\""},
	    {{"\x7f", 1}, "\"\\u007f\""},
	    {{"caf\xc3\xa9", 5}, "\"caf\xc3\xa9\""},
	    {{"caf\xe9", 4}, "\"caf\\udce9\""},
	    {{"\xc2\x9b", 2}, "\"\\u009b\""},
	    {{"\xe2\x80\xae", 3}, "\"\\u202e\""},
	    {{"\xe2\x80\xa8", 3}, "\"\\u2028\""},
	    /* overlong, surrogate, beyond U+10FFFF, cut short */
	    {{"\xc0\xaf", 2}, "\"\\udcc0\\udcaf\""},
	    {{"\xe0\x9f\xbf", 3}, "\"\\udce0\\udc9f\\udcbf\""},
	    {{"\xed\xa0\x80", 3}, "\"\\udced\\udca0\\udc80\""},
	    {{"\xf0\x8f\xbf\xbf", 4}, "\"\\udcf0\\udc8f\\udcbf\\udcbf\""},
	    {{"\xf4\x90\x80\x80", 4}, "\"\\udcf4\\udc90\\udc80\\udc80\""},
	    {{"\xf5\x80\x80\x80", 4}, "\"\\udcf5\\udc80\\udc80\\udc80\""},
	    {{"\xe2\x82", 2}, "\"\\udce2\\udc82\""},
	    {{"\xf0\x9f\x98\x80", 4}, "\"\xf0\x9f\x98\x80\""},
	    {{"\xf4\x8f\xbf\xbf", 4}, "\"\xf4\x8f\xbf\xbf\""},
	    {{"\xed\x9f\xbf\xee\x80\x80", 6}, "\"\xed\x9f\xbf\xee\x80\x80\""},
	};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < N(t); i++) {
		buf_clear(&b);
		json_add_string(&b, t[i].in);
		assert_string_equal(buf_z(&b), t[i].want);
	}
	buf_free(&b);
}

static void event_is_written_in_order(void **state)
{
	struct buf b = BUF_INIT;
	struct event ev;

	event_init(&ev, EVENT_EXEC);
	ev.time = 1795348168940565;
	ev.host = STR("web-1");
	event_set_str(&ev, F_ARGV, STR("ls\0a b\0"));
	event_set_str(&ev, F_USER, STR("ann"));
	event_set_int(&ev, F_PID, -3);
	event_set_int(&ev, F_CUT, 1);
	event_set_hex(&ev, F_ID, 0xabc);
	event_set_int(&ev, F_SINCE, 0);
	event_set_str(&ev, F_LOGIN_USER, STR("ann"));
	ev.track = 1;
	event_to_json(&ev, 0, &b);
	assert_string_equal(buf_z(&b),
	    "{\"time\":\"2026-11-22T11:49:28.940565Z\",\"host\":\"web-1\","
	    "\"kind\":\"exec\",\"trust\":\"text\",\"user\":\"ann\",\"pid\":-3,"
	    "\"argv\":[\"ls\",\"a b\"],\"cut\":true,"
	    "\"id\":\"0000000000000abc\","
	    "\"since\":\"1970-01-01T00:00:00.000000Z\"}");
	buf_clear(&b);
	event_init(&ev, EVENT_GAP);
	ev.seq = 12;
	ev.boot = STR("b1");
	ev.source = STR("audit");
	ev.trust = TRUST_KERNEL;
	ev.time = INT64_MAX;
	ev.track = 255;
	event_set_str(&ev, F_ARGV, STR(""));
	event_set_int(&ev, F_INTERACTIVE, 0);
	event_to_json(&ev, EVENT_JSON_DERIVED, &b);
	assert_string_equal(buf_z(&b),
	    "{\"seq\":12,\"time\":9223372036854775807,\"host\":\"\","
	    "\"boot\":\"b1\",\"kind\":\"gap\",\"source\":\"audit\","
	    "\"trust\":\"kernel\",\"session\":\"00000000000000ff\","
	    "\"argv\":[],\"interactive\":false}");
	buf_clear(&b);
	ev.session = 0xfedcba9876543210;
	event_to_json(&ev, EVENT_JSON_DERIVED, &b);
	assert_non_null(
	    strstr(buf_z(&b), ",\"session\":\"fedcba9876543210\","));
	assert_null(strstr(buf_z(&b), "ff"));
	buf_clear(&b);
	event_to_json(&ev, 0, &b);
	assert_null(strstr(buf_z(&b), "session"));
	buf_free(&b);
}

static void times_convert(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} t[] = {
	    {"1970-01-01T00:00:00.000000Z", 0},
	    {"1969-12-31T23:59:59.999999Z", -1},
	    {"2000-02-29T12:00:00.000001Z", 951825600000001},
	    {"2100-03-01T00:00:00.000000Z", 4107542400000000},
	    {"9999-12-31T23:59:59.999999Z", 253402300799999999},
	    {"0000-03-01T00:00:00.000000Z", -62162035200000000},
	};
	static const char *const bad[] = {"2026-02-29T00:00:00.000000Z",
	    "1900-02-29T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z",
	    "2026-00-01T00:00:00.000000Z", "2026-01-00T00:00:00.000000Z",
	    "2026-04-31T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z",
	    "2026-01-01T00:60:00.000000Z", "2026-01-01T00:00:60.000000Z",
	    "2026-01-01 00:00:00.000000Z", "2026-01-01T00:00:00.00000Z",
	    "2026-01-01T00:00:00.0000000", "-026-01-01T00:00:00.000000Z", ""};
	char text[JSON_TIME_LEN];
	int64_t us;

	for (size_t i = 0; i < N(t); i++) {
		assert_true(json_time_format(t[i].us, text));
		assert_memory_equal(text, t[i].text, JSON_TIME_LEN);
		assert_true(json_time_parse(str_z(t[i].text), &us));
		assert_int_equal(us, t[i].us);
	}
	for (size_t i = 0; i < N(bad); i++)
		assert_false(json_time_parse(str_z(bad[i]), &us));
	assert_false(json_time_format(253402300800000000, text));
	assert_false(json_time_format(-62162035200000001, text));
	assert_false(json_time_format(INT64_MIN, text));
	for (int64_t day = -719468; day <= 2932896; day += 7) {
		assert_true(json_time_format(day * 86400000000, text));
		assert_true(
		    json_time_parse(str_make(text, JSON_TIME_LEN), &us));
		assert_int_equal(us, day * 86400000000);
	}
}

#define HEAD "{\"time\":1,\"host\":\"h\",\"kind\":\"exec\""

static void malformed_is_refused(void **state)
{
	static const struct {
		const char *json;
		const char *want;
	} t[] = {
	    {"", "object expected"},
	    {"{}", "missing"},
	    {"{\"time\":1,\"host\":\"h\"}", "missing"},
	    {HEAD "}x", "more behind"},
	    {HEAD, "comma or }"},
	    {HEAD ",}", "string expected"},
	    {HEAD ",\"pid\":01}", "whole number"},
	    {HEAD ",\"pid\":-}", "whole number"},
	    {HEAD ",\"pid\":1.5}", "comma or }"},
	    {HEAD ",\"pid\":9223372036854775808}", "whole number"},
	    {HEAD ",\"pid\":\"1\"}", "whole number"},
	    {HEAD ",\"pid\":1,\"pid\":2}", "second time"},
	    {HEAD ",\"host\":\"i\"}", "second time"},
	    {HEAD ",\"user\":\"a\nb\"}", "control character"},
	    {HEAD ",\"user\":\"\\x\"}", "no such escape"},
	    {HEAD ",\"user\":\"\\u12\"}", "four hexadecimal"},
	    {HEAD ",\"user\":\"\\ud800\"}", "half a surrogate"},
	    {HEAD ",\"user\":\"\\ud800\\u0041\"}", "half a surrogate"},
	    {HEAD ",\"user\":\"\\udc7f\"}", "stands for no byte"},
	    {HEAD ",\"user\":\"\\udd00\"}", "stands for no byte"},
	    {HEAD ",\"user\":\"\xff\"}", "not UTF-8"},
	    {HEAD ",\"user\":\"\xed\xa0\x80\"}", "not UTF-8"},
	    {HEAD ",\"user\":\"abc", "does not end"},
	    {HEAD ",\"user\":\"abc\\", "does not end"},
	    {HEAD ",\"argv\":[\"a\" \"b\"]}", "comma or ]"},
	    {HEAD ",\"argv\":[\"a\",]}", "string expected"},
	    {HEAD ",\"argv\":[\"a\\u0000\"]}", "NUL in a list"},
	    {HEAD ",\"argv\":\"a\"}", "array expected"},
	    {HEAD ",\"id\":\"abc\"}", "16 hexadecimal"},
	    {HEAD ",\"id\":\"000000000000000g\"}", "16 hexadecimal"},
	    {HEAD ",\"cut\":1}", "true or false"},
	    {HEAD ",\"since\":\"today\"}", "no time"},
	    {HEAD ",\"trust\":\"me\"}", "no such trust"},
	    {HEAD ",\"seq\":-1}", "sequence number"},
	    {HEAD ",\"new\":}", "value expected"},
	    {HEAD ",\"new\":[1}", "comma expected"},
	    {HEAD ",\"new\":{\"a\"1}}", "colon expected"},
	    {HEAD ",\"new\":{1:1}}", "key expected"},
	    {HEAD ",\"new\":[1,", "value expected"},
	};
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < N(t); i++) {
		struct event ev;
		struct err err = {""};

		assert_int_equal(
		    event_from_json(&ev, str_z(t[i].json), &a, &err), -EINVAL);
		if (!strstr(err.text, t[i].want))
			fail_msg("%s: %s", t[i].json, err.text);
		assert_non_null(strstr(err.text, "byte "));
	}
	arena_free(&a);
}

static void unknown_keys_are_skipped(void **state)
{
	static const char json[] =
	    " { \"new\" : {\"a\":[1,{\"b\":{}},[],\"]}\\\"\"],\"c\":null} ,"
	    "\"n2\":-1.5e+3,\"time\":1,\"host\":\"h\",\"n3\":[[[true]]],"
	    "\"kind\":\"from.future\",\"user\":\"a\\u0041\\ud83d\\ude00\\udcff"
	    "\\/\",\"argv\":[ \"x\" , \"\" ],\"n4\":[] , \"pid\" : 7 }\n";
	char deep[600] = HEAD ",\"x\":";
	struct arena a = ARENA_INIT;
	struct event ev;
	struct err err;
	size_t n = strlen(deep);

	assert_int_equal(event_from_json(&ev, str_z(json), &a, &err), 0);
	assert_int_equal(ev.kind, EVENT_OTHER);
	assert_true(
	    str_eq(event_str(&ev, F_USER), STR("aA\xf0\x9f\x98\x80\xff/")));
	assert_true(str_eq(event_str(&ev, F_ARGV), STR("x\0\0")));
	assert_int_equal(event_int(&ev, F_PID, 0), 7);
	memset(deep + n, '[', 200);
	assert_int_equal(
	    event_from_json(&ev, str_make(deep, n + 200), &a, &err), -EINVAL);
	assert_non_null(strstr(err.text, "too deep"));
	arena_free(&a);
}

static uint64_t rng(uint64_t *s)
{
	*s = *s * 6364136223846793005u + 1442695040888963407u;
	return *s >> 17;
}

static struct str random_text(uint64_t *s, char *mem, size_t max, bool list)
{
	size_t n = rng(s) % max;
	unsigned style = (unsigned)(rng(s) % 3);

	for (size_t i = 0; i < n; i++) {
		static const char odd[] = "\xc3\xa9\xf0\x9f\x98\x80\"\\";
		uint64_t c = rng(s) % 256;

		if (style == 0)
			mem[i] = (char)c;
		else if (style == 1 || c % 2)
			mem[i] = (char)('a' + c % 26);
		else
			mem[i] = odd[c / 2 % 8];
	}
	if (list && n)
		mem[n - 1] = '\0';
	return str_make(mem, n);
}

static void fill_random(
    struct event *ev, uint64_t *s, char mem[EVENT_N_FIELDS][64])
{
	event_init(ev, (enum event_kind)(rng(s) % EVENT_N_KINDS));
	ev->trust = (enum trust)(rng(s) % TRUST_N);
	ev->seq = rng(s) % 3;
	ev->time = (int64_t)(rng(s) << 17);
	ev->host = STR("h\xff");
	for (unsigned f = 0; f < EVENT_N_FIELDS; f++) {
		enum field_type type = event_fields[f].type;

		if (rng(s) % 3)
			continue;
		if (type == FIELD_STR || type == FIELD_LIST)
			event_set_str(ev, (enum field)f,
			    random_text(s, mem[f], 64, type == FIELD_LIST));
		else if (type == FIELD_BOOL)
			event_set_int(ev, (enum field)f, (int64_t)(rng(s) % 2));
		else
			event_set_hex(ev, (enum field)f, rng(s) << 17 ^ rng(s));
	}
}

static void assert_same(const struct event *x, const struct event *y)
{
	enum field f;

	assert_int_equal(x->kind, y->kind);
	assert_int_equal(x->trust, y->trust);
	assert_int_equal(x->seq, y->seq);
	assert_int_equal(x->time, y->time);
	assert_true(str_eq(x->host, y->host));
	assert_memory_equal(x->has, y->has, sizeof x->has);
	for (f = event_next_field(x, 0); f < EVENT_N_FIELDS;
	     f = event_next_field(x, f + 1)) {
		if (event_fields[f].type == FIELD_STR ||
		    event_fields[f].type == FIELD_LIST)
			assert_true(str_eq(x->v[f].s, y->v[f].s));
		else
			assert_true(x->v[f].u == y->v[f].u);
	}
}

static void random_events_survive(void **state)
{
	static char mem[EVENT_N_FIELDS][64];
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	uint64_t s = 4711;

	for (unsigned i = 0; i < 3000; i++) {
		struct event ev, back;
		struct err err;

		fill_random(&ev, &s, mem);
		buf_clear(&b);
		event_to_json(&ev, EVENT_JSON_DERIVED, &b);
		assert_int_equal(buf_error(&b), 0);
		if (event_from_json(&back, buf_str(&b), &a, &err))
			fail_msg("%s\n%s", err.text, buf_z(&b));
		assert_same(&ev, &back);
		for (size_t at = 0; at < b.n; at++)
			assert_true(
			    (uint8_t)b.p[at] >= 0x20 && b.p[at] != 0x7f);
		arena_reset(&a);
	}
	buf_free(&b);
	arena_free(&a);
}

static void limits_are_reported(void **state)
{
	struct buf b = {.max = 40};
	struct arena a = {.max = 16};
	struct event ev;
	struct err err;

	event_init(&ev, EVENT_EXEC);
	event_to_json(&ev, 0, &b);
	assert_int_equal(buf_error(&b), -EMSGSIZE);
	assert_int_equal(
	    event_from_json(&ev, STR(HEAD "}"), &a, &err), -ENOMEM);
	buf_free(&b);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_are_escaped),
	    cmocka_unit_test(event_is_written_in_order),
	    cmocka_unit_test(times_convert),
	    cmocka_unit_test(malformed_is_refused),
	    cmocka_unit_test(unknown_keys_are_skipped),
	    cmocka_unit_test(random_events_survive),
	    cmocka_unit_test(limits_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
