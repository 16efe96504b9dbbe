/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/recover.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "trail/fixture.h"
#include "trail/frame.h"
#include "trail/segment.h"
#include "trail/verify.h"

#define FIRST  "00000000000000000001.seg"
#define SIGNED 20
#define TOTAL  40
#define SIZE   200

/* A chain whose writer died: 20 frames signed, 20 more synced. */
static void make_crashed(
    const struct fixture *fx, struct buf *segment, struct buf *checkpoint)
{
	struct trail *t;

	fixture_fill(fx, SIGNED, SIZE);
	assert_int_equal(trail_open(&t, fx->dirfd, &fx->cfg, NULL, NULL), 0);
	fixture_append(t, TOTAL - SIGNED, SIZE);
	assert_int_equal(trail_sync(t, NULL), 0);
	trail_abandon(t);
	fixture_get(fx, FIRST, segment);
	fixture_get(fx, "checkpoint", checkpoint);
}

static void put_back(
    const struct fixture *fx, struct str segment, struct str checkpoint)
{
	fixture_clear(fx);
	fixture_put(fx, FIRST, segment);
	fixture_put(fx, "checkpoint", checkpoint);
}

/* Where frame `seq` begins; all frames have one length here. */
static size_t frame_at(const struct buf *segment, unsigned seq)
{
	return segment->n - (TOTAL + 1 - seq) * (SIZE + FRAME_HEADER_LEN);
}

static void expect_sound(const struct fixture *fx)
{
	struct verify_result ret;

	assert_int_equal(trail_verify(fx->dirfd, &fx->key.pub, fx->cfg.origin,
			     NULL, &ret, NULL),
	    0);
	assert_true(ret.sound);
}

static int recover(const struct fixture *fx, struct trail_recovery *rec)
{
	struct chain_end end;
	struct err err = {""};
	int r = chain_recover(
	    fx->dirfd, &fx->cfg, fx->cfg.boot_id, &end, rec, &err);

	if (r == 0)
		assert_int_equal(end.tree.size, rec->last_seq);
	return r;
}

/* Expect `whole` frames, and `torn` bytes set aside. */
static void expect_recovered(
    const struct fixture *fx, uint64_t whole, uint64_t torn)
{
	struct trail_recovery rec;

	assert_int_equal(recover(fx, &rec), 0);
	assert_int_equal(rec.last_seq, whole);
	assert_int_equal(rec.torn_bytes, torn);
	assert_int_equal(rec.unclean, whole != SIGNED || torn > 0);
	assert_int_equal(fixture_files(fx, ".torn"), torn > 0);
}

static void expect_refused(const struct fixture *fx)
{
	unsigned files = fixture_files(fx, "");
	struct trail_recovery rec;

	assert_int_equal(recover(fx, &rec), -EBADMSG);
	assert_int_equal(fixture_files(fx, ""), files);
}

static void test_cut_at_every_offset(void **state)
{
	struct fixture *fx = *state;
	struct buf segment = BUF_INIT, cp = BUF_INIT, torn = BUF_INIT;
	size_t len = SIZE + FRAME_HEADER_LEN;

	make_crashed(fx, &segment, &cp);
	for (size_t n = frame_at(&segment, TOTAL - 2); n <= segment.n; n++) {
		size_t rest = (segment.n - n) % len;
		size_t cut = rest ? len - rest : 0;

		put_back(fx, str_upto(buf_str(&segment), n), buf_str(&cp));
		expect_recovered(
		    fx, TOTAL - (segment.n - n + len - 1) / len, cut);
		if (cut == 0)
			continue;
		fixture_get(fx, FIRST ".torn", &torn);
		assert_memory_equal(torn.p, segment.p + n - cut, cut);
	}
	/* Within what was signed, nothing is mended. */
	put_back(fx,
	    str_upto(buf_str(&segment), frame_at(&segment, SIGNED) + 7),
	    buf_str(&cp));
	expect_refused(fx);
	put_back(fx, str_upto(buf_str(&segment), frame_at(&segment, SIGNED)),
	    buf_str(&cp));
	expect_refused(fx);
	buf_free(&segment);
	buf_free(&cp);
	buf_free(&torn);
}

