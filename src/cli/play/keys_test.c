/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/play/prompt.h"

static const struct {
	const char *bytes;
	uint32_t keys[4]; /* 0 at the end */
	size_t left;	  /* of what has only begun */
} typed[] = {
    {"a", {'a'}, 0},
    {" q", {' ', 'q'}, 0},
    {"\303\244", {0xe4}, 0},
    {"\303", {0}, 1},
    {"\360\237\230", {0}, 3},
    {"\303a", {KEY_UNKNOWN, 'a'}, 0},
    {"\377\200", {KEY_UNKNOWN, KEY_UNKNOWN}, 0},
    {"\b\177", {KEY_BACKSPACE, KEY_BACKSPACE}, 0},
    {"\33", {0}, 1},
    {"\33[", {0}, 2},
    {"\33[A\33OB", {KEY_UP, KEY_DOWN}, 0},
    {"\33[Cx\33OD", {KEY_RIGHT, 'x', KEY_LEFT}, 0},
    {"\33[1;2C\33[1;2D", {KEY_SHIFT_RIGHT, KEY_SHIFT_LEFT}, 0},
    {"\33[H\33OF\33[4~", {KEY_HOME, KEY_END, KEY_END}, 0},
    {"\33[5~\33[6~", {KEY_PAGE_UP, KEY_PAGE_DOWN}, 0},
    {"\33[200~\33[M", {KEY_UNKNOWN, KEY_UNKNOWN}, 0},
    {"\33q", {KEY_ESCAPE, 'q'}, 0},
    {"\33\33[A", {KEY_ESCAPE, KEY_UP}, 0},
    {"\33[1\rq", {KEY_UNKNOWN, '\r', 'q'}, 0},
    {"\33[11111111111111111111111111111111111111", {KEY_UNKNOWN, '1', '1'}, 6},
};

static void test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
		struct str in = str_z(typed[i].bytes);
		uint32_t key;

		print_message("# case %zu\n", i);
		for (size_t k = 0; k < 4 && typed[i].keys[k]; k++) {
			assert_true(keys_take(&in, false, &key));
			assert_int_equal(key, typed[i].keys[k]);
		}
		assert_int_equal(in.n, typed[i].left);
	}
}

/* After a while what has begun is a key, too. */
static void test_whole(void **state)
{
	struct str in = STR("\33");
	uint32_t key;

	(void)state;
	assert_false(keys_take(&in, false, &key));
	assert_true(keys_take(&in, true, &key));
	assert_int_equal(key, KEY_ESCAPE);
	in = STR("\33[1;");
	assert_true(keys_take(&in, true, &key));
	assert_int_equal(key, KEY_UNKNOWN);
	assert_int_equal(in.n, 0);
	assert_false(keys_take(&in, true, &key));
}

static const struct {
	const char *keys, *text;
	enum prompt_result result;
} lines[] = {
    {"abc", "abc", PROMPT_GOES_ON},
    {"abc\r", "abc", PROMPT_DONE},
    {"abc\33", "abc", PROMPT_GIVEN_UP},
    {"abc\177x\r", "abx", PROMPT_DONE},
    {"a\303\244\177b", "ab", PROMPT_GOES_ON},
    {"a\177\177", "", PROMPT_GIVEN_UP},
    {"one two \27x", "one x", PROMPT_GOES_ON},
    {"one two\25x", "x", PROMPT_GOES_ON},
    {"a\33[A\1b", "ab", PROMPT_GOES_ON},
};

static void test_prompt(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct str in = str_z(lines[i].keys);
		enum prompt_result r = PROMPT_GOES_ON;
		struct prompt p;
		uint32_t key;

		print_message("# case %zu\n", i);
		prompt_begin(&p, '/');
		while (r == PROMPT_GOES_ON && keys_take(&in, true, &key))
			r = prompt_key(&p, key);
		assert_int_equal(r, lines[i].result);
		assert_true(str_eq(prompt_text(&p), str_z(lines[i].text)));
	}
}

static void test_long_prompt(void **state)
{
	struct prompt p;

	(void)state;
	prompt_begin(&p, 'g');
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(prompt_key(&p, 0x20ac), PROMPT_GOES_ON);
	assert_in_range(p.n, PROMPT_MAX - 4, PROMPT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_prompt),
	    cmocka_unit_test(test_long_prompt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
