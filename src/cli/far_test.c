/* SPDX-License-Identifier: Apache-2.0 */
/* A hub that sends recordings, and one that sends what are none. */
#include "cli/far.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive/recording.h"
#include "trail/frame.h"

/* What is sent for each recording that is asked for, in parts. */
struct fake {
	struct store base;
	struct buf bytes;
	size_t part;
	int result; /* behind all of it */
	unsigned asked;
	char chain[32];
	uint64_t number;
};

static int send_frames(struct store *s, struct str chain, uint64_t number,
    const struct file_sink *to, struct err *err)
{
	struct fake *f = (struct fake *)s;
	struct str rest = buf_str(&f->bytes);
	int r = to->begin(to->ctx, "frames");

	f->asked++;
	f->number = number;
	snprintf(f->chain, sizeof f->chain, "%.*s", STR_ARG(chain));
	while (r == 0 && rest.n) {
		r = to->add(to->ctx, str_upto(rest, f->part));
		rest = str_from(rest, f->part);
	}
	if (r == 0 && f->result < 0)
		r = err_set(err, f->result, "it broke off");
	return r;
}

static const struct store_ops ops = {.frames = send_frames};

static void put(struct buf *b, uint64_t seq, enum frame_type type, size_t n)
{
	struct buf payload = BUF_INIT;
	const struct frame f = {.seq = seq, .type = type, .stream = 5};
	struct frame whole = f;

	for (size_t i = 0; i < n; i++)
		buf_add_char(&payload, (char)('a' + seq % 26));
	whole.payload = buf_str(&payload);
	frame_put(b, &whole);
	buf_free(&payload);
}

/* Frames 5, 7, 9 ... of the recording 5, and then what `last` says. */
static void fill(struct fake *f, unsigned n)
{
	*f = (struct fake){.base = {&ops}, .part = 1000};
	for (unsigned i = 0; i < n; i++)
		put(&f->bytes, 5 + 2 * (uint64_t)i, FRAME_RECORDING, 10 * i);
}

/* Numbers of all frames behind `from`, added up; or an error. */
static int64_t read_all(struct archive *a, uint64_t from, struct err *err)
{
	struct recording_frames of = {.number = 5, .last = 0};
	struct trail_reader *reader;
	struct frame f;
	int64_t sum = 0;
	int r = archive_read_chain(a, "recordings:web", from, &reader, err);

	assert_int_equal(r, 0);
	while ((r = recording_next(reader, &of, &f, err)) > 0) {
		assert_int_equal(f.payload.n, 5 * (f.seq - 5));
		sum += (int64_t)f.seq;
	}
	/* Back to the first one, which is there. */
	if (r == 0) {
		trail_reader_seek(reader, 5);
		assert_int_equal(trail_reader_next(reader, &f, err), 1);
		assert_int_equal(f.seq, 5);
	}
	trail_reader_close(reader);
	return r < 0 ? r : sum;
}

static void test_a_recording(void **state)
{
	static const size_t parts[] = {1, 7, 40, 41, 1000, 1 << 20};
	struct archive *a;
	struct fake f;
	struct err err = {""};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		fill(&f, 100);
		f.part = parts[i];
		assert_int_equal(far_open(&a, &f.base, &err), 0);
		assert_int_equal(read_all(a, 5, &err), 100 * 5 + 99 * 100);
		assert_string_equal(f.chain, "web");
		assert_int_equal(f.number, 5);
		/* From a frame of it on, without asking again. */
		assert_int_equal(read_all(a, 5 + 2 * 98, &err), 201 + 203);
		assert_int_equal(f.asked, 1);
		archive_close(a);
		buf_free(&f.bytes);
	}
}

static void expect_refused(struct fake *f, int error, const char *why)
{
	struct archive *a;
	struct err err = {""};

	assert_int_equal(far_open(&a, &f->base, &err), 0);
	assert_int_equal(read_all(a, 5, &err), error);
	assert_non_null(strstr(err.text, why));
	archive_close(a);
	buf_free(&f->bytes);
}

static void test_hostile(void **state)
{
	struct fake f;

	fill(&f, 10);
	f.bytes.p[60] ^= 1;
	expect_refused(&f, -EIO, "no frames of a recording");
	fill(&f, 10);
	put(&f.bytes, 5, FRAME_RECORDING, 0);
	expect_refused(&f, -EIO, "no frames of a recording");
	fill(&f, 10);
	put(&f.bytes, 99, FRAME_EVENT, 0);
	expect_refused(&f, -EIO, "no frames of a recording");
	fill(&f, 10);
	f.bytes.n--;
	expect_refused(&f, -EIO, "cut short");
	fill(&f, 10);
	f.result = -ECONNRESET;
	expect_refused(&f, -ECONNRESET, "it broke off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_recording),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
