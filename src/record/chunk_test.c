/* SPDX-License-Identifier: Apache-2.0 */
#include "record/chunk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct piece all[] = {
    {PIECE_BEGIN, 5000, 900000, .bytes = STR_INIT("{}")},
    {PIECE_OUTPUT, 5001, 900001, .bytes = STR_INIT("a\0\xff")},
    {PIECE_INPUT, 5001, 900001, .bytes = STR_INIT("")},
    {PIECE_ERRORS, 5001, 900001, .bytes = STR_INIT("oh\n")},
    {PIECE_MASKED, 6000, 901000, .lost = 0},
    {PIECE_SIZE, 6000, 901000, .cols = 65535},
    {PIECE_HOLE, 70000, 965000, .lost = UINT64_MAX},
    {PIECE_LEFT_OUT, 70000, 965000, .lost = 7},
    {PIECE_MARK, 70000, 965000, .bytes = STR_INIT("signal TSTP")},
    {PIECE_EXIT, 70000, 965000, .status = UINT32_MAX},
    {PIECE_END, 70001, 965001, .lost = 0},
};

#define N_ALL (sizeof all / sizeof *all)

static void write_all(struct chunk_writer *w)
{
	for (size_t i = 0; i < N_ALL; i++)
		chunk_add(w, &all[i]);
	assert_int_equal(buf_error(&w->bytes), 0);
}

static void test_comes_back(void **state)
{
	struct chunk_writer w = {BUF_INIT, 0};
	struct chunk_reader r;
	struct piece p;

	(void)state;
	write_all(&w);
	assert_true(chunk_open(&r, buf_str(&w.bytes)));
	for (size_t i = 0; i < N_ALL; i++) {
		assert_int_equal(chunk_next(&r, &p), 1);
		assert_int_equal(p.type, all[i].type);
		assert_true(p.boot == all[i].boot && p.time == all[i].time);
		assert_true(str_eq(p.bytes, all[i].bytes));
		assert_true(p.cols == all[i].cols && p.rows == all[i].rows);
		assert_true(p.lost == all[i].lost);
		assert_true(p.status == all[i].status);
	}
	assert_int_equal(chunk_next(&r, &p), 0);
	buf_free(&w.bytes);
}

/* Cut anywhere: pieces that were whole, then the end or an error. */
static void test_cut(void **state)
{
	struct chunk_writer w = {BUF_INIT, 0};
	struct piece p;

	(void)state;
	write_all(&w);
	for (size_t n = 0; n < w.bytes.n; n++) {
		struct chunk_reader r;
		size_t got = 0;
		int result;

		if (!chunk_open(&r, str_upto(buf_str(&w.bytes), n)))
			continue;
		while ((result = chunk_next(&r, &p)) > 0)
			got++;
		assert_true(result == 0 || result == -EBADMSG);
		assert_true(got < N_ALL);
	}
	buf_free(&w.bytes);
}

static void test_time_never_runs_back(void **state)
{
	struct chunk_writer w = {BUF_INIT, 0};
	struct piece a = {.type = PIECE_OUTPUT, .boot = 50, .time = 1000};
	struct chunk_reader r;

	(void)state;
	chunk_add(&w, &a);
	a.boot = 40;
	chunk_add(&w, &a);
	a.boot = 60;
	chunk_add(&w, &a);
	assert_true(chunk_open(&r, buf_str(&w.bytes)));
	for (size_t i = 0; i < 3; i++) {
		uint64_t want = i < 2 ? 50 : 60;
		struct piece p;

		assert_int_equal(chunk_next(&r, &p), 1);
		assert_true(p.boot == want);
		assert_true(p.time == 1000 + (int64_t)want - 50);
	}
	buf_free(&w.bytes);
}

static void test_hostile(void **state)
{
	static const struct str bad[] = {
	    STR_INIT(""),
	    STR_INIT("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	    STR_INIT("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x\0"),
	    STR_INIT("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0o\0\377\377\377"),
	    STR_INIT("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0s\0\200\200\4\0"),
	    STR_INIT("\1\0\0\0\0\0\0\0\0\377\377\377\377\377\377\377\377e\1"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct chunk_reader r;
		struct piece p;

		if (chunk_open(&r, bad[i]))
			assert_int_equal(chunk_next(&r, &p), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_comes_back),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_time_never_runs_back),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
