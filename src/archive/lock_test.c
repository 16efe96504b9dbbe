/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static char dir[] = "sshtrail-lock-XXXXXX";

static int make_dir(void **state)
{
	memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return fd_remove_tree(dir);
}

static int open_dir(void)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void test_excludes(void **state)
{
	CLEANUP_FD int at = open_dir();
	CLEANUP_FD int first = -1;
	CLEANUP_FD int second = -1;
	struct err err;

	assert_int_equal(lock_take(at, LOCK_ASK, &first, NULL), 0);
	assert_false(lock_wanted(first));
	assert_int_equal(lock_take(at, LOCK_ASK, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "--wait"));
	assert_false(lock_wanted(first));
	fd_close(&first);
	assert_int_equal(lock_take(at, LOCK_ASK, &second, NULL), 0);
}

/* Asks a daemon, with the lock or whose it is now; 0: it has got it. */
static pid_t start_asking(enum lock_how how)
{
	pid_t pid = fork();
	CLEANUP_FD int fd = -1;

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "other");
	_exit(lock_take(open_dir(), how, &fd, NULL) == 0 ? 0 : 1);
}

static int end_of(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_lends(void **state)
{
	CLEANUP_FD int at = open_dir();
	CLEANUP_FD int fd = -1;
	char name[16];
	pid_t pid;

	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, LOCK_DAEMON);
	assert_int_equal(lock_take(at, LOCK_OWN, &fd, NULL), 0);
	pid = start_asking(LOCK_ASK);
	while (!lock_wanted(fd))
		usleep(1000);
	lock_lend(fd);
	assert_int_equal(end_of(pid), 0);
	assert_int_equal(lock_take_back(fd), 1);
	/* Who asks and is killed does not ask any more. */
	pid = start_asking(LOCK_WAIT);
	while (!lock_wanted(fd))
		usleep(1000);
	lock_lend(fd);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(end_of(pid) < 1, true);
	assert_int_equal(lock_take_back(fd), 1);
	/* Another daemon does not ask. */
	assert_int_equal(end_of(start_asking(LOCK_OWN)), 1);
	prctl(PR_SET_NAME, name);
}

/* A hub lends it to nobody, and nobody waits for it. */
static void test_hub_keeps(void **state)
{
	static const enum lock_how ways[] = {LOCK_ASK, LOCK_WAIT, LOCK_OWN};
	CLEANUP_FD int at = open_dir();
	CLEANUP_FD int fd = -1;
	CLEANUP_FD int other = -1;
	char name[16];
	struct err err;

	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, LOCK_HUB);
	assert_int_equal(lock_take(at, LOCK_OWN, &fd, NULL), 0);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		assert_int_equal(lock_take(at, ways[i], &other, &err), -EBUSY);
		assert_non_null(strstr(err.text, "sshtrail-hub"));
	}
	prctl(PR_SET_NAME, name);
}

/* Who has it for long does not wait by itself for who has not. */
static void test_own_asks_again(void **state)
{
	CLEANUP_FD int at = open_dir();
	CLEANUP_FD int fd = -1;
	CLEANUP_FD int other = -1;

	assert_int_equal(lock_take(at, LOCK_ASK, &fd, NULL), 0);
	assert_false(lock_wanted_by_daemon(fd));
	assert_int_equal(lock_take(at, LOCK_OWN, &other, NULL), -EAGAIN);
	assert_true(lock_wanted_by_daemon(fd) && !lock_wanted(fd));
	assert_int_equal(lock_take(at, LOCK_OWN, &other, NULL), -EAGAIN);
	assert_true(lock_wanted_by_daemon(fd));
	lock_lend(fd);
	assert_int_equal(lock_take(at, LOCK_OWN, &other, NULL), 0);
	assert_false(lock_wanted_by_daemon(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_excludes, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(test_lends, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(
		test_hub_keeps, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(
		test_own_asks_again, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
