/* SPDX-License-Identifier: Apache-2.0 */
/* Segments in parts: what is packed, found and unpacked again. */
#include "trail/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compress.h"
#include "base/fd.h"
#include "trail/fixture.h"
#include "trail/frame.h"
#include "trail/le.h"
#include "trail/segment.h"

#define SIZE  4000 /* of payloads */
#define PLAIN "00000000000000000001.seg"

static size_t header_len(const struct buf *plain)
{
	return le32_get(plain->p + 8);
}

/* Frames of recordings from now on, which are cut smaller than events. */
static void as_recordings(struct buf *plain)
{
	struct frame f;
	size_t len;

	for (size_t at = header_len(plain); at < plain->n; at += len) {
		struct buf b = BUF_INIT;

		assert_int_equal(
		    frame_get(str_from(buf_str(plain), at), &f, &len),
		    FRAME_WHOLE);
		f.type = FRAME_RECORDING;
		frame_put(&b, &f);
		assert_int_equal(b.n, len);
		memcpy(plain->p + at, b.p, len);
		buf_free(&b);
	}
}

/* The bytes of a segment with so many frames. */
static void make_plain(
    struct fixture *fx, unsigned n, size_t size, struct buf *ret)
{
	fixture_clear(fx);
	fixture_fill(fx, n, size);
	fixture_get(fx, PLAIN, ret);
}

static void expect_whole(const struct buf *packed, const struct buf *plain)
{
	struct str rest = buf_str(packed);
	struct buf b = BUF_INIT;
	size_t size;

	assert_int_equal(pack_size(rest, SEGMENT_FILE_MAX, &size), 0);
	assert_int_equal(size, plain->n);
	if (size)
		assert_int_equal(pack_size(rest, size - 1, &size), -EBADMSG);
	while (pack_next(&rest, &b) > 0)
		;
	assert_int_equal(rest.n, 0);
	assert_true(str_eq(buf_str(&b), buf_str(plain)));
	buf_free(&b);
}

/* From memory and from a file the same comes, which unpacks to what it was. */
static void pack(
    const struct fixture *fx, const struct buf *plain, struct buf *packed)
{
	struct buf other = BUF_INIT;
	int in, out;

	fixture_put(fx, "in", buf_str(plain));
	in = openat(fx->dirfd, "in", O_RDONLY);
	out = openat(fx->dirfd, "out", O_CREAT | O_TRUNC | O_WRONLY, 0600);
	buf_clear(packed);
	assert_int_equal(pack_append(packed, buf_str(plain), 1), 0);
	assert_int_equal(pack_file(out, in, 1), 0);
	fixture_get(fx, "out", &other);
	assert_true(str_eq(buf_str(packed), buf_str(&other)));
	assert_int_equal(pack_file(-1, in, 1), -EBADF);
	assert_int_equal(pack_file(out, -1, 1), -EBADF);
	close(in);
	close(out);
	buf_free(&other);
	expect_whole(packed, plain);
}

static void test_sizes(void **state)
{
	static const struct {
		unsigned n;
		size_t size;
	} cases[] = {{1, 30}, {64, SIZE}, {65, SIZE}, {70, SIZE}, {1000, SIZE},
	    {7000, 200}, {3, 1 << 20}, {12, 262100}, {13, 262104},
	    {14, 262105}};
	struct fixture *fx = *state;
	struct buf plain = BUF_INIT, packed = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		make_plain(fx, cases[i].n, cases[i].size, &plain);
		pack(fx, &plain, &packed);
		assert_true(packed.n < plain.n / 2 + 1000);
		as_recordings(&plain);
		pack(fx, &plain, &packed);
		assert_true(packed.n < plain.n / 2 + 1000);
	}
	buf_free(&plain);
	buf_free(&packed);
}

/* What is no segment is packed as well, whole and cut anywhere. */
static void test_anything(void **state)
{
	struct fixture *fx = *state;
	struct buf plain = BUF_INIT, packed = BUF_INIT, odd = BUF_INIT;

	make_plain(fx, 400, SIZE, &plain);
	for (size_t n = 0; n < plain.n; n += n < 100 ? 1 : 99991) {
		buf_clear(&odd);
		buf_add(&odd, plain.p, n);
		pack(fx, &odd, &packed);
	}
	buf_clear(&odd);
	for (unsigned i = 0; i < 2000000; i++)
		buf_add_char(&odd, (char)(i % 251));
	pack(fx, &odd, &packed);
	/* A frame whose length is damaged. */
	le32_put(plain.p + header_len(&plain), UINT32_MAX);
	pack(fx, &plain, &packed);
	le32_put(plain.p + header_len(&plain), 0);
	pack(fx, &plain, &packed);
	buf_free(&odd);
	buf_free(&plain);
	buf_free(&packed);
}