static void test_bits(void **state)
{
	struct fixture *fx = *state;
	struct buf segment = BUF_INIT, cp = BUF_INIT, got = BUF_INIT;
	size_t len = SIZE + FRAME_HEADER_LEN, unsigned_at;

	make_crashed(fx, &segment, &cp);
	unsigned_at = frame_at(&segment, SIGNED + 1);
	for (size_t i = segment.n - 5200; i < segment.n; i++) {
		size_t good = unsigned_at + (i - unsigned_at) / len * len;

		segment.p[i] = (char)(segment.p[i] ^ 1 << i % 8);
		put_back(fx, buf_str(&segment), buf_str(&cp));
		if (i < unsigned_at) {
			expect_refused(fx);
			fixture_get(fx, FIRST, &got);
			assert_true(str_eq(buf_str(&got), buf_str(&segment)));
		} else {
			expect_recovered(fx,
			    SIGNED + (good - unsigned_at) / len,
			    segment.n - good);
		}
		segment.p[i] = (char)(segment.p[i] ^ 1 << i % 8);
	}
	buf_free(&segment);
	buf_free(&cp);
	buf_free(&got);
}

/* What a file system may leave after the power went: pages of zeroes. */
static void test_zeroed_tail(void **state)
{
	struct fixture *fx = *state;
	struct buf segment = BUF_INIT, cp = BUF_INIT;
	size_t len = SIZE + FRAME_HEADER_LEN;

	make_crashed(fx, &segment, &cp);
	for (unsigned seq = SIGNED + 1; seq <= TOTAL; seq += 3) {
		size_t at = frame_at(&segment, seq);
		struct buf zeroed = BUF_INIT;

		buf_add_str(&zeroed, buf_str(&segment));
		memset(zeroed.p + at + 11, 0, len);
		put_back(fx, buf_str(&zeroed), buf_str(&cp));
		expect_recovered(fx, seq - 1, segment.n - at);
		expect_sound(fx);
		buf_free(&zeroed);
	}
	buf_free(&segment);
	buf_free(&cp);
}

/* After recovery the chain goes on, in a segment of its own, and verifies. */
static void test_goes_on(void **state)
{
	struct fixture *fx = *state;
	struct buf segment = BUF_INIT, cp = BUF_INIT;

	make_crashed(fx, &segment, &cp);
	put_back(fx, str_upto(buf_str(&segment), segment.n - 5), buf_str(&cp));
	fixture_fill(fx, 7, SIZE);
	assert_int_equal(fixture_count(fx, SIZE), TOTAL - 1 + 7);
	/* The torn one, the one that was closed (compressed later), the new. */
	assert_int_equal(fixture_files(fx, ".seg"), 3);
	expect_sound(fx);
	/* The same tail once more: both are kept. */
	put_back(fx, str_upto(buf_str(&segment), segment.n - 5), buf_str(&cp));
	fixture_put(fx, FIRST ".torn", STR("of an earlier crash"));
	fixture_fill(fx, 0, SIZE);
	assert_int_equal(fixture_files(fx, ".torn"), 2);
	buf_free(&segment);
	buf_free(&cp);
}

static void test_checkpoint_lost(void **state)
{
	struct fixture *fx = *state;
	struct buf segment = BUF_INIT, cp = BUF_INIT;
	struct trail_recovery rec;
	struct trail *t;

	make_crashed(fx, &segment, &cp);
	put_back(fx, buf_str(&segment), STR("\0\0\0\0"));
	assert_int_equal(trail_open(&t, fx->dirfd, &fx->cfg, &rec, NULL), 0);
	assert_int_equal(rec.last_seq, TOTAL);
	assert_true(rec.unclean);
	assert_int_equal(fixture_files(fx, "checkpoint.torn"), 1);
	assert_int_equal(trail_close(t, NULL), 0);
	expect_sound(fx);
	/* All segments gone: that is no new chain. */
	fixture_clear(fx);
	fixture_put(fx, "checkpoint", buf_str(&cp));
	expect_refused(fx);
	buf_free(&segment);
	buf_free(&cp);
}

