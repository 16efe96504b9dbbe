/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spooled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/layout.h"
#include "base/fd.h"
#include "trail/header.h"
#include "trail/prune.h"

#define CHAIN  "recordings:h"
#define FRAMES 24
#define SIZE   ((size_t)512 << 10)

static void fill(struct archive *a)
{
	struct trail_recovery rec;
	struct buf payload = BUF_INIT;
	struct trail *t;
	struct err err = {""};
	uint64_t seq;

	assert_int_equal(archive_open_chain(a, CHAIN, &t, &rec, &err), 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		buf_clear(&payload);
		while (payload.n < SIZE)
			buf_printf(&payload, "%u:%zu ", i, payload.n);
		assert_int_equal(trail_append(t, FRAME_RECORDING, 0,
				     buf_str(&payload), &seq, &err),
		    0);
	}
	assert_int_equal(trail_close(t, &err), 0);
	buf_free(&payload);
}

static int keep_first(void *ctx, const struct trail_piece *p)
{
	*(struct trail_piece *)ctx = *p;
	return 1;
}

/* The frames of the first segment go; the first that is left. */
static uint64_t remove_first(struct archive *a)
{
	struct trail_hole hole = {.time = 1, .why = "older than 1d"};
	struct trail_piece piece = {.end = 0};
	CLEANUP_FD int fd = -1;
	struct err err = {""};
	uint64_t bytes;

	assert_int_equal(
	    layout_open_chain(archive_dirfd(a), CHAIN, false, &fd, &err), 0);
	assert_int_equal(trail_pieces(fd, &bytes, keep_first, &piece, &err), 1);
	hole.upto = piece.end - 1;
	assert_int_equal(
	    trail_prune(fd, CHAIN, archive_key(a), &hole, &err), 0);
	return piece.end;
}

static void expect(
    struct spooled *s, uint64_t from, uint64_t first, bool with_header)
{
	struct batch_writer w = {.n = 0};
	struct buf body = BUF_INIT;
	struct segment_header h;
	struct batch b;
	struct err err = {""};
	uint64_t end;

	assert_int_equal(spooled_batch(s, from, &w, &end, &err), 0);
	assert_int_equal(batch_end(&w, &body), 0);
	assert_int_equal(batch_read(buf_str(&body), &b, &err), 0);
	assert_int_equal(b.first, first);
	assert_int_equal(end, first + b.n);
	assert_int_equal(b.header.n > 0, with_header);
	if (with_header) {
		assert_int_equal(segment_header_get(b.header, &h, &err), 0);
		assert_int_equal(
		    segment_header_check(&h, STR(CHAIN), &s->key, &err), 0);
		assert_int_equal(h.first_seq, first);
		assert_int_equal(h.tree.size, first - 1);
	}
	batch_done(&b);
	buf_free(&body);
	batch_free(&w);
}

/* What retention removed is not sent; what it was is shown as it was signed. */
static void test_removed(void **state)
{
	char dir[] = "/tmp/spooled_test.XXXXXX";
	struct archive *a;
	struct spooled s;
	struct err err = {""};
	uint64_t first;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(archive_open(&a, dir, ARCHIVE_WRITE, &err), 0);
	fill(a);
	assert_int_equal(spooled_open(&s, archive_dirfd(a), CHAIN, &err), 0);
	assert_int_equal(spooled_look(&s, &err), 0);
	assert_int_equal(s.size, FRAMES);
	expect(&s, 1, 1, false);
	first = remove_first(a);
	assert_true(first > 2 && first < FRAMES);
	expect(&s, 1, first, true);
	expect(&s, first - 1, first, true);
	expect(&s, first, first, false);
	expect(&s, first + 1, first + 1, false);
	spooled_close(&s);
	archive_close(a);
	fd_remove_tree(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