/* Each frame is in the part that is found, and all behind it follow. */
static void test_seek(void **state)
{
	struct fixture *fx = *state;
	struct buf plain = BUF_INIT, packed = BUF_INIT, b = BUF_INIT;
	size_t frame, found = 0;
	uint64_t last = 0;

	make_plain(fx, 1000, SIZE, &plain);
	as_recordings(&plain);
	pack(fx, &plain, &packed);
	frame = FRAME_HEADER_LEN + SIZE;
	for (uint64_t from = 1; from <= 1000; from++) {
		uint64_t first;
		struct str rest = pack_seek(buf_str(&packed), from, &first);

		assert_true(first <= from && first >= last);
		found += first != last;
		last = first;
		if (first)
			assert_true(from - first < 70);
		buf_clear(&b);
		assert_int_equal(pack_next(&rest, &b), 1);
		assert_true(b.n < 300000);
		if (first)
			assert_int_equal(frame_seq(b.p), first);
		while (pack_next(&rest, &b) > 0)
			;
		assert_true(str_ends(buf_str(&plain), buf_str(&b)));
		if (first)
			assert_int_equal(b.n, (1001 - first) * frame);
	}
	assert_in_range(found, 12, 16);
	buf_free(&b);
	buf_free(&plain);
	buf_free(&packed);
}

static uint64_t read_at(struct trail_reader *r, uint64_t from)
{
	struct buf want = BUF_INIT;
	struct frame f;

	trail_reader_seek(r, from);
	assert_int_equal(trail_reader_next(r, &f, NULL), 1);
	fixture_payload(f.seq, SIZE, &want);
	assert_true(str_eq(f.payload, buf_str(&want)));
	buf_free(&want);
	return f.seq;
}

/* A mark that lies makes reading slower, never wrong. */
static void test_false_marks(void **state)
{
	static const uint64_t lies[] = {
	    0, 1, 2, 3, 60, 64, 66, 128, 129, 500, 999, 1000, 1001, UINT64_MAX};
	struct fixture *fx = *state;
	struct buf packed = BUF_INIT;
	struct trail_reader *r;
	struct str rest;
	uint64_t true_first;
	size_t at;

	fixture_fill(fx, 2500, SIZE);
	fixture_get(fx, PLAIN ".zst", &packed);
	rest = pack_seek(buf_str(&packed), 700, &true_first);
	at = packed.n - rest.n;
	assert_in_range(true_first, 500, 700);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		le64_put(packed.p + at + 8, lies[i]);
		fixture_put(fx, PLAIN ".zst", buf_str(&packed));
		assert_int_equal(
		    trail_reader_open(&r, fx->dirfd, 701, NULL), 0);
		for (uint64_t from = 1; from < 1000; from += 83) {
			assert_int_equal(read_at(r, from), from);
			assert_int_equal(read_at(r, 1001 - from), 1001 - from);
		}
		trail_reader_close(r);
		assert_int_equal(fixture_count(fx, SIZE), 2500);
	}
	buf_free(&packed);
}

/* A file of one zstd frame, and one of many without marks, are read, too. */
static void test_others(void **state)
{
	struct fixture *fx = *state;
	struct buf plain = BUF_INIT, packed = BUF_INIT;
	struct trail_reader *r;

	fixture_fill(fx, 1000, SIZE);
	fixture_get(fx, PLAIN, &plain);
	assert_int_equal(unlinkat(fx->dirfd, PLAIN, 0), 0);
	for (size_t step = plain.n; step > 60; step /= 9) {
		buf_clear(&packed);
		for (size_t at = 0; at < plain.n; at += step)
			assert_int_equal(
			    compress_append(&packed, plain.p + at,
				at + step < plain.n ? step : plain.n - at, 1),
			    0);
		expect_whole(&packed, &plain);
		fixture_put(fx, PLAIN ".zst", buf_str(&packed));
		assert_int_equal(
		    trail_reader_open(&r, fx->dirfd, 700, NULL), 0);
		assert_int_equal(read_at(r, 700), 700);
		assert_int_equal(read_at(r, 20), 20);
		assert_int_equal(read_at(r, 1000), 1000);
		assert_int_equal(read_at(r, 1), 1);
		trail_reader_close(r);
	}
	buf_free(&plain);
	buf_free(&packed);
}

static void test_not_packed(void **state)
{
	static const struct str cases[] = {{"", 0}, {"x", 1},
	    {"\x53\x2a\x4d\x18\x8\0\0\0\1\0\0\0\0\0\0", 15},
	    {"\x53\x2a\x4d\x18\xff\xff\xff\xff\1\0\0\0\0\0\0\0", 16},
	    /* A frame that says 2^62 bytes, and one that does not say. */
	    {"\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x40\x01\0\0", 16},
	    {"\x28\xb5\x2f\xfd\x00\x58\x01\x00\x00", 9}};
	size_t size;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    pack_size(cases[i], SEGMENT_FILE_MAX, &size), -EBADMSG);
}

int main(void)
{
#define WITH_FIXTURE(f)                                                        \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	static const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_sizes),
	    WITH_FIXTURE(test_anything),
	    WITH_FIXTURE(test_seek),
	    WITH_FIXTURE(test_false_marks),
	    WITH_FIXTURE(test_others),
	    cmocka_unit_test(test_not_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
