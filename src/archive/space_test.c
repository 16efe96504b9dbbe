/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/space.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static char dir[] = "sshtrail-space-XXXXXX";

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return fd_remove_tree(dir);
}

static void make_folder(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_file(const char *name, off_t bytes)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(close(creat(path, 0600)), 0);
	assert_int_equal(truncate(path, bytes), 0);
}

static void test_store(void **state)
{
	struct space s;
	char path[128];

	assert_int_equal(space_measure(dir, &s), -ENOENT);
	make_folder("trail");
	make_folder("trail/events:a");
	make_folder("trail/recordings:a");
	make_folder("index");
	make_folder("index/blocks");
	make_file("trail/events:a/00000000000000000001.seg.zst", 1000);
	make_file("trail/events:a/00000000000000000900.seg", 500);
	make_file("trail/events:a/checkpoint", 20);
	make_file("trail/recordings:a/00000000000000000001.seg", 4000);
	make_file("index/catalogue.db", 300);
	make_file("index/blocks/1", 40);
	/* Whoever could place a link there must not make others be counted. */
	snprintf(path, sizeof path, "%s/trail/elsewhere", dir);
	assert_int_equal(symlink("/usr", path), 0);
	assert_int_equal(space_measure(dir, &s), 0);
	assert_int_equal(s.segments, 3);
	assert_int_equal(s.trail_bytes, 5520);
	assert_int_equal(s.index_bytes, 340);
	make_folder("screens");
	make_folder("screens/recordings:a");
	make_file("screens/recordings:a/1", 7);
	assert_int_equal(space_measure(dir, &s), 0);
	assert_int_equal(s.index_bytes, 347);
	assert_true(s.disk.size >= s.disk.free && s.disk.size > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_store, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
