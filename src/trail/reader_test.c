/* SPDX-License-Identifier: Apache-2.0 */
/* To and fro in a chain: what a search and a jump in recordings do. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "trail/fixture.h"
#include "trail/frame.h"

#define FIRST "00000000000000000001.seg"
#define SIZE  4000

static struct trail *open_trail(const struct fixture *fx)
{
	struct trail *t = NULL;
	struct err err = {""};

	if (trail_open(&t, fx->dirfd, &fx->cfg, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return t;
}

/* The frame that comes when all before `from` is passed over. */
static void expect_at(struct trail_reader *r, uint64_t from, uint64_t seq)
{
	struct buf want = BUF_INIT;
	struct frame f;

	trail_reader_seek(r, from);
	assert_int_equal(trail_reader_next(r, &f, NULL), 1);
	assert_int_equal(f.seq, seq);
	fixture_payload(seq, SIZE, &want);
	assert_true(str_eq(f.payload, buf_str(&want)));
	buf_free(&want);
}

static void test_growing(void **state)
{
	struct fixture *fx = *state;
	struct trail *t = open_trail(fx);
	struct trail_reader *r;
	struct frame f;

	assert_int_equal(trail_reader_open(&r, fx->dirfd, 0, NULL), 0);
	for (uint64_t n = 300; n <= 3000; n += 300) {
		fixture_append(t, 300, SIZE);
		assert_int_equal(trail_sync(t, NULL), 0);
		expect_at(r, n, n);
		assert_int_equal(trail_reader_next(r, &f, NULL), 0);
		expect_at(r, n / 2, n / 2);
		expect_at(r, n - 60, n - 60);
		expect_at(r, 1, 1);
		expect_at(r, n - 299, n - 299);
	}
	assert_true(fixture_files(fx, ".seg.zst") > 0);
	trail_reader_close(r);
	assert_int_equal(trail_close(t, NULL), 0);
}

/* Between two reads it is packed, and its plain file is gone. */
static void test_packed_meanwhile(void **state)
{
	struct fixture *fx = *state;
	struct trail_reader *r;

	fixture_fill(fx, 500, SIZE);
	assert_int_equal(trail_reader_open(&r, fx->dirfd, 400, NULL), 0);
	expect_at(r, 400, 400);
	fixture_fill(fx, 2000, SIZE);
	(void)unlinkat(fx->dirfd, FIRST, 0);
	expect_at(r, 20, 20);
	expect_at(r, 700, 700);
	expect_at(r, 20, 20);
	expect_at(r, 2400, 2400);
	expect_at(r, 700, 700);
	trail_reader_close(r);
}

static void test_before_oldest(void **state)
{
	struct fixture *fx = *state;
	struct trail_reader *r;
	struct frame f;

	fixture_fill(fx, 4500, SIZE);
	(void)unlinkat(fx->dirfd, FIRST, 0);
	assert_int_equal(unlinkat(fx->dirfd, FIRST ".zst", 0), 0);
	assert_int_equal(trail_reader_open(&r, fx->dirfd, 1, NULL), 0);
	assert_int_equal(trail_reader_next(r, &f, NULL), 1);
	assert_true(f.seq > 1000 && f.seq < 1100);
	expect_at(r, 4500, 4500);
	expect_at(r, 1, f.seq);
	expect_at(r, f.seq + 7, f.seq + 7);
	expect_at(r, 2, f.seq);
	expect_at(r, 0, f.seq);
	trail_reader_close(r);
}

/* What lies in front of damage is found again, what lies behind it never. */
static void test_damage(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT;
	struct trail_reader *r;
	struct frame f;

	fixture_fill(fx, 1000, SIZE);
	fixture_get(fx, FIRST, &b);
	b.p[b.n / 2] ^= 1;
	fixture_put(fx, FIRST, buf_str(&b));
	assert_int_equal(trail_reader_open(&r, fx->dirfd, 700, NULL), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(trail_reader_next(r, &f, NULL), -EBADMSG);
		assert_int_equal(trail_reader_next(r, &f, NULL), 0);
		expect_at(r, 400, 400);
		expect_at(r, 30 + i, 30 + i);
		expect_at(r, 490, 490);
		trail_reader_seek(r, 600 + i);
	}
	trail_reader_close(r);
	buf_free(&b);
}

/* Of a packed segment, what lies in front of the damage is read, too. */
static void test_damage_packed(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT;
	struct trail_reader *r;
	struct frame f;
	uint64_t seq = 0;
	int e;

	fixture_fill(fx, 2500, SIZE);
	fixture_get(fx, FIRST ".zst", &b);
	memset(b.p + b.n - 200, 'x', 100);
	fixture_put(fx, FIRST ".zst", buf_str(&b));
	assert_int_equal(trail_reader_open(&r, fx->dirfd, 20, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		expect_at(r, 20, 20);
		while ((e = trail_reader_next(r, &f, NULL)) > 0)
			seq = f.seq;
		assert_int_equal(e, -EBADMSG);
		assert_true(seq > 500 && seq < 1100);
		/* The next segment follows. */
		assert_int_equal(trail_reader_next(r, &f, NULL), 1);
		assert_true(f.seq > seq && f.seq < 1100);
	}
	trail_reader_close(r);
	buf_free(&b);
}

int main(void)
{
#define WITH_FIXTURE(f)                                                        \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_growing),
	    WITH_FIXTURE(test_packed_meanwhile),
	    WITH_FIXTURE(test_before_oldest),
	    WITH_FIXTURE(test_damage),
	    WITH_FIXTURE(test_damage_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
