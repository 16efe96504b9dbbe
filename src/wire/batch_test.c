/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compress.h"
#include "trail/frame.h"

static void put(struct batch_writer *w, uint64_t seq, struct str payload)
{
	const struct frame f = {.seq = seq,
	    .realtime = 5,
	    .boottime = -7,
	    .type = FRAME_RECORDING,
	    .stream = 9,
	    .payload = payload};

	batch_add(w, &f);
}

static void test_round_trip(void **state)
{
	struct batch_writer w = {.n = 0};
	struct buf body = BUF_INIT;
	struct str rest, bytes;
	struct batch b;
	struct frame f;
	struct err err = {""};

	batch_begin(&w, STR_NONE);
	for (uint64_t i = 7; i < 107; i++)
		put(&w, i, STR("payload"));
	batch_set_note(&w, STR("note"));
	assert_int_equal(batch_end(&w, &body), 0);
	assert_int_equal(batch_read(buf_str(&body), &b, &err), 0);
	assert_true(str_eqz(b.note, "note"));
	assert_int_equal(b.first, 7);
	assert_int_equal(b.n, 100);
	rest = b.frames;
	for (uint64_t i = 7; i < 107; i++) {
		assert_true(batch_next(&rest, &f, &bytes));
		assert_int_equal(f.seq, i);
		assert_int_equal(f.boottime, -7);
		assert_int_equal(bytes.n, FRAME_HEADER_LEN + 7);
	}
	assert_false(batch_next(&rest, &f, &bytes));
	batch_done(&b);
	/* Whose first frames are gone. */
	buf_clear(&body);
	batch_begin(&w, STR_NONE);
	batch_set_header(&w, STR("header"));
	put(&w, 7, STR("payload"));
	batch_set_note(&w, STR("note"));
	assert_int_equal(batch_end(&w, &body), 0);
	assert_int_equal(batch_read(buf_str(&body), &b, &err), 0);
	assert_true(str_eqz(b.note, "note") && str_eqz(b.header, "header"));
	assert_int_equal(b.first, 7);
	assert_int_equal(b.n, 1);
	batch_done(&b);
	/* Without frames: a sign of life. */
	buf_clear(&body);
	batch_begin(&w, STR("n"));
	assert_int_equal(batch_end(&w, &body), 0);
	assert_int_equal(batch_read(buf_str(&body), &b, &err), 0);
	assert_int_equal(b.n, 0);
	batch_done(&b);
	batch_free(&w);
	buf_free(&body);
}

static void test_size(void **state)
{
	struct batch_writer w = {.n = 0};
	struct buf body = BUF_INIT;
	struct batch b;
	char *big = calloc(1, TRAIL_PAYLOAD_MAX);

	/* The largest frame fits, alone. */
	batch_begin(&w, STR_NONE);
	assert_true(batch_takes(&w, TRAIL_PAYLOAD_MAX));
	put(&w, 1, str_make(big, TRAIL_PAYLOAD_MAX));
	assert_false(batch_takes(&w, 1));
	assert_int_equal(batch_end(&w, &body), 0);
	assert_int_equal(batch_read(buf_str(&body), &b, NULL), 0);
	assert_int_equal(b.n, 1);
	batch_done(&b);
	batch_begin(&w, STR_NONE);
	for (uint64_t i = 1; i < 6; i++)
		put(&w, i, str_make(big, TRAIL_PAYLOAD_MAX));
	buf_clear(&body);
	assert_int_equal(batch_end(&w, &body), -EMSGSIZE);
	batch_free(&w);
	buf_free(&body);
	free(big);
}

/* What is compressed here is read as it stands; what err must say. */
static void refused(struct str plain, const char *says)
{
	struct buf body = BUF_INIT;
	struct batch b;
	struct err err = {""};

	assert_int_equal(compress_append(&body, plain.p, plain.n, 1), 0);
	assert_int_equal(batch_read(buf_str(&body), &b, &err), -EBADMSG);
	if (!strstr(err.text, says))
		fail_msg("%s", err.text);
	batch_done(&b);
	buf_free(&body);
}

static void test_hostile(void **state)
{
	struct batch_writer w = {.n = 0};
	struct batch b;
	char *bomb = calloc(1, BATCH_MAX + 1);

	assert_int_equal(batch_read(STR(""), &b, NULL), -EBADMSG);
	assert_int_equal(batch_read(STR("SSHTBAT1"), &b, NULL), -EBADMSG);
	refused(str_make(bomb, BATCH_MAX + 1), "zstd frame");
	refused(STR("SSHT"), "zstd frame");
	refused(STR("SSHTBAT3\0\0\0\0"), "begins with");
	refused(STR("SSHTBAT2\0\0\0\0"), "has a header");
	refused(STR("SSHTBAT2\0\0\0\0\2\0\0\0x"), "has a header");
	refused(STR("SSHTBAT2\0\0\0\0\xff\xff\xff\xff"), "has a header");
	refused(STR("SSHTBAT2\0\0\0\0\1\0\0\0hx"), "byte 0 ");
	refused(STR("SSHTBAT1\1\0\0\0"), "begins with");
	refused(STR("SSHTBAT1\xff\xff\xff\xff"), "begins with");
	refused(STR("SSHTBAT1\0\0\0\0x"), "byte 0 ");
	batch_begin(&w, STR_NONE);
	put(&w, 3, STR("a"));
	put(&w, 5, STR("a"));
	refused(buf_str(&w.plain), "frame 5 is out of order");
	batch_begin(&w, STR_NONE);
	put(&w, 0, STR("a"));
	refused(buf_str(&w.plain), "byte 0 ");
	batch_begin(&w, STR_NONE);
	put(&w, 3, STR("a"));
	put(&w, 3, STR("a"));
	refused(buf_str(&w.plain), "frame 3 is out of order");
	batch_begin(&w, STR_NONE);
	put(&w, INT64_MAX, STR("a"));
	put(&w, 0, STR("a"));
	refused(buf_str(&w.plain), "byte 41 ");
	batch_begin(&w, STR_NONE);
	put(&w, UINT64_MAX, STR("a"));
	refused(buf_str(&w.plain), "byte 0 ");
	batch_begin(&w, STR_NONE);
	put(&w, 3, STR("abc"));
	w.plain.p[w.plain.n - 1] ^= 1;
	refused(buf_str(&w.plain), "byte 0 ");
	batch_free(&w);
	free(bomb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
