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
	bool command;
	uint64_t counted;
	uint32_t execs, status; /* of a command: at least 1 */
	size_t room;		/* bytes that the record has beyond */
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
	    .flags = s->flags | (s->command ? PTY_COMMAND : 0),
	    .counted = s->counted,
	    .execs = s->execs ? s->execs : s->command,
	    .status = s->status,
	    .n = (uint32_t)s->bytes.n,
	};

	buf_add(to, &rec, sizeof rec);
	buf_add_str(to, s->bytes);
	for (size_t i = 0; i < s->room; i++)
		buf_add_char(to, 'R');
}

/* A run that takes `kept` up, if anything, and reads these. */
static void read_some(
    const struct say *says, size_t n, struct buf *kept, struct test_sink *t)
{
	const struct source_input in = test_input("terminals");
	struct source_run *run;
	struct buf b = BUF_INIT;

	add_clock(&b);
	for (size_t i = 0; i < n; i++)
		add(&b, &says[i]);
	assert_int_equal(source()->open(&run, &in, NULL), 0);
	assert_int_equal(source()->take_up(run, buf_str(kept)), 0);
	assert_int_equal(test_feed(source(), run, buf_str(&b), 0, t), 0);
	buf_clear(kept);
	source()->keep(run, kept);
	source()->close(run);
	buf_free(&b);
}

/* Wherever one run goes on for another, it is told as by one. */
static void check_goes_on(
    const struct say *says, size_t n, const char *want, uint64_t unparsed)
{
	for (size_t first = 0; first <= n; first++) {
		struct test_sink *t = test_sink_new();
		struct buf kept = BUF_INIT;

		read_some(says, first, &kept, t);
		read_some(says + first, n - first, &kept, t);
		assert_string_equal(test_sink_text(t), want);
		assert_int_equal(t->sink.unparsed, unparsed);
		test_sink_free(t);
		buf_free(&kept);
	}
}

