/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "record/memory_test.h"

#define TTYREC_AT "\x2c\x7f\x07\x6b" /* 1795653420 */

struct reading_case {
	const char *format;
	struct str part[FORMAT_PARTS_MAX];
	const char *told;
};

static const struct reading_case cases[] = {
    {"asciicast",
	{STR_INIT("{\"version\": 2, \"width\": 80, \"height\": 24, "
		  "\"timestamp\": 1700000000, \"title\": \"a \\\"b\\\"\", "
		  "\"env\": {\"SHELL\": \"/bin/sh\", \"TERM\": null}}\n"
		  "[0.0016, \"o\", \"ls\\r\\n\\u001b[1m\xc3\xa9\"]\n"
		  "[1, \"i\", \"x\"]\n\n"
		  "[1.2e-05, \"o\", \"earlier\"]\n"
		  "[1.5, \"o\", \"\"]\n"
		  "[1.5, \"rlib\", \"x\"]\n"
		  "[1.5, \"r\", \"90x30\"]\n"
		  "[1.5, \"r\", \"90by30\"]\n"
		  "[-1, \"o\", \"x\"]\n"
		  "[2, \"o\"]\n"
		  "[2, \"o\", 5]\n"
		  "[2, \"o\", \"cut\n"
		  "[2.5, \"m\", \"here\"]")},
	"0 begin 80x24 1700000000.000000000 shell=/bin/sh title=a \"b\"\n"
	"0 0.001600000 o ls\\0d\\0a\\1b[1m\\c3\\a9\n"
	"0 1.000000000 i x\n"
	"0 1.000000000 o earlier\n"
	"0 1.500000000 s 90x30\n"
	"skipped 0 line 9 byte 260: a size as 80x24\n"
	"skipped 0 line 10 byte 281: a time in seconds, not negative\n"
	"skipped 0 line 11 byte 296: three values: time, code, text\n"
	"skipped 0 line 12 byte 305: strings as code and text\n"
	"skipped 0 line 13 byte 317: an event as [1.5, \"o\", \"text\"]\n"
	"0 2.500000000 k here\n"},
    {"asciicast", {STR_INIT("{\"version\": 9}\n[1, \"o\", \"x\"]\n")},
	"skipped 0 line 1 byte 0: a header of asciicast version 2 or 3\n"},
    {"asciicast-v3",
	{STR_INIT("{\"version\": 3, \"term\": {\"cols\": 100, \"rows\": 30, "
		  "\"type\": \"vt100\"}, \"timestamp\": 5}\n"
		  "# a comment\n"
		  "[0.5, \"o\", \"a\"]\n"
		  "[0.25, \"o\", \"b\"]\n"
		  "[0.25, \"x\", \"3\"]\n")},
	"0 begin 100x30 5.000000000 term=vt100\n"
	"0 0.500000000 o a\n"
	"0 0.750000000 o b\n"
	"0 1.000000000 c 3\n"},
    {"asciicast-v1",
	{STR_INIT("{\"version\": 1, \"width\": 80, \"height\": 24,\n"
		  "\"title\": \"\\\"stdout\\\": [\", \"stdout\": [[0.5, "
		  "\"a\"],\n [\"x\"], [0.25, \"b\"] ], \"duration\": 1}")},
	"0 begin 80x24 0.000000001 title=\"stdout\": [\n"
	"0 0.500000000 o a\n"
	"skipped 0 line 0 byte 90: output as [0.5, \"text\"]\n"
	"0 0.750000000 o b\n"},
    {"asciicast-v1",
	{STR_INIT("{\"version\": 1, \"stdout\": [[0.5, \"a\"], [0.25, \"b")},
	"0 begin 0x0 0.000000001\n"
	"0 0.500000000 o a\n"
	"skipped 0 line 0 byte 37: output as [0.5, \"text\"], to the end of "
	"the array\n"},
    {"script",
	{STR_INIT("H 0.000000 START_TIME 2026-11-26 00:09:32+01:00\n"
		  "H 0.000000 TERM xterm\n"
		  "H 0.000000 TTY /dev/pts/7\n"
		  "H 0.000000 COLUMNS 80\n"
		  "H 0.000000 LINES 24\n"
		  "H 0.000000 SHELL /bin/sh\n"
		  "H 0.000000 COMMAND a b\n"
		  "O 0.010000 3\n"
		  "S 0.500000 SIGWINCH ROWS=30 COLS=90\n"
		  "I 0.250000 2\n"
		  "S 0.000000 SIGTERM\n"
		  "X 0.1 2\n"
		  "O 0.1\n"
		  "O 0.240000 4\n"
		  "H 0.000000 DURATION 0.9\n"
		  "H 0.000000 DURATION 3.5\n"
		  "H 0.000000 EXIT_CODE 5\n"),
	    STR_INIT("Script started on x\nabcde"),
	    STR_INIT("Script started on x\nl\n")},
	"0 begin 80x24 1795648172.000000000 tty=pts/7 term=xterm "
	"shell=/bin/sh command=a b\n"
	"0 0.010000000 o abc\n"
	"0 0.510000000 s 90x30\n"
	"0 0.760000000 i l\\0a\n"
	"0 0.760000000 k signal TERM\n"
	"skipped 0 line 12 byte 267: an entry as O 0.012345 80, with H, O, I "
	"or S\n"
	"skipped 0 line 13 byte 275: an entry as O 0.012345 80, with H, O, I "
	"or S\n"
	"0 1.000000000 o de\n"
	"skipped 0 line 14 byte 281: as many bytes in the file of the output\n"
	"0 1.000000000 l \n"
	"0 3.500000000 c 5\n"},
    /* Nothing was shown. */
    {"script",
	{STR_INIT("H 0.000000 LINES 24\nH 0.000000 DURATION 2.0\n"
		  "H 0.000000 EXIT_CODE 1\n"),
	    STR_INIT("Script started\n")},
	"0 begin 0x24 0.000000001\n0 2.000000000 c 1\n"},
    /* Its timing is cut off; the words of the last line are French. */
    {"script",
	{STR_INIT("O 0.100000 2\n"),
	    STR_INIT("Script started\nabcd\n\nScript termin\xc3\xa9 sur "
		     "2026-11-26 [COMMAND_EXIT_CODE=\"7\"]\n")},
	"0 begin 0x0 0.000000001\n"
	"0 0.100000000 o ab\n"
	"skipped 0 line 1 byte 13: entries for all bytes of the output\n"
	"0 0.100000000 o cd\n"
	"0 0.100000000 c 7\n"},
    /* script -B: both in one file, one line of it dropped. */
    {"script",
	{STR_INIT("H 0.000000 OUTPUT_LOG io\nH 0.000000 INPUT_LOG io\n"
		  "O 0.100000 2\nI 0.100000 1\nO 0.100000 2\n"),
	    STR_INIT("Script started\nabcde")},
	"0 begin 0x0 0.000000001\n"
	"0 0.100000000 o ab\n"
	"0 0.200000000 i c\n"
	"0 0.300000000 o de\n"},
    /* Of the rest of it nobody knows what was typed. */
    {"script",
	{STR_INIT("H 0.000000 OUTPUT_LOG io\nH 0.000000 INPUT_LOG io\n"
		  "O 0.100000 2\n"),
	    STR_INIT("Script started\nabcde")},
	"0 begin 0x0 0.000000001\n"
	"0 0.100000000 o ab\n"
	"skipped 0 line 3 byte 62: entries for all bytes of the output\n"},
    {"script", {STR_INIT("O 0.100000 2\nI 0.100000 1\n")},
	"0 begin 0x0 0.000000001\n"
	"skipped 0 line 1 byte 0: the file of its output (typescript), beside "
	"the timing or named as well\n"
	"0 0.100000000 l \n"
	"skipped 0 line 2 byte 13: the file of its input beside the timing\n"},
    {"script-classic",
	{STR_INIT("0.100000 2\n0.200000 1\n0.000001 1\nbad\n0.000001 5\n"),
	    STR_INIT("Script started on 2026-11-26 00:09:32+00:00 "
		     "[COMMAND=\" TERM=\\\"no\\\"\" TERM=\"vt220\" "
		     "TTY=\"/dev/pts/1\" COLUMNS=\"90\" LINES=\"30\"]\nabcd")},
	"0 begin 90x30 1795651772.000000000 tty=pts/1 term=vt220\n"
	"0 0.100000000 o ab\n"
	"0 0.300000000 o c\n"
	"0 0.300001000 o d\n"
	"skipped 0 line 4 byte 33: seconds and bytes, as 0.012345 80\n"
	"skipped 0 line 5 byte 37: as many bytes in the file of the output\n"
	"0 0.300002000 l \n"},
    {"script-classic",
	{STR_INIT("0.100000 2\n"),
	    STR_INIT("Script started on 2026-11-26 00:09:32+00:00\nab\n"
		     "Script done on 2026-11-26 00:09:41+00:00 "
		     "[COMMAND_EXIT_CODE=\"3\"]\n")},
	"0 begin 0x0 1795651772.000000000\n"
	"0 0.100000000 o ab\n"
	"0 9.000000000 c 3\n"},
    {"ttyrec",
	{STR_INIT(TTYREC_AT "\x01\0\0\0\x0b\0\0\0"
			    "\033[8;30;100t" TTYREC_AT "\x02\0\0\0\x02\0\0\0"
			    "a\xff" TTYREC_AT "\x01\0\0\0\x01\0\0\0"
			    "b" TTYREC_AT "\x04\0\0\0\x05\0\0\0"
			    "cut")},
	"0 begin 100x30 1795653420.000001000\n"
	"0 0.000001000 o a\\ff\n"
	"0 0.000001000 o b\n"
	"skipped 0 line 0 byte 50: a frame: its time, its length, and so many "
	"bytes\n"
	"0 0.000003000 o cut\n"},
    /* Bits of the seconds above those of the microseconds. */
    {"ttyrec", {STR_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
	"skipped 0 line 0 byte 0: a frame: its time, its length of at most 4 "
	"MiB\n"},
    /* A head in between is none: what follows is found. */
    {"ttyrec",
	{STR_INIT(
	    TTYREC_AT "\x01\0\0\0\0\0\0\0" TTYREC_AT
		      "\x01\0\0\0\0\0\0\0" TTYREC_AT "\x01\0\0\0\x01\0\0\0"
		      "a" TTYREC_AT "\xff\xff\xff\xff\x01\0\0\0"
		      "b" TTYREC_AT "\x02\0\0\0\x01\0\0\0"
		      "c" TTYREC_AT "\x03\0\0\0\x01\0\0\0"
		      "d")},
	"0 begin 0x0 1795653420.000001000\n"
	"0 0.000000000 o a\n"
	"skipped 0 line 0 byte 37: a frame: its time, its length of at most 4 "
	"MiB\n"
	"0 0.000000000 l \n"
	"0 0.000001000 o c\n"
	"0 0.000002000 o d\n"},
    {"tlog",
	{STR_INIT(
	    "{\"ver\":\"2.3\",\"host\":\"h\",\"rec\":"
	    "\"0123456789abcdef0123456789abcdef-1a-5\",\"user\":\"u\","
	    "\"term\":\"xterm\",\"session\":7,\"id\":1,\"pos\":100,"
	    "\"time\":20.100,\"timing\":\"=80x24>1+10]1/2>1<1+5=90x30\","
	    "\"in_txt\":\"i\",\"in_bin\":[],\"out_txt\":\"\xc3\xa9\xef\xbf\xbd"
	    "z\",\"out_bin\":[255, 254]}\n"
	    "{\"rec\":\"other\",\"session\":4294967295,\"id\":1,\"pos\":0,"
	    "\"time\":7,\"timing\":\">2\",\"out_txt\":\"ab\"}\n"
	    "nothing\n"
	    "{\"rec\":\"other\",\"id\":3,\"pos\":1500,"
	    "\"timing\":\">1*\",\"out_txt\":\"c\"}\n"
	    "{\"rec\":\"other\",\"id\":3,\"pos\":1500,"
	    "\"timing\":\">1\",\"out_txt\":\"c\"}\n"
	    /* 40 days later, of an id that went back. */
	    "{\"rec\":\"other\",\"id\":2,\"pos\":3456000000.5,"
	    "\"timing\":\">1\",\"out_txt\":\"d\"}\n")},
	"0 begin 80x24 20.000000000 ses=7 pid=26 host=h "
	"boot=0123456789abcdef0123456789abcdef user=u term=xterm "
	"title=0123456789abcdef0123456789abcdef-1a-5\n"
	"0 0.100000000 o \\c3\\a9\n"
	"0 0.110000000 o \\ff\\fez\n"
	"0 0.110000000 i i\n"
	"0 0.115000000 s 90x30\n"
	"1 begin 0x0 7.000000000 title=other\n"
	"1 0.000000000 o ab\n"
	"skipped 0 line 3 byte 334: a message of tlog: one object of JSON\n"
	"skipped 0 line 4 byte 342: the message with the \"id\" that comes "
	"next\n"
	"1 1.500000000 l \n"
	"1 1.500000000 o c\n"
	"skipped 0 line 4 byte 342: a timing that fits its text, as "
	"=80x24>5+10]1/2\n"
	"skipped 0 line 5 byte 405: an \"id\" that was not there before\n"
	"skipped 0 line 6 byte 467: the message with the \"id\" that comes "
	"next\n"
	"1 3456000.000500000 l \n"
	"1 3456000.000500000 o d\n"},
    {"sudo",
	{STR_INIT("4 0.5 3\n5 0.25 30 90\n3 0.000000001 2\n7 0.1 TSTP\n"
		  "6 0.1 2\n1 0.2 2\n4 0.1 9\n"),
	    STR_INIT("1700000000:ann:root:wheel:/dev/pts/3:24:80\n/srv\n"
		     "/bin/sh -c x\n"),
	    {NULL, 0}, {NULL, 0}, STR_INIT("ok"), {NULL, 0}, STR_INIT("ls"),
	    STR_INIT("abcde")},
	"0 begin 80x24 1700000000.000000000 user=ann target=root tty=pts/3 "
	"command=/bin/sh -c x cwd=/srv\n"
	"0 0.500000000 o abc\n"
	"0 0.750000000 s 90x30\n"
	"0 0.750000001 i ls\n"
	"0 0.850000001 k signal TSTP\n"
	"skipped 0 line 5 byte 48: an entry as 4 0.012345678 80, of number 0 "
	"to 5 or 7\n"
	"0 1.050000001 o ok\n"
	"0 1.150000001 o de\n"
	"skipped 0 line 7 byte 64: as many bytes in the file that the entry is "
	"of\n"},
    {"sudo",
	{STR_INIT("4 0.5 1\n"), STR_INIT("bad"),
	    STR_INIT("{\"timestamp\": {\"seconds\": 1700000000, "
		     "\"nanoseconds\": 5}, \"columns\": 80, \"lines\": 24, "
		     "\"runargv\": [\"sh\", \"-c\", \"\\u0041\"], "
		     "\"runuser\": \"root\", \"submituser\": \"ann\", "
		     "\"submithost\": \"web\", \"ttyname\": \"/dev/pts/3\", "
		     "\"runcwd\": \"/\", \"exit_value\": 4}"),
	    {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, STR_INIT("x")},
	"0 begin 80x24 1700000000.000000005 host=web user=ann target=root "
	"tty=pts/3 command=sh -c A cwd=/\n"
	"0 0.500000000 o x\n"
	"0 0.500000000 c 4\n"},
};

#define BOTH(symbol, name) {name, true},
#define READ(symbol, name) {name, false},

/* The list and the descriptors say the same. */
static void test_list(void **state)
{
	static const struct {
		const char *name;
		bool written;
	} list[] = {FORMATS(BOTH, READ)};
	const size_t n = sizeof list / sizeof *list;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct format *f = formats[i];

		assert_string_equal(f->name, list[i].name);
		assert_int_equal(f->writer != NULL, list[i].written);
		assert_true(f->reader || f->writer);
		assert_int_equal(f->reader != NULL, f->probe != NULL);
		assert_ptr_equal(format_find(str_z(f->name)), f);
	}
	assert_null(formats[n]);
	assert_null(format_find(STR("json")));
}

/* At once, and byte by byte. */
static void test_reading(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reading_case *c = &cases[i];
		const size_t steps[] = {SIZE_MAX, 1};

		for (size_t k = 0; k < 2; k++) {
			struct memory m = {.told = BUF_INIT};

			memcpy(m.part, c->part, sizeof m.part);
			memory_read(
			    &m, format_find(str_z(c->format)), steps[k]);
			assert_string_equal(buf_z(&m.told), c->told);
			buf_free(&m.told);
		}
	}
}

