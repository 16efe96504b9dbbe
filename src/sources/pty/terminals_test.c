/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/pty/record.h"
#include "sources/test_sink.h"

#define BOOT   "0123456789abcdef0123456789abcdef"
#define OFFSET ((int64_t)1700000000 * 1000000000)
#define SECOND ((uint64_t)1000000000)
#define WHO    " auid=1000 ses=7 pid=42 ppid=41"
#define TTY    " tty=pts/3"

static const struct source *source(void)
{
	return source_find(STR("terminals"));
}

static void add_clock(struct buf *to)
{
	struct rec_clock rec = {
	    .head = {PTY_MAGIC, PTY_VERSION, PTY_CLOCK, sizeof rec, 0, 0},
	    .real_offset = OFFSET};

	memcpy(rec.boot, BOOT, sizeof rec.boot);
	buf_add(to, &rec, sizeof rec);
}

/* What a test says of a record; the rest is the same in all. */
struct say {
	uint16_t type;
	uint64_t serial, offset, time;
	struct str bytes;
	uint16_t cols;
	uint32_t flags;
	size_t room; /* bytes that the record has beyond */
};

static void add(struct buf *to, const struct say *s)
{
	struct pty_rec rec = {
	    .head = {PTY_MAGIC, PTY_VERSION, s->type,
		(uint32_t)(sizeof rec + s->bytes.n + s->room), 42, s->time},
	    .serial = s->serial,
	    .offset = s->offset,
	    .ppid = 41,
	    .auid = 1000,
	    .ses = 7,
	    .index = 3,
	    .rows = 24,
	    .cols = s->cols ? s->cols : 80,
	    .flags = s->flags,
	    .n = (uint32_t)s->bytes.n,
	};

	buf_add(to, &rec, sizeof rec);
	buf_add_str(to, s->bytes);
	for (size_t i = 0; i < s->room; i++)
		buf_add_char(to, 'R');
}

static void check(
    const struct say *says, size_t n, const char *want, uint64_t unparsed)
{
	const struct source_input in = test_input("terminals");
	static const size_t chunks[] = {0, 1, 50};
	struct buf b = BUF_INIT;

	add_clock(&b);
	for (size_t i = 0; i < n; i++)
		add(&b, &says[i]);
	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
		struct test_sink *t = test_sink_new();

		assert_int_equal(
		    test_run(source(), &in, buf_str(&b), chunks[i], t), 0);
		assert_string_equal(test_sink_text(t), want);
		assert_int_equal(t->sink.unparsed, unparsed);
		for (size_t k = 0; k < t->n; k++) {
			assert_true(str_eqz(t->events[k].boot, BOOT));
			assert_int_equal(t->events[k].trust, TRUST_KERNEL);
			assert_true(t->ids[k] != 0);
		}
		test_sink_free(t);
	}
	buf_free(&b);
}

#define N(a) (sizeof(a) / sizeof *(a))

static void test_whole_life(void **state)
{
	static const struct say says[] = {
	    {.type = PTY_OPEN, .serial = 1, .time = SECOND},
	    {.type = PTY_OUTPUT,
		.serial = 1,
		.time = SECOND + 10,
		.bytes = STR_INIT("$ \033[m"),
		.room = 9},
	    {.type = PTY_INPUT,
		.serial = 1,
		.time = SECOND + 20,
		.offset = 5,
		.bytes = STR_INIT("x")},
	    {.type = PTY_MASKED, .serial = 1, .time = SECOND + 30, .offset = 5},
	    {.type = PTY_SIZE,
		.serial = 1,
		.time = SECOND + 40,
		.offset = 5,
		.cols = 132},
	    {.type = PTY_CLOSE,
		.serial = 1,
		.time = 2 * SECOND,
		.offset = 5,
		.cols = 132},
	};

	(void)state;
	check(says, N(says),
	    "channel.open 1700000001.000000" WHO TTY
	    " chan_type=terminal size=80x24\n"
	    "1 begin 1000000000\n"
	    "1 output 1000000010 $\\x20\\x1b[m\n"
	    "1 input 1000000020 x\n"
	    "1 masked 1000000030\n"
	    "1 size 1000000040 132x24\n"
	    "channel.close 1700000002.000000" WHO TTY
	    " duration=1000000 chan_type=terminal bytes_read=5 "
	    "bytes_written=1\n"
	    "1 end 2000000000\n",
	    0);
}

/* Two at once, also of the same name, as one follows the other. */
static void test_not_mixed(void **state)
{
	static const struct say says[] = {
	    {.type = PTY_OPEN, .serial = 8, .time = SECOND},
	    {.type = PTY_OPEN, .serial = 9, .time = SECOND},
	    {.type = PTY_OUTPUT,
		.serial = 9,
		.time = SECOND,
		.bytes = STR_INIT("nine")},
	    {.type = PTY_OUTPUT,
		.serial = 8,
		.time = SECOND,
		.bytes = STR_INIT("eight")},
	};

	(void)state;
	check(says, N(says),
	    "channel.open 1700000001.000000" WHO TTY
	    " chan_type=terminal size=80x24\n"
	    "8 begin 1000000000\n"
	    "channel.open 1700000001.000000" WHO TTY
	    " chan_type=terminal size=80x24\n"
	    "9 begin 1000000000\n"
	    "9 output 1000000000 nine\n"
	    "8 output 1000000000 eight\n",
	    0);
}