/* Segments begun but never synced are taken up again, in their order. */
static void test_fresh_segments(void **state)
{
	struct fixture *fx = *state;
	struct trail_recovery rec;
	struct trail *t;
	struct buf b = BUF_INIT;
	char name[SEGMENT_NAME_LEN], fresh[SEGMENT_NAME_LEN];
	struct segment_list l;
	size_t last;

	fixture_fill(fx, 2500, 4000);
	assert_int_equal(segment_list_read(fx->dirfd, &l), 0);
	assert_int_equal(l.n, 3);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(
		    segment_load(fx->dirfd, l.v[i].first, &b, name, NULL), 0);
		unlinkat(fx->dirfd, name, 0);
		segment_name(l.v[i].first, ".new", fresh);
		fixture_put(fx, fresh, str_upto(buf_str(&b), b.n - (i == 2)));
	}
	last = l.v[2].first;
	unlinkat(fx->dirfd, "checkpoint", 0);
	assert_int_equal(trail_open(&t, fx->dirfd, &fx->cfg, &rec, NULL), 0);
	assert_int_equal(rec.last_seq, 2499);
	assert_int_equal(rec.torn_bytes, 4039);
	assert_int_equal(trail_close(t, NULL), 0);
	assert_int_equal(fixture_count(fx, 4000), 2499);
	expect_sound(fx);
	/* One that does not follow is set aside. */
	fixture_put(fx, "00000000000000009999.seg.new", buf_str(&b));
	assert_int_equal(trail_open(&t, fx->dirfd, &fx->cfg, &rec, NULL), 0);
	assert_int_equal(rec.torn_bytes, b.n);
	assert_int_equal(trail_close(t, NULL), 0);
	assert_int_equal(fixture_files(fx, "9999.seg.new.torn"), 1);
	assert_in_range(last, 2000, 2500);
	segment_list_free(&l);
	buf_free(&b);
}

/* A crash between the compressed file and the removal of the plain one. */
static void test_both_copies(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT;
	char name[SEGMENT_NAME_LEN];

	fixture_fill(fx, 3000, 4000);
	assert_int_equal(segment_load(fx->dirfd, 1, &b, name, NULL), 0);
	assert_string_equal(name, FIRST ".zst");
	fixture_put(fx, FIRST, buf_str(&b));
	fixture_put(fx, FIRST ".zst.0123.tmp", STR("begun"));
	expect_sound(fx);
	fixture_fill(fx, 0, 0);
	assert_int_equal(fixture_files(fx, FIRST), 1);
	expect_sound(fx);
	/* Plain only, of a closed segment: compressed when opened next. */
	fixture_put(fx, FIRST, buf_str(&b));
	unlinkat(fx->dirfd, FIRST ".zst", 0);
	fixture_fill(fx, 0, 0);
	assert_int_equal(fixture_files(fx, FIRST ".zst"), 1);
	assert_int_equal(fixture_files(fx, FIRST), 1);
	expect_sound(fx);
	buf_free(&b);
}

int main(void)
{
#define WITH_FIXTURE(f)                                                        \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_cut_at_every_offset),
	    WITH_FIXTURE(test_bits),
	    WITH_FIXTURE(test_zeroed_tail),
	    WITH_FIXTURE(test_goes_on),
	    WITH_FIXTURE(test_checkpoint_lost),
	    WITH_FIXTURE(test_fresh_segments),
	    WITH_FIXTURE(test_both_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