static void check(
    const struct say *says, size_t n, const char *want, uint64_t unparsed)
{
	const struct source_input in = test_input("terminals");
	static const size_t chunks[] = {0, 1, 50};
	struct buf b = BUF_INIT;

	check_goes_on(says, n, want, unparsed);
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

#define COMMAND	 " auid=1000 ses=7 pid=42 ppid=41 sid=3"
#define OPENED	 "channel.open 1700000001.000000 auid=1000 ses=7 pid=42 ppid=41"
#define CLOSED	 "channel.close 1700000002.000000 auid=1000 ses=7 pid=42 ppid=41"
#define SH	 STR_INIT("sh\0-c\0x\0")
#define SH_SHOWN " sid=3 argv=sh\\x00-c\\x00x\\x00"
#define KEPT_NOT " reason=output\\x20is\\x20not\\x20kept"
#define BY_TAR                                                                 \
	KEPT_NOT ":\\x20it\\x20may\\x20be\\x20what\\x20is\\x20"                \
		 "transferred\\x20by\\x20tar"
#define NOT_WHOLE                                                              \
	KEPT_NOT ":\\x20what\\x20runs\\x20was\\x20not\\x20seen\\x20whole"
#define C(type_, after, ...)                                                   \
	{                                                                      \
		.type = type_, .command = true, .serial = 1,                   \
		.time = SECOND + after, __VA_ARGS__                            \
	}

/* Its recording begins with its output, and as of its begin. */
static void test_command(void **state)
{
	static const struct say says[] = {
	    C(PTY_OPEN, 0, .bytes = SH),
	    C(PTY_OUTPUT, 10, .bytes = STR_INIT("out\n"), .room = 5),
	    C(PTY_EXEC, 20, .bytes = STR_INIT("ls\0-l\0")),
	    C(PTY_ERRORS, 30, .bytes = STR_INIT("err\n"), .offset = 4),
	    {.type = PTY_CLOSE,
		.command = true,
		.serial = 1,
		.time = 2 * SECOND,
		.flags = PTY_EXITED,
		.offset = 8,
		.execs = 2,
		.status = 3 << 8},
	};

	(void)state;
	check(says, N(says),
	    OPENED SH_SHOWN " chan_type=command\n"
			    "1 begin 1000000000\n"
			    "1 output 1000000010 out\\x0a\n"
			    "1 errors 1000000030 err\\x0a\n" CLOSED
			    " sid=3 exit=3 duration=1000000 chan_type=command "
			    "bytes_read=8\n"
			    "1 end 2000000000\n",
	    0);
}

/* Nothing is kept of what a program moves; what came before it stays. */
static void test_payload(void **state)
{
	static const struct say first[] = {
	    C(PTY_OPEN, 0, .bytes = SH),
	    C(PTY_EXEC, 10, .bytes = STR_INIT("/bin/tar\0cf\0-\0")),
	    C(PTY_OUTPUT, 20, .bytes = STR_INIT("secret"), .execs = 2),
	    C(PTY_ERRORS, 30, .bytes = STR_INIT("!"), .offset = 90),
	    C(PTY_CLOSE, SECOND, .offset = 91, .counted = 9,
		.flags = PTY_EXITED, .status = 9),
	};
	static const struct say later[] = {
	    C(PTY_OPEN, 0, .bytes = SH),
	    C(PTY_OUTPUT, 10, .bytes = STR_INIT("kept")),
	    C(PTY_EXEC, 20, .bytes = STR_INIT("tar\0")),
	    C(PTY_OUTPUT, 30, .bytes = STR_INIT("secret"), .offset = 4),
	    C(PTY_CLOSE, SECOND, .offset = 10),
	};

	(void)state;
	check(first, N(first),
	    OPENED SH_SHOWN
	    " chan_type=command" BY_TAR "\n" CLOSED
	    " sid=3 signal=9 duration=1000000 chan_type=command "
	    "left_out=100 bytes_read=100" BY_TAR "\n",
	    0);
	check(later, N(later),
	    OPENED SH_SHOWN " chan_type=command\n"
			    "1 begin 1000000000\n"
			    "1 output 1000000010 kept\n"
			    "1 left-out 1000000020 0\n"
			    "1 left-out 2000000000 6\n" CLOSED
			    " sid=3 duration=1000000 chan_type=command "
			    "left_out=6 bytes_read=10" BY_TAR "\n"
			    "1 end 2000000000\n",
	    0);
}

static void test_no_text(void **state)
{
	static const struct say says[] = {
	    C(PTY_OPEN, 0, .bytes = SH),
	    C(PTY_OUTPUT, 10, .bytes = STR_INIT("\x1f\x8b\x08\0")),
	    C(PTY_OUTPUT, 20, .bytes = STR_INIT("text"), .offset = 4),
	    C(PTY_CLOSE, SECOND, .offset = 8),
	};

	(void)state;
	check(says, N(says),
	    OPENED SH_SHOWN
	    " chan_type=command" KEPT_NOT
	    ":\\x20it\\x20is\\x20no\\x20text\n" CLOSED
	    " sid=3 duration=1000000 chan_type=command left_out=8 "
	    "bytes_read=8" KEPT_NOT ":\\x20it\\x20is\\x20no\\x20text\n",
	    0);
}

static void test_limit(void **state)
{
	static const struct say says[] = {
	    C(PTY_OPEN, 0, .bytes = SH),
	    C(PTY_OUTPUT, 10, .bytes = STR_INIT("four")),
	    C(PTY_LIMITED, 10, .offset = 4, .counted = 1),
	    C(PTY_CLOSE, SECOND, .offset = 4, .counted = 1000),
	};

	(void)state;
	check(says, N(says),
	    OPENED SH_SHOWN
	    " chan_type=command\n"
	    "1 begin 1000000000\n"
	    "1 output 1000000010 four\n"
	    "1 left-out 1000000010 0\n"
	    "1 left-out 2000000000 1000\n" CLOSED
	    " sid=3 duration=1000000 chan_type=command left_out=1000 "
	    "bytes_read=1004" KEPT_NOT "\\x20beyond\\x20commands.limit\n"
	    "1 end 2000000000\n",
	    0);
}

/* When what runs is not known, nothing is kept. */
static void test_doubt(void **state)
{
	static const struct say exec_lost[] = {
	    C(PTY_OPEN, 0, .bytes = SH),
	    C(PTY_OUTPUT, 10, .bytes = STR_INIT("secret"), .execs = 2),
	};
	static const struct say open_lost[] = {
	    C(PTY_OUTPUT, 0, .bytes = STR_INIT("secret")),
	};
	static const struct say late[] = {
	    C(PTY_OPEN, 0, .flags = PTY_LATE),
	    C(PTY_OUTPUT, 0, .bytes = STR_INIT("secret")),
	};
	static const struct say cut[] = {
	    C(PTY_OPEN, 0, .bytes = STR_INIT("rsync\0-e."), .flags = PTY_CUT),
	};

	(void)state;
	check(exec_lost, N(exec_lost),
	    OPENED SH_SHOWN " chan_type=command" NOT_WHOLE "\n", 0);
	check(open_lost, N(open_lost),
	    OPENED " sid=3 chan_type=command" NOT_WHOLE " partial=1\n", 0);
	check(late, N(late),
	    OPENED " sid=3 chan_type=command" KEPT_NOT
		   ":\\x20the\\x20command\\x20began\\x20before\\x20it\\x20was"
		   "\\x20watched partial=1\n",
	    0);
	check(cut, N(cut),
	    OPENED " sid=3 argv=rsync\\x00-e.\\x00 chan_type=command" KEPT_NOT
		   ":\\x20it\\x20may\\x20be\\x20what\\x20is\\x20"
		   "transferred\\x20by\\x20rsync cut=1\n",
	    0);
}

/* Its process may have written something before. */
static void test_earlier(void **state)
{
	static const struct say says[] = {
	    C(PTY_OPEN, 0, .bytes = SH, .flags = PTY_EARLIER),
	    C(PTY_OUTPUT, 10, .bytes = STR_INIT("out")),
	};

	(void)state;
	check(says, N(says),
	    OPENED SH_SHOWN " chan_type=command partial=1\n"
			    "1 begin 1000000000\n"
			    "1 hole 1000000010 0\n"
			    "1 output 1000000010 out\n",
	    0);
}

/* What was lost before it was decided is lost; afterwards it is left out. */
static void test_command_holes(void **state)
{
	static const struct say says[] = {
	    C(PTY_OPEN, 0, .bytes = SH),
	    C(PTY_OUTPUT, 0, .bytes = STR_INIT("x"), .offset = 5),
	    C(PTY_CLOSE, SECOND, .offset = 6),
	};

	(void)state;
	check(says, N(says),
	    OPENED SH_SHOWN
	    " chan_type=command\n"
	    "1 begin 1000000000\n"
	    "1 hole 1000000000 5\n"
	    "gap 1700000001.000000" COMMAND
	    " op=lost reason=output\\x20came\\x20faster\\x20than\\x20it"
	    "\\x20could\\x20be\\x20kept lost=5\n"
	    "1 output 1000000000 x\n" CLOSED
	    " sid=3 duration=1000000 chan_type=command bytes_read=1 "
	    "lost=5\n"
	    "1 end 2000000000\n",
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
	    {.type = PTY_ERRORS, .serial = 1, .time = SECOND},
	    C(PTY_INPUT, 0, .cols = 80),
	    C(PTY_OPEN, 0, .counted = UINT64_MAX),
	    C(PTY_LIMITED, 0, .bytes = STR_INIT("none")),
	};
	static const struct say both[] = {
	    C(PTY_OPEN, 0, .bytes = SH, .flags = PTY_LATE),
	    {.type = PTY_OUTPUT, .serial = 1, .time = SECOND},
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		check(&bad[i], 1, "", 1);
	check(both, N(both),
	    OPENED SH_SHOWN
	    " chan_type=command" KEPT_NOT
	    ":\\x20the\\x20command\\x20began\\x20before\\x20it\\x20was"
	    "\\x20watched partial=1\n",
	    1);
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
static void add_many(
    struct buf *to, uint16_t type, bool command, uint64_t first, uint64_t n)
{
	struct say s = {.type = type, .time = SECOND, .command = command};

	for (s.serial = first; s.serial < first + n; s.serial++)
		add(to, &s);
}

/* However many commands there are, there is room for terminals. */
static void test_many(void **state)
{
	const struct source_input in = test_input("terminals");
	struct test_sink *t = test_sink_new();
	struct buf b = BUF_INIT;

	(void)state;
	add_clock(&b);
	add_many(&b, PTY_OPEN, true, 1, 3000);
	add_many(&b, PTY_OPEN, false, 3001, 3000);
	add_many(&b, PTY_CLOSE, true, 1, 2048);
	add_many(&b, PTY_CLOSE, false, 3001, 2048);
	add_many(&b, PTY_OPEN, false, 6001, 1);
	add_many(&b, PTY_CLOSE, false, 6001, 1);
	assert_int_equal(test_run(source(), &in, buf_str(&b), 0, t), 0);
	assert_int_equal(t->n, 2 * (2048 + 2048 + 1));
	assert_int_equal(t->sink.unparsed, 952 + 952);
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

/* What no run kept is not taken up, not even in part. */
static void test_kept_otherwise(void **state)
{
	static const struct say says[] = {
	    {.type = PTY_OPEN,
		.serial = 1,
		.time = SECOND,
		.command = true,
		.bytes = STR_INIT("ls\0-l")},
	    {.type = PTY_OPEN, .serial = 2, .time = SECOND},
	};
	const struct source_input in = test_input("terminals");
	struct test_sink *t = test_sink_new();
	struct buf kept = BUF_INIT, none = BUF_INIT;
	struct source_run *run;

	(void)state;
	read_some(says, N(says), &kept, t);
	assert_true(kept.n > 0);
	assert_int_equal(source()->open(&run, &in, NULL), 0);
	for (size_t n = 1; n < kept.n; n += 7)
		if (source()->take_up(run, str_make(kept.p, n)) == 0) {
			/* As much as is whole. */
			source()->close(run);
			assert_int_equal(source()->open(&run, &in, NULL), 0);
		}
	source()->keep(run, &none);
	assert_int_equal(none.n, 0);
	assert_int_equal(source()->take_up(run, buf_str(&kept)), 0);
	source()->close(run);
	test_sink_free(t);
	buf_free(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole_life),
	    cmocka_unit_test(test_not_mixed),
	    cmocka_unit_test(test_late),
	    cmocka_unit_test(test_holes),
	    cmocka_unit_test(test_command),
	    cmocka_unit_test(test_payload),
	    cmocka_unit_test(test_no_text),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_doubt),
	    cmocka_unit_test(test_earlier),
	    cmocka_unit_test(test_command_holes),
	    cmocka_unit_test(test_bad_records),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_errors_stop),
	    cmocka_unit_test(test_kept_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
