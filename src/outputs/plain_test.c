/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "outputs/json_tree.h"
#include "outputs/mapping.h"

static const struct {
	struct str text;
	size_t max;
	const char *plain, *json;
} cases[] = {
    {STR_INIT(""), 0, "", "\"\""},
    {STR_INIT("ls -l"), 0, "ls -l", "\"ls -l\""},
    {STR_INIT("a\nb\r\t\x1b[2J\x7f"), 0, "a\\nb\\r\\t\\x1b[2J\\x7f",
	"\"a\\nb\\r\\t\\u001b[2J\\u007f\""},
    {STR_INIT("a\0b"), 0, "a\\x00b", "\"a\\u0000b\""},
    {STR_INIT("\xff\xc3"), 0, "\\xff\\xc3", "\"\\\\xff\\\\xc3\""},
    {STR_INIT("\xc3\xa4\xe2\x80\xae\xc2\x9b"), 0, "\xc3\xa4\\u202e\\u009b",
	"\"\xc3\xa4\\u202e\\u009b\""},
    {STR_INIT("C:\\x41"), 0, "C:\\x41", "\"C:\\\\x41\""},
    {STR_INIT("\xc3\xa4\xc3\xa4"), 3, "\xc3\xa4[+2 bytes]",
	"\"\xc3\xa4[+2 bytes]\""},
    {STR_INIT("abcd"), 4, "abcd", "\"abcd\""},
    {STR_INIT("abcde"), 4, "abcd[+1 bytes]", "\"abcd[+1 bytes]\""},
    {STR_INIT("\x80\x80\x80\x80\x80"), 2, "\\x80\\x80[+3 bytes]",
	"\"\\\\x80\\\\x80[+3 bytes]\""},
};

static void text_is_made_plain(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf plain = BUF_INIT, json = BUF_INIT;
		bool cut = cases[i].max && cases[i].text.n > cases[i].max;

		assert_int_equal(
		    plain_add(&plain, cases[i].text, cases[i].max), cut);
		assert_int_equal(
		    plain_add_json(&json, cases[i].text, cases[i].max), cut);
		buf_add_char(&plain, '\0');
		buf_add_char(&json, '\0');
		assert_string_equal(plain.p, cases[i].plain);
		assert_string_equal(json.p, cases[i].json);
		buf_free(&plain);
		buf_free(&json);
	}
}

static void paths_become_objects(void **state)
{
	static const char *const paths[] = {
	    "a", "b.c", "b.d.e", "b.d.f", "b.g", "bb.c", "h"};
	struct buf b = BUF_INIT;
	struct json_tree t;

	json_tree_begin(&t, &b);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		json_tree_at(&t, paths[i]);
		buf_add_u64(&b, i);
	}
	json_tree_end(&t);
	buf_add_char(&b, '\0');
	assert_string_equal(b.p,
	    "{\"a\":0,\"b\":{\"c\":1,\"d\":{\"e\":2,\"f\":3},\"g\":4},"
	    "\"bb\":{\"c\":5},\"h\":6}");
	buf_clear(&b);
	json_tree_begin(&t, &b);
	json_tree_end(&t);
	assert_true(str_eq(buf_str(&b), STR("{}")));
	buf_free(&b);
}

static void addresses_are_told_from_names(void **state)
{
	assert_true(is_address(STR("203.0.113.9")));
	assert_true(is_address(STR("2001:db8::1")));
	assert_false(is_address(STR("web-1.example.com")));
	assert_false(is_address(STR("203.0.113.9 ")));
	assert_false(is_address(STR("")));
	assert_false(is_address(STR("::1\0")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_made_plain),
	    cmocka_unit_test(paths_become_objects),
	    cmocka_unit_test(addresses_are_told_from_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
