/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/names.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static void is_name(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {{"siem", true}, {"a-b_C9", true}, {"", false},
	    {".", false}, {"..", false}, {"a/b", false}, {"a.b", false},
	    {"a b", false}, {"\xc3\xa4", false}, {"a\n", false}};
	char longest[OUTPUT_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    output_is_name(str_z(cases[i].name)), cases[i].good);
	memset(longest, 'x', sizeof longest);
	assert_true(output_is_name(str_make(longest, OUTPUT_NAME_MAX)));
	assert_false(output_is_name(str_make(longest, sizeof longest)));
}

static void reads(void **state)
{
	static const char *const files[] = {
	    "b.yml", "a.yml", ".yml", "x.yml.bak", "a b.yml", "notes"};
	char dir[] = "/tmp/names.XXXXXX", path[128];
	struct output_names names;
	struct err err = {""};

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	assert_int_equal(output_names_read(&names, dir, &err), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "a");
	assert_string_equal(names.v[1], "b");
	output_names_free(&names);
	fd_remove_tree(dir);
	assert_int_equal(output_names_read(&names, dir, &err), -ENOENT);
	assert_non_null(strstr(err.text, dir));
	output_names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_name),
	    cmocka_unit_test(reads),
	};

	return cmocka_run_group_tests_name("outputs names", tests, NULL, NULL);
}
