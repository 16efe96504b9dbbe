/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/held.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"

#define NAME "sender:192.0.2.1"

struct at {
	char dir[64];
	int dirfd;
};

static int set_up(void **state)
{
	struct at *at = calloc(1, sizeof *at);

	snprintf(at->dir, sizeof at->dir, "/tmp/held_test.XXXXXX");
	assert_non_null(mkdtemp(at->dir));
	at->dirfd = open(at->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(at->dirfd >= 0);
	*state = at;
	return 0;
}

static int tear_down(void **state)
{
	struct at *at = *state;

	fd_remove_tree(at->dir);
	fd_close(&at->dirfd);
	free(at);
	return 0;
}

/* What is found after a crash now. */
static void assert_left(const struct at *at, const char *want)
{
	struct buf b = BUF_INIT;
	struct err err = {""};

	assert_int_equal(held_read(at->dirfd, NAME, &b, &err), 0);
	if (!str_eqz(buf_str(&b), want))
		fail_msg(
		    "left \"%.*s\", not \"%s\"", STR_ARG(buf_str(&b)), want);
	buf_free(&b);
}

static void test_held(void **state)
{
	const struct at *at = *state;
	struct held h = HELD_NONE;
	struct err err = {""};

	assert_left(at, "");
	assert_int_equal(held_sync(&h, at->dirfd, NAME, &err), 0);
	held_add(&h, STR("a 1\n"));
	held_add(&h, STR("b 2\n"));
	assert_left(at, "");
	assert_int_equal(held_sync(&h, at->dirfd, NAME, &err), 0);
	assert_left(at, "a 1\nb 2\n");
	/* What waits no more may be left until nothing does. */
	held_trim(&h, 4);
	held_add(&h, STR("c 3\n"));
	assert_int_equal(held_sync(&h, at->dirfd, NAME, &err), 0);
	assert_left(at, "a 1\nb 2\nc 3\n");
	/* A line that waited never, and is not in the file. */
	held_add(&h, STR("d 4\n"));
	held_trim(&h, 16);
	assert_int_equal(h.lines.n, 0);
	assert_int_equal(held_sync(&h, at->dirfd, NAME, &err), 0);
	assert_left(at, "");
	held_add(&h, STR("e 5\n"));
	held_trim(&h, 16);
	assert_int_equal(held_sync(&h, at->dirfd, NAME, &err), 0);
	assert_left(at, "e 5\n");
	held_close(&h);
	/* Another process goes on behind it. */
	held_add(&h, STR("f 6\n"));
	assert_int_equal(held_sync(&h, at->dirfd, NAME, &err), 0);
	assert_left(at, "e 5\nf 6\n");
	held_close(&h);
}

/* A file of what does not wait any more is written anew. */
static void test_many(void **state)
{
	const struct at *at = *state;
	struct held h = HELD_NONE;
	struct err err = {""};
	struct stat st;

	for (uint64_t i = 0; i < 20000; i++) {
		held_add(&h, STR("0123456789abcde\n"));
		held_trim(&h, i * 16);
		if (i % 100 == 0)
			assert_int_equal(
			    held_sync(&h, at->dirfd, NAME, &err), 0);
	}
	assert_int_equal(h.lines.n, 16);
	assert_int_equal(fstatat(at->dirfd, HELD_DIR "/" NAME, &st, 0), 0);
	assert_in_range(st.st_size, 16, HELD_MANY + 4000);
	held_close(&h);
}

static void test_failure(void **state)
{
	const struct at *at = *state;
	struct held h = HELD_NONE;
	struct err err = {""};

	held_add(&h, STR("a\n"));
	assert_true(held_sync(&h, -1, NAME, &err) < 0);
	assert_int_equal(h.fresh, 2);
	assert_int_equal(held_sync(&h, at->dirfd, NAME, &err), 0);
	assert_left(at, "a\n");
	held_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_held, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_failure, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
