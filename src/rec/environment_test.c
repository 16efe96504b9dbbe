/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int count;
static char **arguments;

/* The C library changed nothing of it yet. */
static void test_is_what_the_kernel_gave(void **state)
{
	char **got = environment_original(count, arguments);
	size_t n = 0;

	assert_ptr_not_equal(got, environ);
	for (; environ[n]; n++)
		assert_ptr_equal(got[n], environ[n]);
	assert_null(got[n]);
	free(got);
}

/* As a set-group-id program's is cut: moved up, the strings stay. */
static void test_has_what_was_removed(void **state)
{
	char *removed = environ[0], **got;
	size_t n = 0;

	while (environ[n])
		n++;
	memmove(environ, environ + 1, n * sizeof *environ);
	got = environment_original(count, arguments);
	assert_ptr_equal(got[0], removed);
	assert_ptr_equal(got[1], environ[0]);
	free(got);
}

static void test_does_without(void **state)
{
	char heap[] = "not where arguments are";
	char *argv[] = {heap, NULL};
	char **far = malloc(sizeof *far);

	*far = (char *)(uintptr_t)16;
	assert_ptr_equal(environment_original(0, argv), environ);
	assert_ptr_equal(environment_original(1, far), environ);
	free(far);
}

static void test_replaces(void **state)
{
	char shell[] = "SHELL=/a", x[] = "SHELLX=1", now[] = "SHELL=/b",
	     new[] = "NEW=1";
	char *env[] = {x, shell, NULL};

	environment_replace(env, now, 5);
	environment_replace(env, new, 3);
	assert_string_equal(environment_get(env, "SHELL"), "/b");
	assert_string_equal(environment_get(env, "SHELLX"), "1");
	assert_null(environment_get(env, "NEW"));
	assert_null(environment_get(env, "SHEL"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_is_what_the_kernel_gave),
	    cmocka_unit_test(test_has_what_was_removed),
	    cmocka_unit_test(test_does_without),
	    cmocka_unit_test(test_replaces),
	};

	count = argc;
	arguments = argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
