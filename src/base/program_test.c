/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *argv[4];
	int code, status;
	const char *out, *err, *said;
} cases[] = {
    {{"sh", "-c", "echo a; echo b >&2; exit 7"}, 0, 7, "a\n", "b\n", "b"},
    {{"sh", "-c", "kill -9 $$"}, 0, 137, "", "", ""},
    {{"sh", "-c", "cat; echo \"$HOME.$LC_ALL\""}, 0, 0, ".C\n", "", ".C"},
    {{"/bin/sh", "-c", "echo one; echo two"}, 0, 0, "one\ntwo\n", "", "one"},
    /* What it leaves behind is not waited for once its output is closed. */
    {{"sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $((1+1))"}, 0, 0, "2\n", "",
	"2"},
    {{"no-such-program"}, -ENOENT, 0, "", "", ""},
    {{"/etc/passwd"}, -ENOENT, 0, "", "", ""},
};

static void test_run(void **state)
{
	setenv("HOME", "/elsewhere", 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct program p;
		struct err err = {""};

		assert_int_equal(
		    program_run(&p, cases[i].argv, 20, &err), cases[i].code);
		assert_int_equal(p.status, cases[i].status);
		assert_true(str_eqz(buf_str(&p.out), cases[i].out));
		assert_true(str_eqz(buf_str(&p.err), cases[i].err));
		assert_true(str_eqz(program_said(&p), cases[i].said));
		assert_true((cases[i].code == 0) == !err.text[0]);
		program_free(&p);
	}
	assert_true(program_installed("sh"));
	assert_false(program_installed("no-such-program"));
}

static void test_endless(void **state)
{
	const char *const argv[] = {"sleep", "1000", NULL};
	const char *const big[] = {"head", "-c", "3000000", "/dev/zero", NULL};
	struct program p;
	struct err err = {""};

	assert_int_equal(program_run(&p, argv, 1, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "sleep did not end within 1 s");
	program_free(&p);
	assert_int_equal(program_run(&p, big, 20, &err), 0);
	assert_true(p.out.n >= PROGRAM_OUTPUT_MAX);
	assert_true(p.out.n < PROGRAM_OUTPUT_MAX + 4096);
	program_free(&p);
}

static void test_check(void **state)
{
	const char *const two[] = {
	    "sh", "-c", "echo a >&2; echo b >&2; exit 2", NULL};
	const char *const none[] = {"false", NULL};
	const char *const fine[] = {"sh", "-c", "echo a >&2", NULL};
	const char *const big[] = {
	    "sh", "-c", "yes a | head -n 9000 >&2; exit 1", NULL};
	struct program p;
	struct err err = {""};

	assert_int_equal(program_run(&p, two, 20, &err), 0);
	assert_int_equal(program_check(&p, &err, "x -t"), -EINVAL);
	assert_string_equal(err.text, "x -t refuses: a; b");
	program_free(&p);
	assert_int_equal(program_run(&p, none, 20, &err), 0);
	assert_int_equal(program_check(&p, &err, "x"), -EINVAL);
	assert_string_equal(err.text, "x refuses: it says nothing");
	program_free(&p);
	assert_int_equal(program_run(&p, fine, 20, &err), 0);
	assert_int_equal(program_check(&p, &err, "x"), 0);
	program_free(&p);
	assert_int_equal(program_run(&p, big, 20, &err), 0);
	assert_int_equal(program_check(&p, &err, "x"), -EINVAL);
	program_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_run),
	    cmocka_unit_test(test_endless),
	    cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
