/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "trail/fixture.h"
#include "trail/frame.h"
#include "trail/segment.h"
#include "trail/verify.h"

#define FIRST "00000000000000000001.seg"

static struct trail *open_trail(
    const struct fixture *fx, struct trail_recovery *rec)
{
	struct trail *t = NULL;
	struct err err = {""};

	if (trail_open(&t, fx->dirfd, &fx->cfg, rec, &err) < 0)
		fail_msg("%s", err.text);
	return t;
}

static void test_frame(void **state)
{
	struct frame f = {7, -1, 2, FRAME_RECORDING, 9, STR("payload")}, g;
	struct buf b = BUF_INIT;
	size_t len;

	frame_put(&b, &f);
	assert_int_equal(b.n, 47);
	assert_int_equal(frame_get(buf_str(&b), &g, &len), FRAME_WHOLE);
	assert_int_equal(len, 47);
	assert_int_equal(g.seq, 7);
	assert_int_equal(g.realtime, -1);
	assert_int_equal(g.boottime, 2);
	assert_int_equal(g.type, FRAME_RECORDING);
	assert_int_equal(g.stream, 9);
	assert_true(str_eq(g.payload, f.payload));
	for (size_t n = 1; n < b.n; n++)
		assert_int_equal(
		    frame_get(str_upto(buf_str(&b), n), &g, &len), FRAME_CUT);
	for (size_t i = 0; i < 8 * b.n; i++) {
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
		assert_int_not_equal(
		    frame_get(buf_str(&b), &g, &len), FRAME_WHOLE);
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
	}
	assert_int_equal(frame_resync(buf_str(&b), 6), STR_NPOS);
	buf_add(&b, b.p, 0);
	frame_put(&b, &f);
	assert_int_equal(frame_resync(buf_str(&b), 6), 47);
	assert_int_equal(frame_resync(buf_str(&b), 7), STR_NPOS);
	buf_free(&b);
}

static void test_round_trip(void **state)
{
	struct fixture *fx = *state;
	struct trail_recovery rec;
	struct trail *t = open_trail(fx, &rec);

	assert_int_equal(rec.last_seq, 0);
	assert_false(rec.unclean);
	fixture_append(t, 3, 100);
	assert_int_equal(trail_close(t, NULL), 0);
	t = open_trail(fx, &rec);
	assert_int_equal(rec.last_seq, 3);
	assert_int_equal(rec.torn_bytes, 0);
	assert_false(rec.unclean);
	fixture_append(t, 2, 100);
	assert_int_equal(trail_close(t, NULL), 0);
	assert_int_equal(fixture_count(fx, 100), 5);
	assert_int_equal(fixture_files(fx, ".seg"), 1);
}

static void test_many_segments(void **state)
{
	struct fixture *fx = *state;
	struct trail_recovery rec;
	struct trail *t;

	/* Four segments and a bit, none of them ever synced before. */
	fixture_fill(fx, 4500, 4000);
	assert_int_equal(fixture_files(fx, ".seg.zst"), 4);
	assert_int_equal(fixture_files(fx, ".seg"), 5);
	assert_int_equal(fixture_files(fx, ".new"), 0);
	assert_int_equal(fixture_count(fx, 4000), 4500);
	t = open_trail(fx, &rec);
	assert_int_equal(rec.last_seq, 4500);
	fixture_append(t, 3000, 4000);
	assert_int_equal(trail_sync(t, NULL), 0);
	assert_int_equal(fixture_count(fx, 4000), 7500);
	assert_int_equal(trail_close(t, NULL), 0);
}

static void test_reader_position(void **state)
{
	struct fixture *fx = *state;
	static const uint64_t places[] = {
	    1, 2, 1000, 1037, 1038, 1039, 1060, 2250};
	const size_t n = sizeof places / sizeof *places;
	struct trail_reader *r;
	struct frame f;

	fixture_fill(fx, 4500, 4000);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(
		    trail_reader_open(&r, fx->dirfd, places[i], NULL), 0);
		assert_int_equal(trail_reader_next(r, &f, NULL), 1);
		assert_int_equal(f.seq, places[i]);
		trail_reader_close(r);
	}
	assert_int_equal(trail_reader_open(&r, fx->dirfd, 4501, NULL), 0);
	for (size_t i = 0; i < 4 * n; i++) {
		uint64_t place = places[i * 5 % n];

		trail_reader_seek(r, place);
		assert_int_equal(trail_reader_next(r, &f, NULL), 1);
		assert_int_equal(f.seq, place);
		assert_int_equal(trail_reader_next(r, &f, NULL), place < 4500);
	}
	trail_reader_seek(r, 4501);
	assert_int_equal(trail_reader_next(r, &f, NULL), 0);
	fixture_fill(fx, 1, 50);
	assert_int_equal(trail_reader_next(r, &f, NULL), 1);
	assert_int_equal(f.seq, 4501);
	trail_reader_close(r);
}

