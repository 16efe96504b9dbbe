/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static char dir[] = "sshtrail-layout-XXXXXX";

static int make_dir(void **state)
{
	memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return fd_remove_tree(dir);
}

static int count_chain(void *ctx, const char *chain)
{
	const char *const *wanted = ctx;

	for (; *wanted; wanted++)
		if (strcmp(*wanted, chain) == 0)
			return 0;
	return -ENOKEY;
}

static void test_chain_names(void **state)
{
	static const char *const names[] = {"import:web-01", "..", ".", "a/b",
	    "%41", "\xff\n\x01", "host.example:2_x", NULL};
	CLEANUP_FD int fd = -1;
	struct stat st;
	char path[80];

	assert_int_equal(layout_open(dir, true, &fd, NULL), 0);
	for (size_t i = 0; names[i]; i++) {
		CLEANUP_FD int chain = -1;
		CLEANUP_FD int again = -1;

		assert_int_equal(
		    layout_open_chain(fd, names[i], false, &chain, NULL),
		    -ENOENT);
		assert_int_equal(
		    layout_open_chain(fd, names[i], true, &chain, NULL), 0);
		assert_int_equal(
		    layout_open_chain(fd, names[i], false, &again, NULL), 0);
	}
	assert_int_equal(layout_open_chain(fd, "", true, &fd, NULL), -EINVAL);
	assert_int_equal(
	    layout_each_chain(fd, count_chain, (void *)(uintptr_t)names, NULL),
	    0);
	snprintf(path, sizeof path, "%s/trail/%%2E.", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void test_written_as(void **state)
{
	static const char *const cases[][2] = {
	    {"events:web-01", "events:web-01"},
	    {"events:web-01:2", "events:web-01"},
	    {"recordings:web-01:13", "recordings:web-01"},
	    {"recordings:import:web:2", "recordings:import:web:2"},
	    {"import:web:2", "import:web:2"},
	    {"sender:2001:db8::1", "sender:2001:db8::1"},
	    {"events:2", "events:2"},
	    {"events::2", "events::2"},
	    {"events:web:", "events:web:"},
	    {"events:web:x2", "events:web:x2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(
		    str_eqz(layout_written_as(cases[i][0]), cases[i][1]));
}

static void test_keys(void **state)
{
	uint8_t id[LAYOUT_ID_KEY_LEN], again[LAYOUT_ID_KEY_LEN];
	CLEANUP_FD int fd = -1;
	CLEANUP_FD int chain = -1;
	struct sign_key key;

	assert_int_equal(layout_open(dir, true, &fd, NULL), 0);
	assert_int_equal(layout_keys(fd, &key, id, NULL), 0);
	assert_int_equal(layout_keys(fd, &key, again, NULL), 0);
	assert_memory_equal(id, again, sizeof id);
	assert_int_equal(layout_open_chain(fd, "x", true, &chain, NULL), 0);
	assert_int_equal(fd_replace_file(fd, "keys/id.key", 0600, "", 0), 0);
	assert_int_equal(layout_keys(fd, &key, again, NULL), -ENOKEY);
	assert_int_equal(unlinkat(fd, "keys/id.key", 0), 0);
	assert_int_equal(layout_keys(fd, &key, again, NULL), -ENOKEY);
	sign_key_wipe(&key);
}

static void test_foreign(void **state)
{
	CLEANUP_FD int fd = -1;
	CLEANUP_FD int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(layout_open(dir, false, &fd, NULL), -ENOENT);
	assert_int_equal(fd_replace_file(at, "format.1.tmp", 0600, "", 0), 0);
	assert_int_equal(layout_open(dir, true, &fd, NULL), 0);
	assert_int_equal(unlinkat(at, "format", 0), 0);
	assert_int_equal(fd_replace_file(at, "other", 0600, "", 0), 0);
	fd_close(&fd);
	assert_int_equal(layout_open(dir, true, &fd, NULL), -ENOTEMPTY);
	assert_int_equal(
	    fd_replace_file(at, "format", 0600, "sshtrail store 2\n", 17), 0);
	assert_int_equal(layout_open(dir, true, &fd, NULL), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_chain_names, make_dir, remove_dir),
	    cmocka_unit_test(test_written_as),
	    cmocka_unit_test_setup_teardown(test_keys, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(test_foreign, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
