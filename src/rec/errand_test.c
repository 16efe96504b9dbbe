/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/errand.h"

#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* As sshd calls it, and what is to be run: "SHELL: ARGS", or an error. */
static void check(const char *argv0, const char *command, const char *original,
    const char *want)
{
	char *argv[] = {(char *)(uintptr_t)argv0,
	    command ? (char *)(uintptr_t) "-c" : NULL,
	    (char *)(uintptr_t)command, NULL};
	const struct settings s = {.shell = "/bin/sh"};
	struct errand e;
	char got[512];
	int r;

	if (original)
		setenv("SSH_ORIGINAL_COMMAND", original, 1);
	else
		unsetenv("SSH_ORIGINAL_COMMAND");
	r = errand_find(&e, &s, command ? 3 : 1, argv);
	assert_int_equal(r, 0);
	snprintf(got, sizeof got, "%s%s%s%s%s", e.argv[0], e.argv[1] ? " " : "",
	    e.argv[1] ? e.argv[1] : "", e.argv[1] ? " " : "",
	    e.argv[1] ? e.argv[2] : "");
	assert_string_equal(got, want);
	/* Here it changed the very environment of the test. */
	setenv("SHELL", "/bin/sh", 1);
	arena_free(&e.texts);
}

/* Of the account that runs this test. */
static const char *own_shell(void)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *shell = pw && *pw->pw_shell ? pw->pw_shell : "/bin/sh";
	const char *slash = strrchr(shell, '/');

	return slash ? slash + 1 : shell;
}

static void test_ways(void **state)
{
	char login[64], ls[64], odd[64];

	snprintf(login, sizeof login, "-%s", own_shell());
	snprintf(ls, sizeof ls, "%s -c ls -l", own_shell());
	snprintf(odd, sizeof odd, "%s -c internal-sftpx", own_shell());
	check("-sshtrail-rec", NULL, NULL, login);
	/* A variable of the user's says nothing to a login shell. */
	check("-sshtrail-rec", NULL, "ls -l", login);
	check("sshtrail-rec", "ls -l", "other", ls);
	check("/usr/libexec/sshtrail-rec", NULL, "ls -l", ls);
	check("/usr/libexec/sshtrail-rec", NULL, NULL, login);
	check("sshtrail-rec", "internal-sftpx", NULL, odd);
}

static void test_misuse(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "sshtrail-rec",
	    (char *)(uintptr_t) "--help", NULL};
	const struct settings s = {.shell = "/bin/sh"};
	struct errand e;

	assert_int_equal(errand_find(&e, &s, 2, argv), -EINVAL);
}

static void test_description(void **state)
{
	struct errand e = {
	    .argv = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "ls"}};
	struct buf b = BUF_INIT;

	assert_false(errand_describe(&e, 9, &b));
	assert_memory_equal(b.p, "sh\0-c\0ls", 9);
	buf_clear(&b);
	assert_true(errand_describe(&e, 7, &b));
	assert_int_equal(b.n, 7);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ways),
	    cmocka_unit_test(test_misuse),
	    cmocka_unit_test(test_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
