/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/layout.h"
#include "base/fd.h"
#include "trail/trail.h"

#define CHAIN "reveal:web"

static char dir[] = "sshtrail-beside-XXXXXX";

static int make_store(void **state)
{
	struct archive *a;

	if (!mkdtemp(dir) || archive_open(&a, dir, ARCHIVE_WRITE, NULL) < 0)
		return -1;
	archive_close(a);
	return 0;
}

static int remove_store(void **state)
{
	return fd_remove_tree(dir);
}

static void append(int64_t time)
{
	struct event ev;
	struct err err = {""};

	event_init(&ev, EVENT_REVEAL);
	ev.time = time;
	ev.host = STR("web");
	if (beside_append(dir, CHAIN, &ev, &err) < 0)
		fail_msg("%s", err.text);
}

static int open_chain(void)
{
	int dirfd, chainfd;

	assert_int_equal(layout_open(dir, false, &dirfd, NULL), 0);
	assert_int_equal(
	    layout_open_chain(dirfd, CHAIN, false, &chainfd, NULL), 0);
	close(dirfd);
	return chainfd;
}

/* Whether the frames of the chain are these; each holds its text. */
static void expect_frames(const char *const *texts, size_t n)
{
	CLEANUP_FD int fd = open_chain();
	struct trail_reader *r;
	struct frame f;

	assert_int_equal(trail_reader_open(&r, fd, 1, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(trail_reader_next(r, &f, NULL), 1);
		assert_int_equal(f.seq, i + 1);
		assert_true(str_find(f.payload, str_z(texts[i])) != STR_NPOS);
	}
	assert_int_equal(trail_reader_next(r, &f, NULL), 0);
	trail_reader_close(r);
}

/* A writer before was killed within a frame: the chain says so. */
static void test_cut(void **state)
{
	static const char *const texts[] = {"\"kind\":\"reveal\"",
	    "\"kind\":\"reveal\"", "\"op\":\"recovered\"",
	    "\"kind\":\"reveal\""};
	int fd, segment;

	append(1000000);
	append(2000000);
	expect_frames(texts, 2);
	fd = open_chain();
	segment = openat(
	    fd, "00000000000000000001.seg", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(segment >= 0);
	assert_int_equal(write(segment, "\x50\0\0\0half", 8), 8);
	close(segment);
	close(fd);
	append(3000000);
	expect_frames(texts, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_cut, make_store, remove_store),
	};

	return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