/* Each file is what it is, and nothing else is taken for a recording. */
static void test_detect(void **state)
{
	static const struct str others[] = {STR_INIT(""), STR_INIT("{"),
	    STR_INIT("{\"version\": 2}"), STR_INIT("0.1 x\n"),
	    STR_INIT("\0\0\0\0\0\0\0\0\0\0\0\0"),
	    STR_INIT("type=USER_AUTH msg=audit(1700000000.001:1): pid=1\n"),
	    STR_INIT("4 nothing 3\n")};
	unsigned part;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reading_case *c = &cases[i];
		const struct format *f =
		    format_detect(c->part[0], "file", &part);

		/* Two cases are of files that are none. */
		if (!f && (i == 1 || str_starts(c->part[0], STR("\xff"))))
			continue;
		assert_non_null(f);
		assert_string_equal(f->name, c->format);
		assert_int_equal(part, 0);
	}
	assert_string_equal(
	    format_detect(STR("Script started on x\n"), "x", &part)->name,
	    "script-classic");
	assert_int_equal(part, 1);
	/* LANG=de_DE */
	assert_string_equal(
	    format_detect(STR("Skript gestartet am x [TERM=\"xterm\" "
			      "TTY=\"/dev/pts/0\" COLUMNS=\"80\" "
			      "LINES=\"24\"]\nx"),
		"x", &part)
		->name,
	    "script-classic");
	assert_int_equal(part, 1);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if ((i == 2) != !!format_detect(others[i], "x", &part))
			fail_msg("other %zu", i);
}