/* A reader that follows sees each frame once, across segments. */
static void test_reader_follows(void **state)
{
	struct fixture *fx = *state;
	struct trail_reader *r;
	struct trail *t = open_trail(fx, NULL);
	struct frame f;
	uint64_t seen = 0;

	assert_int_equal(trail_reader_open(&r, fx->dirfd, 0, NULL), 0);
	assert_int_equal(trail_reader_next(r, &f, NULL), 0);
	for (unsigned i = 0; i < 60; i++) {
		fixture_append(t, 100, 4000);
		assert_int_equal(trail_sync(t, NULL), 0);
		while (trail_reader_next(r, &f, NULL) > 0)
			assert_int_equal(f.seq, ++seen);
		assert_int_equal(seen, 100 * (i + 1));
	}
	trail_reader_close(r);
	assert_int_equal(trail_close(t, NULL), 0);
}

static void test_limits(void **state)
{
	struct fixture *fx = *state;
	struct trail *t = open_trail(fx, NULL);
	char *big = calloc(1, TRAIL_PAYLOAD_MAX + 1);
	struct trail_reader *r;
	struct frame f;
	uint64_t seq;

	assert_int_equal(trail_append(t, FRAME_RECORDING, 1,
			     str_make(big, TRAIL_PAYLOAD_MAX + 1), &seq, NULL),
	    -EMSGSIZE);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(
		    trail_append(t, FRAME_RECORDING, 1,
			str_make(big, TRAIL_PAYLOAD_MAX), &seq, NULL),
		    0);
	assert_int_equal(
	    trail_append(t, FRAME_EVENT, 1, STR_NONE, &seq, NULL), 0);
	assert_int_equal(seq, 21);
	assert_int_equal(trail_close(t, NULL), 0);
	assert_int_equal(trail_reader_open(&r, fx->dirfd, 0, NULL), 0);
	for (unsigned i = 1; i <= 20; i++) {
		assert_int_equal(trail_reader_next(r, &f, NULL), 1);
		assert_int_equal(f.payload.n, TRAIL_PAYLOAD_MAX);
	}
	assert_int_equal(trail_reader_next(r, &f, NULL), 1);
	assert_int_equal(f.payload.n, 0);
	assert_int_equal(trail_reader_next(r, &f, NULL), 0);
	trail_reader_close(r);
	free(big);
}

static void test_other_boot(void **state)
{
	struct fixture *fx = *state;
	static const uint8_t other[16] = "the next boot..";
	struct trail_recovery rec;

	fixture_fill(fx, 3, 100);
	fx->cfg.boot_id = other;
	fixture_fill(fx, 3, 100);
	assert_int_equal(fixture_files(fx, ".seg"), 2);
	assert_int_equal(fixture_count(fx, 100), 6);
	trail_abandon(open_trail(fx, &rec));
	assert_false(rec.unclean);
}

/* An empty segment of the boot before is replaced, not left beside. */
static void test_empty_segment_of_other_boot(void **state)
{
	struct fixture *fx = *state;
	static const uint8_t other[16] = "the next boot..";
	struct verify_result ret;

	fixture_fill(fx, 0, 0);
	assert_int_equal(fixture_files(fx, FIRST), 1);
	fx->cfg.boot_id = other;
	fixture_fill(fx, 3000, 4000);
	assert_int_equal(fixture_files(fx, FIRST), 1);
	assert_int_equal(fixture_count(fx, 4000), 3000);
	assert_int_equal(trail_verify(fx->dirfd, &fx->key.pub, "events:test",
			     NULL, &ret, NULL),
	    0);
	assert_true(ret.sound);
	assert_int_equal(ret.signed_size, 3000);
}

static void test_other_key(void **state)
{
	struct fixture *fx = *state;
	struct sign_key other;
	struct trail *t;

	fixture_fill(fx, 3, 100);
	assert_int_equal(sign_key_load(&other, fx->dirfd, "other", NULL), 0);
	fx->cfg.key = &other;
	assert_int_equal(
	    trail_open(&t, fx->dirfd, &fx->cfg, NULL, NULL), -ENOKEY);
	fx->cfg.key = &fx->key;
	fx->cfg.origin = "events:other";
	assert_int_equal(
	    trail_open(&t, fx->dirfd, &fx->cfg, NULL, NULL), -ENOKEY);
}

