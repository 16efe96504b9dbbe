/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compress.h"
#include "trail/fixture.h"
#include "trail/frame.h"
#include "trail/header.h"
#include "trail/segment.h"

#define BIT(v) (1u << VERDICT_##v)
#define SIZE   4000

struct findings {
	unsigned n;
	char segment[64];
	uint64_t seq;
};

static void collect(void *ctx, const struct finding *f)
{
	struct findings *all = ctx;

	assert_non_null(verdict_name(f->verdict));
	if (all->n++ == 0) {
		snprintf(all->segment, sizeof all->segment, "%s", f->segment);
		all->seq = f->seq;
	}
}

static unsigned verify(
    const struct fixture *fx, struct verify_result *ret, struct findings *all)
{
	struct findings unused = {0};
	const struct verify_sink sink = {
	    .finding = collect, .ctx = all ? all : &unused};
	struct verify_result result;
	struct err err = {""};
	int r;

	if (!ret)
		ret = &result;
	r = trail_verify(
	    fx->dirfd, &fx->key.pub, fx->cfg.origin, &sink, ret, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	assert_int_equal(ret->sound,
	    (ret->verdicts & ~(BIT(CLOCK) | BIT(UNSEALED_TAIL))) == 0);
	return ret->verdicts;
}

static void expect(const struct fixture *fx, unsigned verdicts,
    const char *segment, uint64_t seq)
{
	struct findings all = {0};

	assert_int_equal(verify(fx, NULL, &all), verdicts);
	assert_string_equal(all.segment, segment);
	assert_int_equal(all.seq, seq);
}

/* The plain bytes of a segment, and back into the file that holds it. */
static void segment_take(
    const struct fixture *fx, uint64_t first, struct buf *b, char *name)
{
	assert_int_equal(segment_load(fx->dirfd, first, b, name, NULL), 0);
}

static void segment_give(
    const struct fixture *fx, const char *name, struct str bytes)
{
	struct buf packed = BUF_INIT;

	if (str_ends(str_z(name), STR(".zst"))) {
		assert_int_equal(
		    compress_append(&packed, bytes.p, bytes.n, 1), 0);
		bytes = buf_str(&packed);
	}
	fixture_put(fx, name, bytes);
	buf_free(&packed);
}

/* Offset of frame `seq` in the segment, and its length. */
static size_t find_frame(struct str bytes, uint64_t seq, size_t *ret_len)
{
	struct segment_header h;
	struct frame f;

	assert_int_equal(segment_header_get(bytes, &h, NULL), 0);
	for (size_t at = h.len; at < bytes.n; at += *ret_len) {
		assert_int_equal(
		    frame_get(str_from(bytes, at), &f, ret_len), FRAME_WHOLE);
		if (f.seq == seq)
			return at;
	}
	fail_msg("no frame %llu", (unsigned long long)seq);
	return 0;
}

/* One bit of the payload; the checksum stays. */
static void damage_frame(const struct fixture *fx, uint64_t first, uint64_t seq)
{
	struct buf b = BUF_INIT;
	char name[SEGMENT_NAME_LEN];
	size_t at, len;

	segment_take(fx, first, &b, name);
	at = find_frame(buf_str(&b), seq, &len);
	b.p[at + 60] = (char)(b.p[at + 60] ^ 1);
	segment_give(fx, name, buf_str(&b));
	buf_free(&b);
}

static void three_segments(const struct fixture *fx)
{
	fixture_fill(fx, 3000, SIZE);
	assert_int_equal(fixture_files(fx, ".seg"), 3);
}

/* First numbers of the segments that three_segments() makes. */
static uint64_t nth_segment(const struct fixture *fx, size_t n)
{
	struct segment_list l;
	uint64_t first;

	assert_int_equal(segment_list_read(fx->dirfd, &l), 0);
	assert_in_range(n, 0, l.n - 1);
	first = l.v[n].first;
	segment_list_free(&l);
	return first;
}

static const char *nth_name(const struct fixture *fx, size_t n, char *name)
{
	struct buf b = BUF_INIT;

	segment_take(fx, nth_segment(fx, n), &b, name);
	buf_free(&b);
	return name;
}

static void test_sound(void **state)
{
	struct fixture *fx = *state;
	struct verify_result ret;

	assert_int_equal(trail_verify(fx->dirfd, &fx->key.pub, "events:test",
			     NULL, &ret, NULL),
	    -ENOENT);
	fixture_fill(fx, 0, 0);
	assert_int_equal(verify(fx, &ret, NULL), 0);
	assert_int_equal(ret.frames, 0);
	fixture_clear(fx);
	three_segments(fx);
	assert_int_equal(verify(fx, &ret, NULL), 0);
	assert_true(ret.sound);
	assert_int_equal(ret.frames, 3000);
	assert_int_equal(ret.segments, 3);
	assert_int_equal(ret.first_seq, 1);
	assert_int_equal(ret.last_seq, 3000);
	assert_int_equal(ret.signed_size, 3000);
	assert_int_equal(ret.bytes, 3000 * (SIZE + 40));
}

static void test_edited(void **state)
{
	struct fixture *fx = *state;
	char name[SEGMENT_NAME_LEN];
	uint64_t second;

	three_segments(fx);
	second = nth_segment(fx, 1);
	damage_frame(fx, second, second + 5);
	expect(fx, BIT(EDITED), nth_name(fx, 1, name), second + 5);
}

static void test_edited_with_checksum(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT, all = BUF_INIT;
	char name[SEGMENT_NAME_LEN], text[16] = "another payload";
	uint64_t second;
	struct frame f;
	size_t at, len;

	three_segments(fx);
	second = nth_segment(fx, 1);
	segment_take(fx, second, &b, name);
	at = find_frame(buf_str(&b), second + 5, &len);
	frame_get(str_from(buf_str(&b), at), &f, &len);
	f.payload = str_z(text);
	buf_add(&all, b.p, at);
	frame_put(&all, &f);
	buf_add_str(&all, str_from(buf_str(&b), at + len));
	segment_give(fx, name, buf_str(&all));
	expect(fx, BIT(EDITED), name, second);
	/* In the last segment only the checkpoint can tell. */
	segment_give(fx, name, buf_str(&b));
	expect(fx, 0, "", 0);
	segment_take(fx, nth_segment(fx, 2), &b, name);
	at = find_frame(buf_str(&b), 3000, &len);
	frame_get(str_from(buf_str(&b), at), &f, &len);
	f.stream = 8;
	b.n = at;
	frame_put(&b, &f);
	segment_give(fx, name, buf_str(&b));
	expect(fx, BIT(EDITED), name, nth_segment(fx, 2));
	buf_free(&b);
	buf_free(&all);
}

static void test_truncated(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT;
	char name[SEGMENT_NAME_LEN];
	size_t len;

	three_segments(fx);
	segment_take(fx, nth_segment(fx, 2), &b, name);
	fixture_put(fx, name, str_upto(buf_str(&b), b.n - 1));
	expect(fx, BIT(TRUNCATED), name, 3000);
	fixture_put(fx, name,
	    str_upto(buf_str(&b), find_frame(buf_str(&b), 2990, &len)));
	expect(fx, BIT(TRUNCATED), name, 2990);
	unlinkat(fx->dirfd, name, 0);
	assert_int_equal(verify(fx, NULL, NULL), BIT(TRUNCATED));
	fixture_put(fx, name, buf_str(&b));
	unlinkat(fx->dirfd, "checkpoint", 0);
	assert_int_equal(
	    verify(fx, NULL, NULL), BIT(TRUNCATED) | BIT(UNSEALED_TAIL));
	buf_free(&b);
}

static void test_missing(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT, cut = BUF_INIT;
	char name[SEGMENT_NAME_LEN];
	uint64_t second;
	size_t at, len;

	three_segments(fx);
	second = nth_segment(fx, 1);
	segment_take(fx, second, &b, name);
	at = find_frame(buf_str(&b), second + 7, &len);
	buf_add(&cut, b.p, at);
	buf_add_str(&cut, str_from(buf_str(&b), at + len));
	segment_give(fx, name, buf_str(&cut));
	expect(fx, BIT(MISSING), name, second + 7);
	segment_give(fx, name, str_upto(buf_str(&b), b.n - 100));
	assert_int_equal(verify(fx, NULL, NULL), BIT(MISSING));
	segment_give(fx, name, str_upto(buf_str(&b), at));
	assert_int_equal(verify(fx, NULL, NULL), BIT(MISSING));
	unlinkat(fx->dirfd, name, 0);
	assert_int_equal(verify(fx, NULL, NULL), BIT(MISSING));
	buf_free(&b);
	buf_free(&cut);
}

static void test_front_removed(void **state)
{
	struct fixture *fx = *state;
	char name[SEGMENT_NAME_LEN];
	struct verify_result ret;
	uint64_t second;

	three_segments(fx);
	second = nth_segment(fx, 1);
	unlinkat(fx->dirfd, nth_name(fx, 0, name), 0);
	assert_int_equal(verify(fx, &ret, NULL), 0);
	assert_int_equal(ret.first_seq, second);
	assert_int_equal(ret.frames, 3001 - second);
	assert_int_equal(ret.signed_size, 3000);
}

static void test_reordered(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT, c = BUF_INIT;
	char name[SEGMENT_NAME_LEN], other[SEGMENT_NAME_LEN];
	uint64_t second;
	size_t at, len;

	three_segments(fx);
	second = nth_segment(fx, 1);
	segment_take(fx, second, &b, name);
	/* Frames of 4000 bytes all have one length: swap two. */
	at = find_frame(buf_str(&b), second + 3, &len);
	buf_add_str(&c, buf_str(&b));
	memcpy(c.p + at, b.p + at + len, len);
	memcpy(c.p + at + len, b.p + at, len);
	segment_give(fx, name, buf_str(&c));
	expect(fx, BIT(REORDERED), name, second + 3);
	/* Two files under each other's name. */
	segment_take(fx, 1, &c, other);
	segment_give(fx, name, buf_str(&c));
	segment_give(fx, other, buf_str(&b));
	expect(fx, BIT(REORDERED), other, 1);
	buf_free(&b);
	buf_free(&c);
}

/* A machine that was set back to a snapshot and went on. */
static void test_forked(void **state)
{
	struct fixture *fx = *state;
	struct buf first = BUF_INIT, kept = BUF_INIT, cp = BUF_INIT;
	char name[SEGMENT_NAME_LEN];
	struct findings all = {0};

	fixture_fill(fx, 10, 100);
	segment_take(fx, 1, &first, name);
	fixture_get(fx, "checkpoint", &cp);
	fixture_fill(fx, 5, 100);
	fixture_get(fx, "checkpoint", &kept);
	fixture_put(fx, name, buf_str(&first));
	fixture_put(fx, "checkpoint", buf_str(&cp));
	fixture_fill(fx, 5, 200);
	assert_int_equal(verify(fx, NULL, NULL), 0);
	fixture_put(fx, "hub.checkpoint", buf_str(&kept));
	assert_int_equal(verify(fx, NULL, &all), BIT(FORKED));
	assert_string_equal(all.segment, "hub.checkpoint");
	assert_int_equal(all.seq, 15);
	/* Gone on further: the smaller size is no prefix. */
	fixture_fill(fx, 5, 200);
	assert_int_equal(verify(fx, NULL, NULL), BIT(FORKED));
	buf_free(&first);
	buf_free(&kept);
	buf_free(&cp);
}

static void test_rolled_back(void **state)
{
	struct fixture *fx = *state;
	struct buf first = BUF_INIT, kept = BUF_INIT, cp = BUF_INIT;
	char name[SEGMENT_NAME_LEN];

	fixture_fill(fx, 10, 100);
	segment_take(fx, 1, &first, name);
	fixture_get(fx, "checkpoint", &cp);
	fixture_fill(fx, 5, 100);
	fixture_get(fx, "checkpoint", &kept);
	fixture_put(fx, name, buf_str(&first));
	fixture_put(fx, "checkpoint", buf_str(&cp));
	/* Nothing here says that there was more. */
	assert_int_equal(verify(fx, NULL, NULL), 0);
	/* A checkpoint that was kept elsewhere does. */
	fixture_put(fx, "hub.checkpoint", buf_str(&kept));
	assert_int_equal(verify(fx, NULL, NULL), BIT(TRUNCATED));
	buf_free(&first);
	buf_free(&kept);
	buf_free(&cp);
}

static void test_signatures(void **state)
{
	struct fixture *fx = *state;
	struct sign_key other;
	struct verify_result ret;
	struct buf cp = BUF_INIT;

	fixture_fill(fx, 10, 100);
	fixture_get(fx, "checkpoint", &cp);
	cp.p[12] = cp.p[12] == '9' ? '8' : '9';
	fixture_put(fx, "checkpoint", buf_str(&cp));
	expect(fx, BIT(BADSIG) | BIT(UNSEALED_TAIL), "checkpoint", 0);
	fixture_put(fx, "checkpoint", STR("nothing\n"));
	expect(fx, BIT(EDITED) | BIT(UNSEALED_TAIL), "checkpoint", 0);
	fixture_clear(fx);
	fixture_fill(fx, 10, 100);
	assert_int_equal(sign_key_load(&other, fx->dirfd, "other", NULL), 0);
	assert_int_equal(trail_verify(fx->dirfd, &other.pub, "events:test",
			     NULL, &ret, NULL),
	    0);
	assert_int_equal(ret.verdicts, BIT(UNTRUSTED_KEY) | BIT(UNSEALED_TAIL));
	assert_false(ret.sound);
	assert_int_equal(trail_verify(fx->dirfd, &fx->key.pub, "events:other",
			     NULL, &ret, NULL),
	    0);
	assert_false(ret.sound);
	buf_free(&cp);
}

static int64_t clock_value;

static void clock_of_test(int64_t *realtime, int64_t *boottime)
{
	*realtime = clock_value;
	*boottime = 5;
}

static void test_clock(void **state)
{
	struct fixture *fx = *state;

	fx->cfg.now = clock_of_test;
	clock_value = 1000;
	fixture_fill(fx, 2, 100);
	clock_value = 999;
	fixture_fill(fx, 2, 100);
	expect(fx, BIT(CLOCK), "00000000000000000001.seg", 3);
}

static void test_unsealed_tail(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT;
	char name[SEGMENT_NAME_LEN];
	struct trail *t;

	fixture_fill(fx, 10, 100);
	assert_int_equal(trail_open(&t, fx->dirfd, &fx->cfg, NULL, NULL), 0);
	fixture_append(t, 5, 100);
	assert_int_equal(trail_sync(t, NULL), 0);
	trail_abandon(t);
	expect(fx, BIT(UNSEALED_TAIL), "00000000000000000001.seg", 11);
	segment_take(fx, 1, &b, name);
	fixture_put(fx, name, str_upto(buf_str(&b), b.n - 3));
	expect(fx, BIT(UNSEALED_TAIL), name, 15);
	buf_free(&b);
}

static void test_damaged_files(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT;
	char name[SEGMENT_NAME_LEN];

	three_segments(fx);
	nth_name(fx, 1, name);
	fixture_get(fx, name, &b);
	b.p[b.n / 2] = (char)(b.p[b.n / 2] ^ 4);
	fixture_put(fx, name, buf_str(&b));
	expect(fx, BIT(EDITED), name, nth_segment(fx, 1));
	fixture_put(fx, name, STR_NONE);
	expect(fx, BIT(EDITED), name, nth_segment(fx, 1));
	unlinkat(fx->dirfd, name, 0);
	assert_int_equal(mkfifoat(fx->dirfd, name, 0600), 0);
	assert_int_equal(verify(fx, NULL, NULL), BIT(EDITED));
	buf_free(&b);
}

/* Each byte of each header and of the first frame counts. */
static void test_every_header_byte(void **state)
{
	struct fixture *fx = *state;
	struct buf b = BUF_INIT;
	struct verify_result ret;
	char name[SEGMENT_NAME_LEN];
	struct segment_header h;

	fixture_fill(fx, 2, 60);
	segment_take(fx, 1, &b, name);
	assert_int_equal(segment_header_get(buf_str(&b), &h, NULL), 0);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] = (char)(b.p[i] ^ 0x10);
		fixture_put(fx, name, buf_str(&b));
		verify(fx, &ret, NULL);
		assert_false(ret.sound);
		b.p[i] = (char)(b.p[i] ^ 0x10);
	}
	buf_free(&b);
}

int main(void)
{
#define WITH_FIXTURE(f)                                                        \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_sound),
	    WITH_FIXTURE(test_edited),
	    WITH_FIXTURE(test_edited_with_checksum),
	    WITH_FIXTURE(test_truncated),
	    WITH_FIXTURE(test_missing),
	    WITH_FIXTURE(test_front_removed),
	    WITH_FIXTURE(test_reordered),
	    WITH_FIXTURE(test_forked),
	    WITH_FIXTURE(test_rolled_back),
	    WITH_FIXTURE(test_signatures),
	    WITH_FIXTURE(test_clock),
	    WITH_FIXTURE(test_unsealed_tail),
	    WITH_FIXTURE(test_damaged_files),
	    WITH_FIXTURE(test_every_header_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