/* What each format holds of these, in the words of its own reader. */
static const struct piece pieces[] = {
    {.type = PIECE_BEGIN},
    {.type = PIECE_OUTPUT, .boot = 1234567, .bytes = {"a\xff\xc3", 3}},
    {.type = PIECE_OUTPUT, .boot = 2345678, .bytes = {"\xa9 \"\\", 4}},
    {.type = PIECE_INPUT, .boot = 3456789, .bytes = {"ls\r", 3}},
    {.type = PIECE_MASKED, .boot = 3456789},
    {.type = PIECE_SIZE, .boot = 1000000000, .cols = 90, .rows = 30},
    {.type = PIECE_MARK, .boot = 1000000000, .bytes = {"signal TSTP", 11}},
    {.type = PIECE_HOLE, .boot = 1000000000, .lost = 12},
    {.type = PIECE_HOLE, .boot = 1000000000},
    {.type = PIECE_OUTPUT, .boot = 2000000999, .bytes = {"", 0}},
    {.type = PIECE_OUTPUT, .boot = 2000000999, .bytes = {"\xf0\x9f", 2}},
    {.type = PIECE_EXIT, .boot = 2000000999, .status = 3},
    {.type = PIECE_END, .boot = 2000000999},
};

struct told {
	const char *format, *told;
};

