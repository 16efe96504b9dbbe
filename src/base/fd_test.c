/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir_name[] = "/tmp/sshtrail-fd-XXXXXX";
static int dir;

static int make_dir(void **state)
{
	if (!mkdtemp(dir_name))
		return -1;
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	close(dir);
	return rmdir(dir_name);
}

static unsigned count_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 100; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_close(void **state)
{
	int fd = dup(dir);

	errno = 7;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd);
	assert_int_equal(errno, 7);
}

static void test_pipe(void **state)
{
	char in[8];
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(fds[1], "abcdef", 6), 0);
	assert_int_equal(fd_write_all(fds[1], "", 0), 0);
	assert_int_equal(fd_read_full(fds[0], in, 4), 4);
	assert_memory_equal(in, "abcd", 4);
	fd_close(&fds[1]);
	assert_int_equal(fd_read_full(fds[0], in, 8), 2);
	assert_memory_equal(in, "ef", 2);
	assert_int_equal(fd_read_full(fds[0], in, 8), 0);
	assert_int_equal(fd_pread_full(fds[0], in, 8, 0), -ESPIPE);
	fd_close(&fds[0]);
	assert_int_equal(fd_write_all(-1, "a", 1), -EBADF);
	assert_int_equal(fd_read_full(-1, in, 1), -EBADF);
	assert_int_equal(fd_read_full(-1, in, SIZE_MAX), -EINVAL);
}

static void test_full_device(void **state)
{
	CLEANUP_FD int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip();
	assert_int_equal(fd_write_all(fd, "a", 1), -ENOSPC);
	assert_int_equal(fd_pwrite_all(fd, "a", 1, 0), -ENOSPC);
}