/* A limit on the file's size stands for a disk that is full. */
static void test_full_disk(void **state)
{
	struct fixture *fx = *state;
	struct rlimit old, small;
	struct trail_recovery rec;
	struct trail *t = open_trail(fx, &rec);
	struct buf b = BUF_INIT;
	uint64_t stored, tries = 0;
	int r = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 1000003;
	setrlimit(RLIMIT_FSIZE, &small);
	fixture_payload(1, 1000, &b);
	while (r == 0 && tries++ < 3000)
		r = trail_append(t, FRAME_EVENT, 7, buf_str(&b), NULL, NULL);
	assert_int_equal(r, -EFBIG);
	stored = trail_last_seq(t);
	assert_in_range(stored, 900, 1000003 / 1040);
	assert_int_equal(
	    trail_append(t, FRAME_EVENT, 7, buf_str(&b), NULL, NULL), -EFBIG);
	assert_int_equal(trail_checkpoint(t, NULL), 0);
	assert_int_equal(trail_close(t, NULL), 0);
	setrlimit(RLIMIT_FSIZE, &old);
	t = open_trail(fx, &rec);
	assert_int_equal(rec.last_seq, stored);
	assert_int_equal(rec.torn_bytes, 0);
	assert_false(rec.unclean);
	fixture_append(t, 5, 100);
	assert_int_equal(trail_last_seq(t), stored + 5);
	assert_int_equal(trail_close(t, NULL), 0);
	buf_free(&b);
}

/* The disk is full when segments are closed that were never begun on it. */
static void test_full_disk_at_sealing(void **state)
{
	struct fixture *fx = *state;
	struct rlimit old, small;
	struct trail_recovery rec;
	struct verify_result ret;
	struct trail *t = open_trail(fx, &rec);
	struct buf b = BUF_INIT;
	uint64_t first, tries = 0;
	int r = 0;

	/* Into the second segment; the first one goes to the disk as a file. */
	fixture_append(t, 1060, 4000);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 1000;
	setrlimit(RLIMIT_FSIZE, &small);
	fixture_payload(1, 4000, &b);
	while (r == 0 && tries++ < 20000)
		r = trail_append(t, FRAME_EVENT, 7, buf_str(&b), NULL, NULL);
	assert_int_equal(r, -EFBIG);
	first = trail_last_seq(t);
	assert_in_range(first, 1000, 1059);
	assert_int_equal(
	    trail_append(t, FRAME_EVENT, 7, buf_str(&b), NULL, NULL), -EFBIG);
	assert_int_equal(trail_checkpoint(t, NULL), 0);
	assert_int_equal(trail_close(t, NULL), 0);
	setrlimit(RLIMIT_FSIZE, &old);
	t = open_trail(fx, &rec);
	assert_int_equal(rec.last_seq, first);
	assert_false(rec.unclean);
	fixture_append(t, 5, 100);
	assert_int_equal(trail_close(t, NULL), 0);
	assert_int_equal(trail_verify(fx->dirfd, &fx->key.pub, "events:test",
			     NULL, &ret, NULL),
	    0);
	assert_true(ret.sound);
	assert_int_equal(ret.signed_size, first + 5);
	buf_free(&b);
}

static void is_sound(const struct fixture *fx, uint64_t frames)
{
	struct verify_result ret;

	assert_int_equal(trail_verify(fx->dirfd, &fx->key.pub, "events:test",
			     NULL, &ret, NULL),
	    0);
	assert_true(ret.sound);
	assert_int_equal(ret.signed_size, frames);
}

/* What cannot be put in place ends the chain there, however much came behind.
 */
static void test_segment_not_placed(void **state)
{
	struct fixture *fx = *state;
	char name[SEGMENT_NAME_LEN];
	struct trail_recovery rec;
	struct trail *t = open_trail(fx, &rec);
	struct segment_list l;
	uint64_t second;

	fixture_append(t, 2100, 4000);
	assert_int_equal(trail_close(t, NULL), 0);
	assert_int_equal(segment_list_read(fx->dirfd, &l), 0);
	second = l.v[1].first;
	segment_list_free(&l);
	fixture_clear(fx);
	segment_name(second, ".zst", name);
	t = open_trail(fx, &rec);
	assert_int_equal(mkdirat(fx->dirfd, name, 0700), 0);
	fixture_append(t, 2100, 4000);
	assert_int_equal(trail_sync(t, NULL), -EISDIR);
	trail_abandon(t);
	assert_int_equal(fixture_files(fx, ".tmp"), 0);
	assert_int_equal(unlinkat(fx->dirfd, name, AT_REMOVEDIR), 0);
	t = open_trail(fx, &rec);
	assert_int_equal(rec.last_seq, second - 1);
	fixture_append(t, 5, 100);
	assert_int_equal(trail_close(t, NULL), 0);
	is_sound(fx, second + 4);
}

