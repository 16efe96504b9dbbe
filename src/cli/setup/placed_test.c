/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/placed.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

struct scratch {
	char top[40];
	int root;
};

static int scratch_make(void **state)
{
	struct scratch *s = calloc(1, sizeof *s);

	if (!s)
		return -1;
	*state = s;
	snprintf(s->top, sizeof s->top, "/tmp/sshtrail-placed-XXXXXX");
	if (!mkdtemp(s->top))
		return -1;
	s->root = open(s->top, O_RDONLY | O_DIRECTORY);
	mkdirat(s->root, "etc", 0755);
	return 0;
}

static int scratch_remove(void **state)
{
	static const char *const names[] = {"etc/f", "etc/g", "etc/link"};
	struct scratch *s = *state;

	for (size_t i = 0; i < 3; i++)
		unlinkat(s->root, names[i], 0);
	unlinkat(s->root, "etc", AT_REMOVEDIR);
	unlinkat(s->root, "lead", 0);
	close(s->root);
	rmdir(s->top);
	free(s);
	return 0;
}

static void test_round(void **state)
{
	struct scratch *s = *state;
	struct placed none, made, got;
	struct err err = {""};
	char value[8];
	int fd;

	assert_int_equal(placed_read(s->root, "/etc/f", &none, &err), 0);
	assert_false(none.exists);
	made = (struct placed){.exists = true,
	    .mode = 0604,
	    .uid = geteuid(),
	    .gid = getegid(),
	    .mtime = {1000000000, 5},
	    .content = BUF_INIT};
	buf_add(&made.content, "a\0b", 3);
	assert_int_equal(placed_write(s->root, "/etc/f", &made, &err), 0);
	assert_int_equal(placed_read(s->root, "/etc/f", &got, &err), 0);
	assert_true(placed_same(&made, &got));
	assert_int_equal(got.mtime.tv_sec, 1000000000);
	placed_free(&got);
	/* Attributes go on to the file that replaces this one. */
	fd = openat(s->root, "etc/f", O_RDONLY);
	if (fsetxattr(fd, "user.note", "kept", 4, 0) == 0) {
		assert_int_equal(
		    placed_write(s->root, "/etc/f", &made, &err), 0);
		close(fd);
		fd = openat(s->root, "etc/f", O_RDONLY);
		assert_int_equal(
		    fgetxattr(fd, "user.note", value, sizeof value), 4);
	}
	close(fd);
	made.mode = 0600;
	assert_int_equal(placed_read(s->root, "/etc/f", &got, &err), 0);
	assert_false(placed_same(&made, &got));
	assert_false(placed_same(&none, &got));
	assert_int_equal(placed_write(s->root, "/etc/f", &none, &err), 0);
	assert_int_equal(faccessat(s->root, "etc/f", F_OK, 0), -1);
	/* Removing what is gone already is no failure. */
	assert_int_equal(placed_write(s->root, "/etc/f", &none, &err), 0);
	placed_free(&got);
	placed_free(&made);
}

static void put(int root, const char *name)
{
	int fd = openat(root, name, O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static void test_surprises(void **state)
{
	struct scratch *s = *state;
	struct placed p,
	    wanted = {.exists = true, .mode = 0644, .content = BUF_INIT};
	struct err err = {""};

	assert_int_equal(placed_read(s->root, "/none/f", &p, &err), -ENOENT);
	put(s->root, "etc/f");
	/* A link instead of the file, and instead of its folder. */
	assert_int_equal(symlinkat("f", s->root, "etc/link"), 0);
	assert_int_equal(placed_read(s->root, "/etc/link", &p, &err), -ELOOP);
	assert_int_equal(symlinkat("etc", s->root, "lead"), 0);
	assert_int_equal(placed_read(s->root, "/lead/f", &p, &err), -ELOOP);
	assert_int_equal(
	    placed_write(s->root, "/lead/f", &wanted, &err), -ELOOP);
	/* A second name, which a rename would leave behind. */
	assert_int_equal(linkat(s->root, "etc/f", s->root, "etc/g", 0), 0);
	assert_int_equal(placed_read(s->root, "/etc/f", &p, &err), -EPERM);
	placed_free(&p);
	unlinkat(s->root, "etc/g", 0);
	/* No file at all: nothing is waited for. */
	assert_int_equal(mkfifoat(s->root, "etc/g", 0644), 0);
	assert_int_equal(placed_read(s->root, "/etc/g", &p, &err), -EPERM);
	/* A folder that others can write to. */
	assert_int_equal(fchmodat(s->root, "etc", 0777, 0), 0);
	assert_int_equal(placed_read(s->root, "/etc/f", &p, &err), -EPERM);
	assert_int_equal(
	    placed_write(s->root, "/etc/f", &wanted, &err), -EPERM);
	assert_int_equal(fchmodat(s->root, "etc", 0755, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_round, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_surprises, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
