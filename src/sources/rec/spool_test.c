/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/rec/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/fdpass.h"

static char dir[64], path[96];

static int make(const char *name, const char *content)
{
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, content, strlen(content)), 0);
	return fd;
}

static bool is_there(const char *name)
{
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return lstat(path, &st) == 0;
}

/* One that was sent, or -1: none was. */
static int receive(int sock)
{
	int fds[FDPASS_FDS_MAX];
	struct peer_who who;
	struct err err;
	unsigned n;

	assert_int_equal(fcntl(sock, F_SETFL, O_NONBLOCK), 0);
	if (fdpass_receive(sock, &who, sizeof who, fds, &n, &err) <= 0)
		return -1;
	assert_int_equal(n, 1);
	assert_int_equal(who.pid, 0);
	assert_int_equal(who.uid, geteuid());
	return fds[0];
}

static void test_scan(void **state)
{
	int pair[2], locked, fd;
	char text[8] = "";

	snprintf(dir, sizeof dir, "/tmp/sshtrail-spool.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fdpass_pair(pair), 0);
	close(make("done", "bytes"));
	close(make("empty", ""));
	locked = make("growing", "more");
	assert_int_equal(flock(locked, LOCK_EX), 0);
	snprintf(path, sizeof path, "%s/link", dir);
	assert_int_equal(symlink("done", path), 0);
	snprintf(path, sizeof path, "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);

	spool_scan(dir, pair[1]);
	fd = receive(pair[0]);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof text), 5);
	assert_string_equal(text, "bytes");
	assert_int_equal(receive(pair[0]), -1);
	assert_false(is_there("empty"));

	/* It is being read; then it is emptied; then it is gone. */
	spool_scan(dir, pair[1]);
	assert_int_equal(receive(pair[0]), -1);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	close(locked);
	spool_scan(dir, pair[1]);
	assert_false(is_there("done"));
	fd = receive(pair[0]);
	assert_int_equal(read(fd, text, sizeof text), 4);
	close(fd);
	spool_scan("/no/such/directory", pair[1]);
	assert_int_equal(receive(pair[0]), -1);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(fd_remove_tree(dir), 0);
}

static void test_begin(void **state)
{
	struct wire_spool s = {.magic = WIRE_SPOOL_MAGIC,
	    .version = WIRE_VERSION,
	    .pid = 1,
	    .sshd = 2,
	    .auid = 3,
	    .ses = 4};
	struct peer_who who = {.uid = 9};

	assert_int_equal(
	    spool_begin(str_make(&s, sizeof s - 1), &who), -EBADMSG);
	assert_int_equal(spool_begin(str_make(&s, sizeof s), &who), 0);
	assert_int_equal(who.pid, 1);
	assert_int_equal(who.uid, 9);
	assert_int_equal(who.sshd, 2);
	assert_int_equal(who.auid, 3);
	assert_int_equal(who.ses, 4);
	s.version++;
	assert_int_equal(spool_begin(str_make(&s, sizeof s), &who), -EBADMSG);
	s.magic++;
	assert_int_equal(spool_begin(str_make(&s, sizeof s), &who), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scan),
	    cmocka_unit_test(test_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