static const struct told written[] = {
    {"asciicast", "0 begin 80x24 1700000000.000000000 term=vt100 shell=/bin/sh "
		  "command=a \"b\"\n"
		  "0 0.001234000 o a\\ef\\bf\\bd\n"
		  "0 0.002345000 o \\c3\\a9 \"\\5c\n"
		  "0 0.003456000 i ls\\0d\n"
		  "0 0.003456000 k typed without echo: not recorded\n"
		  "0 1.000000000 s 90x30\n"
		  "0 1.000000000 k signal TSTP\n"
		  "0 1.000000000 k 12 bytes of output are missing here\n"
		  "0 1.000000000 k output may be missing before this\n"
		  "0 2.000000000 o \\ef\\bf\\bd\n"},
    {"asciicast-v3",
	"0 begin 80x24 1700000000.000000000 term=vt100 shell=/bin/sh "
	"command=a \"b\"\n"
	"0 0.001000000 o a\\ef\\bf\\bd\n"
	"0 0.002000000 o \\c3\\a9 \"\\5c\n"
	"0 0.003000000 i ls\\0d\n"
	"0 0.003000000 k typed without echo: not recorded\n"
	"0 1.000000000 s 90x30\n"
	"0 1.000000000 k signal TSTP\n"
	"0 1.000000000 k 12 bytes of output are missing here\n"
	"0 1.000000000 k output may be missing before this\n"
	"0 2.000000000 c 3\n"
	"0 2.000000000 o \\ef\\bf\\bd\n"},
    {"script", "0 begin 80x24 1700000000.000000000 tty=pts/3 term=vt100 "
	       "shell=/bin/sh command=a \"b\"\n"
	       "0 0.001234000 o a\\ff\\c3\n"
	       "0 0.002345000 o \\a9 \"\\5c\n"
	       "0 0.003456000 i ls\\0d\n"
	       "0 1.000000000 s 90x30\n"
	       "0 1.000000000 k signal TSTP\n"
	       "0 2.000000000 o \\f0\\9f\n"
	       "0 2.000000000 c 3\n"},
    {"script-classic",
	"0 begin 80x24 1700000000.000000000 tty=pts/3 term=vt100\n"
	"0 0.001234000 o a\\ff\\c3\n"
	"0 0.002345000 o \\a9 \"\\5c\n"
	"0 2.000000000 o \\f0\\9f\n"
	"0 2.000000000 c 3\n"},
    {"ttyrec", "0 begin 80x24 1700000000.123456000\n"
	       "0 0.001235000 o a\\ff\\c3\n"
	       "0 0.002346000 o \\a9 \"\\5c\n"
	       "0 2.000001000 o \\f0\\9f\n"},
    {"tlog", "0 begin 80x24 1700000000.123000000 ses=7 pid=26 host=web "
	     "boot=0123456789abcdef0123456789abcdef user=ann term=vt100 "
	     "title=0123456789abcdef0123456789abcdef-1a-18bcfe5687b\n"
	     "0 0.001000000 o a\\ff\n"
	     "0 0.002000000 o \\c3\\a9 \"\\5c\n"
	     "0 0.003000000 i ls\\0d\n"
	     "0 1.000000000 s 90x30\n"
	     "0 1.000000000 o \\f0\\9f\n"},
    {"sudo",
	"0 begin 80x24 1700000000.000000000 user=ann target=root tty=pts/3 "
	"command=a \"b\" cwd=/srv\n"
	"0 0.001234567 o a\\ff\\c3\n"
	"0 0.002345678 o \\a9 \"\\5c\n"
	"0 0.003456789 i ls\\0d\n"
	"0 1.000000000 s 90x30\n"
	"0 1.000000000 k signal TSTP\n"
	"0 2.000000999 o \\f0\\9f\n"},
};

