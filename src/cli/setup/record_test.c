/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/record.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static void make(struct record *r)
{
	*r = (struct record){.before = {.exists = true,
				 .mode = 04644,
				 .uid = 7,
				 .gid = 8,
				 .mtime = {1795348170, 999999999},
				 .content = BUF_INIT},
	    .after = {.content = BUF_INIT},
	    .kept = {true, 1, 8192, UINT32_MAX}};
	buf_add(&r->before.content, "a\n\0file ", 8);
}

static void test_round(void **state)
{
	struct record r, got;
	struct buf b = BUF_INIT;
	struct err err = {""};

	make(&r);
	record_format(&r, &b);
	assert_int_equal(record_parse(&got, buf_str(&b), &err), 0);
	assert_true(placed_same(&got.before, &r.before));
	assert_true(placed_same(&got.after, &r.after));
	assert_int_equal(got.before.mtime.tv_sec, 1795348170);
	assert_int_equal(got.before.mtime.tv_nsec, 999999999);
	assert_int_equal(got.kept.backlog_wait_time, UINT32_MAX);
	record_free(&got);
	/* Cut anywhere, or longer, it is refused. */
	for (size_t n = 0; n < b.n; n++) {
		assert_int_equal(
		    record_parse(&got, str_make(b.p, n), &err), -EINVAL);
		record_free(&got);
	}
	buf_add_char(&b, '\n');
	assert_int_equal(record_parse(&got, buf_str(&b), &err), -EINVAL);
	record_free(&got);
	record_free(&r);
	buf_free(&b);
}

#define HEAD "sshtrail setup 1\nkept 0 0 0 0\n"

static const char *const bad[] = {
    "sshtrail setup 2\nkept 0 0 0 0\n",
    "sshtrail setup 1\nkept 2 0 0 0\nfile 0 0 0 0 0 0 0\n\nfile 0 0 0 0 0 0 "
    "0\n\n",
    "sshtrail setup 1\nkept 0 0 0 4294967296\nfile 0 0 0 0 0 0 0\n\n"
    "file 0 0 0 0 0 0 0\n\n",
    HEAD "file 2 0 0 0 0 0 0\n\nfile 0 0 0 0 0 0 0\n\n",
    HEAD "file 1 10000 0 0 0 0 0\n\nfile 0 0 0 0 0 0 0\n\n",
    HEAD "file 1 9 0 0 0 0 0\n\nfile 0 0 0 0 0 0 0\n\n",
    HEAD "file 1 7 0 0 0 1000000000 0\n\nfile 0 0 0 0 0 0 0\n\n",
    HEAD "file 1 7 0 0 0 0 18446744073709551615\n\nfile 0 0 0 0 0 0 0\n\n",
    HEAD "file 1 7 -1 0 0 0 0\n\nfile 0 0 0 0 0 0 0\n\n",
    HEAD "file 1 7 0 0 0 0\n\nfile 0 0 0 0 0 0 0\n\n",
    HEAD "file 1 7 0 0 0 0 0 0\n\nfile 0 0 0 0 0 0 0\n\n",
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct record r;
		struct err err = {""};

		assert_int_equal(
		    record_parse(&r, str_z(bad[i]), &err), -EINVAL);
		assert_true(str_starts(str_z(err.text), STR("byte ")));
		record_free(&r);
	}
}

static void test_folder(void **state)
{
	char top[] = "/tmp/sshtrail-record-XXXXXX";
	CLEANUP_FD int root = -1;
	struct record r, got;
	struct err err = {""};
	int dir, second;

	assert_non_null(mkdtemp(top));
	root = open(top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(record_open_dir(root, true, &err), -ENOENT);
	assert_int_equal(mkdirat(root, "var", 0755), 0);
	assert_int_equal(mkdirat(root, "var/lib", 0755), 0);
	assert_int_equal(record_open_dir(root, false, &err), -ENOENT);
	dir = record_open_dir(root, true, &err);
	assert_true(dir >= 0);
	second = record_open_dir(root, true, &err);
	assert_int_equal(second, -EWOULDBLOCK);
	assert_int_equal(record_load(dir, "x", &got, &err), -ENOENT);
	make(&r);
	assert_int_equal(record_save(dir, "x", &r, &err), 0);
	assert_int_equal(record_load(dir, "x", &got, &err), 0);
	record_free(&got);
	record_free(&r);
	assert_int_equal(record_remove(dir, "x", &err), 0);
	close(dir);
	/* Others could write there. */
	assert_int_equal(fchmodat(root, &RECORD_DIR[1], 0777, 0), 0);
	assert_int_equal(record_open_dir(root, false, &err), -EPERM);
	assert_int_equal(unlinkat(root, &RECORD_DIR[1], AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/tmp", root, &RECORD_DIR[1]), 0);
	assert_true(record_open_dir(root, true, &err) < 0);
	unlinkat(root, &RECORD_DIR[1], 0);
	unlinkat(root, "var/lib", AT_REMOVEDIR);
	unlinkat(root, "var", AT_REMOVEDIR);
	rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