/* Its begin was not seen: said, in the recording and beside it. */
static void test_late(void **state)
{
	static const struct say says[] = {
	    {.type = PTY_OUTPUT,
		.serial = 5,
		.time = SECOND,
		.offset = 700,
		.bytes = STR_INIT("rest")},
	};
	static const struct say adopted[] = {
	    {.type = PTY_OPEN, .serial = 5, .time = SECOND, .flags = PTY_LATE},
	};
	static const char begin[] =
	    "channel.open 1700000001.000000" WHO TTY
	    " chan_type=terminal size=80x24 partial=1\n"
	    "5 begin 1000000000\n"
	    "5 hole 1000000000 0\n"
	    "gap 1700000001.000000" WHO TTY
	    " op=lost reason=the\\x20terminal\\x20was\\x20open\\x20before"
	    "\\x20its\\x20recording\\x20began\n";
	char want[sizeof begin + 100];

	(void)state;
	snprintf(want, sizeof want, "%s5 output 1000000000 rest\n", begin);
	check(says, N(says), want, 0);
	check(adopted, N(adopted), begin, 0);
}

/*
 * What the ring did not take shows where it is missing; in one second there is
 * one gap, and the end tells the rest.
 */
static void test_holes(void **state)
{
	static const struct say says[] = {
	    {.type = PTY_OPEN, .serial = 1, .time = SECOND},
	    {.type = PTY_OUTPUT,
		.serial = 1,
		.time = SECOND,
		.offset = 100,
		.bytes = STR_INIT("a")},
	    {.type = PTY_OUTPUT,
		.serial = 1,
		.time = SECOND + 1,
		.offset = 105,
		.bytes = STR_INIT("b")},
	    {.type = PTY_CLOSE, .serial = 1, .time = SECOND + 2, .offset = 106},
	};

	(void)state;
	check(says, N(says),
	    "channel.open 1700000001.000000" WHO TTY
	    " chan_type=terminal size=80x24\n"
	    "1 begin 1000000000\n"
	    "1 hole 1000000000 100\n"
	    "gap 1700000001.000000" WHO TTY
	    " op=lost reason=output\\x20came\\x20faster\\x20than\\x20it"
	    "\\x20could\\x20be\\x20kept lost=100\n"
	    "1 output 1000000000 a\n"
	    "1 hole 1000000001 4\n"
	    "1 output 1000000001 b\n"
	    "gap 1700000001.000000" WHO TTY
	    " op=lost reason=output\\x20came\\x20faster\\x20than\\x20it"
	    "\\x20could\\x20be\\x20kept lost=4\n"
	    "channel.close 1700000001.000000" WHO TTY
	    " duration=0 chan_type=terminal bytes_read=2 lost=104\n"
	    "1 end 1000000002\n",
	    0);
}

static void test_bad_records(void **state)
{
	static const struct say bad[] = {
	    {.type = PTY_CLOSE, .serial = 77, .time = SECOND},
	    {.type = PTY_OPEN, .serial = 0, .time = SECOND},
	    {.type = PTY_OPEN,
		.serial = 1,
		.time = SECOND,
		.bytes = STR_INIT("none belong here")},
	    {.type = PTY_OPEN, .serial = 1, .time = UINT64_MAX},
	    {.type = PTY_OPEN,
		.serial = 1,
		.time = SECOND,
		.offset = UINT64_MAX},
	    {.type = PTY_N_TYPES, .serial = 1, .time = SECOND},
	    {.type = 0, .serial = 1, .time = SECOND},
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		check(&bad[i], 1, "", 1);
}

/* More bytes said than there are, no clock, garbage: told, never read. */
static void test_hostile(void **state)
{
	const struct source_input in = test_input("terminals");
	struct test_sink *t = test_sink_new();
	struct say s = {.type = PTY_OUTPUT,
	    .serial = 1,
	    .time = SECOND,
	    .bytes = STR_INIT("x")};
	struct buf b = BUF_INIT;
	uint32_t n = 2;

	(void)state;
	add(&b, &s);
	buf_add_z(&b, "garbage between");
	add_clock(&b);
	add(&b, &s);
	memcpy(b.p + b.n - 1 - sizeof(struct pty_rec) +
		   offsetof(struct pty_rec, n),
	    &n, sizeof n);
	assert_int_equal(test_run(source(), &in, buf_str(&b), 7, t), 0);
	assert_string_equal(test_sink_text(t), "");
	assert_int_equal(t->sink.unparsed, 3);
	test_sink_free(t);
	buf_free(&b);
}

/* More terminals than can be are not believed, and do not harm the others. */
static void test_many(void **state)
{
	const struct source_input in = test_input("terminals");
	struct test_sink *t = test_sink_new();
	struct buf b = BUF_INIT;

	(void)state;
	add_clock(&b);
	for (uint64_t i = 1; i <= 5000; i++) {
		struct say s = {.type = PTY_OPEN, .serial = i, .time = SECOND};

		add(&b, &s);
	}
	for (uint64_t i = 1; i <= 4096; i++) {
		struct say s = {.type = PTY_CLOSE, .serial = i, .time = SECOND};

		add(&b, &s);
	}
	assert_int_equal(test_run(source(), &in, buf_str(&b), 0, t), 0);
	assert_int_equal(t->n, 2 * 4096);
	assert_int_equal(t->sink.unparsed, 5000 - 4096);
	test_sink_free(t);
	buf_free(&b);
}

static void test_errors_stop(void **state)
{
	const struct source_input in = test_input("terminals");
	struct test_sink *t = test_sink_new();
	struct say s = {.type = PTY_OPEN, .serial = 1, .time = SECOND};
	struct buf b = BUF_INIT;

	(void)state;
	add_clock(&b);
	add(&b, &s);
	t->fail_with = -EIO;
	assert_int_equal(test_run(source(), &in, buf_str(&b), 0, t), -EIO);
	test_sink_free(t);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole_life),
	    cmocka_unit_test(test_not_mixed),
	    cmocka_unit_test(test_late),
	    cmocka_unit_test(test_holes),
	    cmocka_unit_test(test_bad_records),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_errors_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