/* A command without a terminal: two streams, bare newlines. */
static const struct piece command_pieces[] = {
    {.type = PIECE_OUTPUT, .boot = 0, .bytes = {"a\n\xc3", 3}},
    {.type = PIECE_ERRORS, .boot = 0, .bytes = {"\nb\n\n", 4}},
    {.type = PIECE_OUTPUT, .boot = 0, .bytes = {"\xa9\n", 2}},
    {.type = PIECE_LEFT_OUT, .boot = 0},
    {.type = PIECE_LEFT_OUT, .boot = 0, .lost = 9},
    {.type = PIECE_END, .boot = 0},
};

static const struct told command_written[] = {
    {"asciicast", "0 begin 80x24 1700000000.000000000 command=ls\n"
		  "0 0.000000000 o a\\0d\\0a\n"
		  "0 0.000000000 o \\0d\\0ab\\0d\\0a\\0d\\0a\n"
		  "0 0.000000000 o \\c3\\a9\\0d\\0a\n"
		  "0 0.000000000 k output is not recorded from here on\n"
		  "0 0.000000000 k 9 bytes of output were not recorded\n"},
    {"script", "0 begin 0x0 1700000000.000000000 command=ls\n"
	       "0 0.000000000 o a\\0a\\c3\n"
	       "0 0.000000000 o \\0ab\\0a\\0a\n"
	       "0 0.000000000 o \\a9\\0a\n"},
    {"ttyrec", "0 begin 0x0 1700000000.000000000\n"
	       "0 0.000000000 o a\\0a\\c3\n"
	       "0 0.000000000 o \\0ab\\0a\\0a\n"
	       "0 0.000000000 o \\a9\\0a\n"},
    {"tlog", "0 begin 80x24 1700000000.000000000 pid=0 host=localhost "
	     "boot=00000000000000000000000000000000 user=unknown "
	     "term=xterm title=00000000000000000000000000000000-0-18bcfe56800\n"
	     "0 0.000000000 o a\\0d\\0a\\0d\\0ab\\0d\\0a\\0d\\0a"
	     "\\c3\\a9\\0d\\0a\n"},
    {"sudo", "0 begin 0x0 1700000000.000000000 no-tty user=unknown "
	     "target=unknown command=ls cwd=/\n"
	     "0 0.000000000 o a\\0a\\c3\n"
	     "0 0.000000000 r \\0ab\\0a\\0a\n"
	     "0 0.000000000 o \\a9\\0a\n"},
};