static void guard(struct trail *t, int want)
{
	struct err err = {""};

	assert_int_equal(trail_guard(t, &err), want);
}

static void test_removed_while_written(void **state)
{
	struct fixture *fx = *state;
	struct trail_recovery rec;
	struct trail *t = open_trail(fx, &rec);

	guard(t, 0);
	fixture_append(t, 3, 100);
	assert_int_equal(trail_checkpoint(t, NULL), 0);
	guard(t, 0);
	assert_int_equal(unlinkat(fx->dirfd, FIRST, 0), 0);
	guard(t, 1);
	guard(t, 0);
	fixture_append(t, 3, 100);
	assert_int_equal(trail_sync(t, NULL), 0);
	/* Another file, of the same content, in its place. */
	assert_int_equal(renameat(fx->dirfd, FIRST, fx->dirfd, "elsewhere"), 0);
	assert_int_equal(
	    linkat(fx->dirfd, "checkpoint", fx->dirfd, FIRST, 0), 0);
	guard(t, 1);
	fixture_append(t, 3, 100);
	assert_int_equal(trail_close(t, NULL), 0);
	is_sound(fx, 9);
	t = open_trail(fx, &rec);
	assert_int_equal(rec.last_seq, 9);
	/* A folder cannot be replaced. */
	assert_int_equal(unlinkat(fx->dirfd, FIRST, 0), 0);
	assert_int_equal(mkdirat(fx->dirfd, FIRST, 0700), 0);
	guard(t, -EISDIR);
	guard(t, 0);
	assert_int_equal(unlinkat(fx->dirfd, FIRST, AT_REMOVEDIR), 0);
	trail_abandon(t);
}

/* Frames of one chain put into another: its tree, under another key. */
static void test_append_as(void **state)
{
	const struct fixture *fx = *state;
	void *other;
	struct fixture *copy;
	struct trail *t, *to;
	struct trail_reader *reader;
	struct sha256 root, copied;
	struct frame f;
	struct err err;

	assert_int_equal(fixture_setup(&other), 0);
	copy = other;
	t = open_trail(fx, NULL);
	to = open_trail(copy, NULL);
	for (int i = 0; i < 20; i++)
		assert_int_equal(
		    trail_append(t, i % 2 ? FRAME_EVENT : FRAME_RECORDING,
			(uint32_t)i, STR("{\"a\":1}"), NULL, &err),
		    0);
	assert_int_equal(trail_sync(t, &err), 0);
	assert_int_equal(trail_reader_open(&reader, fx->dirfd, 1, &err), 0);
	while (trail_reader_next(reader, &f, &err) > 0) {
		assert_int_equal(trail_append_as(to, &f, &err), 0);
		/* Not twice. */
		assert_int_equal(trail_append_as(to, &f, &err), -EINVAL);
	}
	trail_reader_close(reader);
	assert_int_equal(trail_sync(to, &err), 0);
	assert_int_equal(trail_last_seq(to), 20);
	merkle_root(trail_tree(t), &root);
	merkle_root(trail_tree(to), &copied);
	assert_memory_equal(&root, &copied, sizeof root);
	assert_int_equal(trail_close(t, &err), 0);
	assert_int_equal(trail_close(to, &err), 0);
	fixture_teardown(&other);
}

int main(void)
{
#define WITH_FIXTURE(f)                                                        \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frame),
	    WITH_FIXTURE(test_append_as),
	    WITH_FIXTURE(test_round_trip),
	    WITH_FIXTURE(test_many_segments),
	    WITH_FIXTURE(test_reader_position),
	    WITH_FIXTURE(test_reader_follows),
	    WITH_FIXTURE(test_limits),
	    WITH_FIXTURE(test_other_boot),
	    WITH_FIXTURE(test_empty_segment_of_other_boot),
	    WITH_FIXTURE(test_other_key),
	    WITH_FIXTURE(test_full_disk),
	    WITH_FIXTURE(test_full_disk_at_sealing),
	    WITH_FIXTURE(test_segment_not_placed),
	    WITH_FIXTURE(test_removed_while_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