static void test_positioned(void **state)
{
	CLEANUP_FD int fd =
	    openat(dir, "at", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char in[8];

	assert_int_equal(fd_pwrite_all(fd, "world", 5, 3), 0);
	assert_int_equal(fd_pwrite_all(fd, "abc", 3, 0), 0);
	assert_int_equal(fd_pread_full(fd, in, 8, 0), 8);
	assert_memory_equal(in, "abcworld", 8);
	assert_int_equal(fd_pread_full(fd, in, 8, 5), 3);
	assert_int_equal(fd_pread_full(fd, in, 8, 100), 0);
	assert_int_equal(fd_pread_full(fd, in, 8, -1), -EINVAL);
	unlinkat(dir, "at", 0);
}

static void test_read_file(void **state)
{
	struct buf b = BUF_INIT;
	char *big = calloc(1, 10000);

	assert_int_equal(fd_replace_file(dir, "f", 0600, big, 10000), 0);
	assert_int_equal(fd_read_file(dir, "f", 9999, &b), -EFBIG);
	assert_int_equal(b.n, 0);
	buf_add_z(&b, "x");
	assert_int_equal(fd_read_file(dir, "f", 10000, &b), 0);
	assert_int_equal(b.n, 10001);
	buf_clear(&b);
	assert_int_equal(fd_replace_file(dir, "f", 0600, "", 0), 0);
	assert_int_equal(fd_read_file(dir, "f", 0, &b), 0);
	assert_int_equal(b.n, 0);
	assert_int_equal(fd_read_file(dir, "missing", 10, &b), -ENOENT);
	assert_int_equal(fd_read_file(dir, ".", 10, &b), -EISDIR);
	/* Files whose size is said to be 0. */
	assert_int_equal(
	    fd_read_file(AT_FDCWD, "/proc/self/stat", 100000, &b), 0);
	assert_true(b.n > 10);
	buf_free(&b);
	b.max = 10;
	assert_int_equal(
	    fd_read_file(AT_FDCWD, "/proc/self/stat", 99999, &b), -EMSGSIZE);
	buf_free(&b);
	unlinkat(dir, "f", 0);
	free(big);
}

static void check_file(const char *name, const char *content, mode_t mode)
{
	struct buf b = BUF_INIT;
	struct stat st;

	assert_int_equal(fd_read_file(dir, name, 100, &b), 0);
	assert_string_equal(buf_z(&b), content);
	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_true(S_ISREG(st.st_mode));
	buf_free(&b);
}

static void test_replace(void **state)
{
	mode_t old = umask(077);
	unsigned n_open = count_open();
	char path[64];

	assert_int_equal(fd_replace_file(dir, "r", 0644, "one", 3), 0);
	check_file("r", "one", 0644);
	assert_int_equal(fd_replace_file(dir, "r", 0600, "two!", 4), 0);
	check_file("r", "two!", 0600);
	/* A link in its place is replaced, not followed. */
	unlinkat(dir, "r", 0);
	assert_int_equal(symlinkat("elsewhere", dir, "r"), 0);
	assert_int_equal(fd_replace_file(dir, "r", 0640, "3", 1), 0);
	check_file("r", "3", 0640);
	assert_int_equal(faccessat(dir, "elsewhere", F_OK, 0), -1);

	snprintf(path, sizeof path, "%s/r", dir_name);
	assert_int_equal(fd_replace_file(AT_FDCWD, path, 0600, "4", 1), 0);
	check_file("r", "4", 0600);
	assert_int_equal(fd_replace_file(dir, "no/r", 0600, "", 0), -ENOENT);
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(fd_replace_file(dir, "d", 0600, "", 0), -EISDIR);
	assert_int_equal(count_open(), n_open);
	unlinkat(dir, "d", AT_REMOVEDIR);
	unlinkat(dir, "r", 0);
	umask(old);
	/* remove_dir() fails when a temporary file was left behind. */
}

static const char *const drafted[] = {"one", "two", "three"};
#define N_DRAFTED (sizeof drafted / sizeof drafted[0])

static void write_drafts(struct fd_draft drafts[N_DRAFTED])
{
	for (size_t i = 0; i < N_DRAFTED; i++)
		assert_int_equal(fd_draft_write(&drafts[i], dir, drafted[i],
				     0600, drafted[i], strlen(drafted[i])),
		    0);
}

static void assert_content(const char *name)
{
	struct buf got = BUF_INIT;

	assert_int_equal(fd_read_file(dir, name, 64, &got), 0);
	assert_string_equal(buf_z(&got), name);
	buf_free(&got);
	assert_int_equal(unlinkat(dir, name, 0), 0);
}

static void test_drafts(void **state)
{
	struct fd_draft drafts[N_DRAFTED];
	unsigned n_open = count_open();

	write_drafts(drafts);
	assert_int_equal(faccessat(dir, "one", F_OK, 0), -1);
	assert_int_equal(fd_drafts_settle(drafts, N_DRAFTED), 0);
	for (size_t i = 0; i < N_DRAFTED; i++)
		assert_content(drafted[i]);
	/* The second cannot be put in place: neither is what is behind it. */
	assert_int_equal(mkdirat(dir, "two", 0700), 0);
	write_drafts(drafts);
	assert_int_equal(fd_drafts_settle(drafts, N_DRAFTED), -EISDIR);
	assert_content("one");
	assert_int_equal(faccessat(dir, "three", F_OK, 0), -1);
	assert_int_equal(unlinkat(dir, "two", AT_REMOVEDIR), 0);
	assert_int_equal(count_open(), n_open);
}

static void test_open_dir(void **state)
{
	int fd = -1, again = -1, untouched = 99;
	struct stat st;

	assert_int_equal(fd_open_dir(dir, "sub", 0700, &fd), 0);
	assert_int_equal(fd_open_dir(dir, "sub", 0755, &again), 0);
	assert_int_equal(fstat(again, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(&fd);
	fd_close(&again);
	assert_int_equal(fd_open_dir(dir, "no/sub", 0700, &untouched), -ENOENT);
	assert_int_equal(fd_replace_file(dir, "file", 0600, "", 0), 0);
	assert_int_equal(fd_open_dir(dir, "file", 0700, &untouched), -ENOTDIR);
	assert_int_equal(untouched, 99);
	unlinkat(dir, "file", 0);
	unlinkat(dir, "sub", AT_REMOVEDIR);
}

static void test_remove_tree(void **state)
{
	char path[64], outside[64];

	snprintf(outside, sizeof outside, "%s/outside", dir_name);
	assert_int_equal(close(creat(outside, 0600)), 0);
	snprintf(path, sizeof path, "%s/tree", dir_name);
	assert_int_equal(fd_remove_tree(path), -ENOENT);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mkdirat(dir, "tree/below", 0700), 0);
	assert_int_equal(symlinkat(outside, dir, "tree/below/link"), 0);
	assert_int_equal(fd_remove_tree(path), 0);
	assert_int_equal(access(path, F_OK), -1);
	/* A link goes, not what it leads to. */
	assert_int_equal(unlink(outside), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_close),
	    cmocka_unit_test(test_pipe),
	    cmocka_unit_test(test_full_device),
	    cmocka_unit_test(test_positioned),
	    cmocka_unit_test(test_read_file),
	    cmocka_unit_test(test_replace),
	    cmocka_unit_test(test_drafts),
	    cmocka_unit_test(test_open_dir),
	    cmocka_unit_test(test_remove_tree),
	};

	return cmocka_run_group_tests_name("fd", tests, make_dir, remove_dir);
}