static void check_written(const struct told *t, const struct head *head,
    const struct piece *v, size_t n)
{
	const struct format *f = format_find(str_z(t->format));
	struct memory m = {.told = BUF_INIT};
	struct format_files files = {0};
	void *writing = calloc(1, f->writer->size);

	f->writer->begin(writing, &files, head, 5000);
	for (size_t k = 0; k < n; k++) {
		struct piece p = v[k];

		p.boot += 5000;
		f->writer->piece(writing, &files, &p);
	}
	if (f->writer->end)
		f->writer->end(writing, &files);
	for (size_t k = 0; k < FORMAT_PARTS_MAX; k++)
		m.part[k] = buf_str(&files.part[k]);
	memory_read(&m, f, SIZE_MAX);
	assert_string_equal(buf_z(&m.told), t->told);
	for (size_t k = 0; k < FORMAT_PARTS_MAX; k++)
		buf_free(&files.part[k]);
	free(writing);
	buf_free(&m.told);
}

static void test_writing(void **state)
{
	const struct head head = {.time = 1700000000123456789,
	    .cols = 80,
	    .rows = 24,
	    .ses = 7,
	    .pid = 26,
	    .host = STR("web"),
	    .boot = STR("0123456789abcdef0123456789abcdef"),
	    .user = STR("ann"),
	    .target = STR("root"),
	    .tty = STR("pts/3"),
	    .term = STR("vt100"),
	    .shell = STR("/bin/sh"),
	    .command = STR("a \"b\""),
	    .cwd = STR("/srv")};

	(void)state;
	for (size_t i = 0; i < sizeof written / sizeof *written; i++)
		check_written(
		    &written[i], &head, pieces, sizeof pieces / sizeof *pieces);
}

static void test_writing_command(void **state)
{
	struct head head = HEAD_NONE;

	(void)state;
	head.time = 1700000000000000000;
	head.no_tty = true;
	head.command = STR("ls");
	for (size_t i = 0; i < sizeof command_written / sizeof *command_written;
	     i++)
		check_written(&command_written[i], &head, command_pieces,
		    sizeof command_pieces / sizeof *command_pieces);
}

/* Nothing in it acts on the terminal of who looks at the file. */
static void test_quiet(void **state)
{
	static const char *const names[] = {
	    "asciicast", "asciicast-v3", "tlog"};
	const struct head head = {.host = STR("\033]0;x\007"),
	    .user = STR("\xc2\x9b"
			"1m")};
	const struct piece p = {
	    .type = PIECE_OUTPUT, .bytes = STR("\033[1m\x7f\xe2\x80\xae")};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct format *f = format_find(str_z(names[i]));
		void *writing = calloc(1, f->writer->size);
		struct format_files files = {0};
		const struct buf *b = &files.part[0];

		assert_false(f->hostile);
		f->writer->begin(writing, &files, &head, 0);
		f->writer->piece(writing, &files, &p);
		f->writer->end(writing, &files);
		for (size_t k = 0; k < b->n; k++)
			assert_true(b->p[k] == '\n' ||
				    (b->p[k] >= ' ' && b->p[k] < 0x7f));
		free(writing);
		buf_free(&files.part[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_reading),
	    cmocka_unit_test(test_detect),
	    cmocka_unit_test(test_writing),
	    cmocka_unit_test(test_writing_command),
	    cmocka_unit_test(test_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
