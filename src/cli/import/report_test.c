/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/import/scratch_test.h"

#define HOSTILE	    "/l/\033]0;x\a\n\x9b\xff\xe2\x80\xae\"\\.log"
#define HOSTILE_OUT "/l/\\x1b]0;x\\x07\\n\\x9b\\xff\\u202e\"\\.log"

static void assert_text(const struct import_totals *t,
    const struct import_files *files, const char *want)
{
	struct buf b = BUF_INIT;

	import_summary_text(&b, t, files);
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_z(&b), want);
	buf_free(&b);
}

static void assert_json(const struct import_totals *t,
    const struct import_files *files, const char *want)
{
	struct buf b = BUF_INIT;

	import_summary_json(&b, t, files);
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_z(&b), want);
	buf_free(&b);
}

static void test_nothing(void **state)
{
	const struct import_totals t = {0};
	const struct import_files files = {0};

	assert_text(&t, &files,
	    "Imported 0 files\n"
	    "  0 lines and records, 0 events added\n");
	assert_json(&t, &files,
	    "{\"files_read\":0,\"files_known\":0,\"bytes\":0,\"lines\":0,"
	    "\"unparsed\":0,\"events\":0,\"seen_again\":0,\"completed\":0,"
	    "\"gaps\":0,\"damaged\":0,\"masked\":0,\"kinds\":{},\"examples\":[]"
	    ","
	    "\"not_read\":[]}\n");
}

static void test_one_and_many(void **state)
{
	static const struct {
		struct import_totals t;
		const char *text;
	} rows[] = {
	    {{.files_read = 1,
		 .files_known = 1,
		 .lines = 1,
		 .events = 1,
		 .by_kind[EVENT_EXEC] = 1},
		"Imported 1 file; nothing new in 1 other\n"
		"  1 line or record, 1 event added\n"
		"    exec 1\n"},
	    {{.files_known = 2}, "Imported 0 files; nothing new in 2 others\n"
				 "  0 lines and records, 0 events added\n"},
	    {{.files_read = 2,
		 .lines = 9,
		 .events = 3,
		 .seen_again = 4,
		 .gaps = 1,
		 .by_kind = {[EVENT_EXEC] = 2, [EVENT_GAP] = 1}},
		"Imported 2 files\n"
		"  9 lines and records, 3 events added, 4 known already\n"
		"    exec 2, gap 1\n"
		"  gaps found: 1 (sshtrail search --kind gap)\n"},
	    {{.files_read = 1, .masked = 1, .masked_in = 1},
		"Imported 1 file\n"
		"  0 lines and records, 0 events added\n"
		"  typed and not shown: left out 1 time in 1 recording "
		"(--keep-unechoed keeps it)\n"},
	    {{.files_read = 2, .masked = 3, .masked_in = 2},
		"Imported 2 files\n"
		"  0 lines and records, 0 events added\n"
		"  typed and not shown: left out 3 times in 2 recordings "
		"(--keep-unechoed keeps it)\n"},
	};
	const struct import_files files = {0};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_text(&rows[i].t, &files, rows[i].text);
}

static void test_hostile(void **state)
{
	static const char text[] = "a\0b\033[2J\n\xc3";
	struct import_file v[] = {
	    {.path = literal(HOSTILE), .why_not = "empty"},
	    {.path = literal("/l/read.log"), .source = sources[0]}};
	const struct import_files files = {.v = v, .n = 2};
	struct import_totals t = {.files_read = 1,
	    .lines = 2,
	    .unparsed = 1,
	    .n_examples = 1,
	    .examples[0] = {.path = literal(HOSTILE),
		.line = 18446744073709551615u,
		.expected = "a \"time\"",
		.n = sizeof text - 1}};

	memcpy(t.examples[0].text, text, sizeof text - 1);
	assert_text(&t, &files,
	    "Imported 1 file\n"
	    "  2 lines and records, 0 events added\n"
	    "  not understood: 1 line\n"
	    "    " HOSTILE_OUT ":18446744073709551615: expected a \"time\", "
	    "found: a\\x00b\\x1b[2J\\n\\xc3\n"
	    "  not read: 1 file\n"
	    "    " HOSTILE_OUT ": empty\n");
}

/* Every byte below 0x80 that JSON forbids in strings is escaped, and quotes. */
static void test_hostile_json(void **state)
{
	struct import_file v[] = {
	    {.path = literal("/\"\\\n\033\x7f"), .why_not = "empty"},
	    {.path = literal(HOSTILE), .why_not = "empty"}};
	struct import_files files = {.v = v, .n = 1};
	const struct import_totals t = {0};
	struct buf b = BUF_INIT;

	import_summary_json(&b, &t, &files);
	assert_non_null(
	    strstr(buf_z(&b), "\"not_read\":[{\"file\":\"/\\\"\\\\\\n\\u001b"));
	assert_non_null(strstr(buf_z(&b), "\",\"reason\":\"empty\"}]}\n"));
	buf_clear(&b);
	files.n = 2;
	import_summary_json(&b, &t, &files);
	assert_non_null(strstr(buf_z(&b), "\"empty\"},{\"file\":\"/l/"));
	for (size_t i = 0; i + 1 < b.n; i++)
		assert_true((unsigned char)b.p[i] >= ' ');
	assert_true(b.p[b.n - 1] == '\n');
	buf_free(&b);
}

static void test_skipped_folded(void **state)
{
	struct import_file v[11];
	struct import_files files = {.v = v};
	const struct import_totals t = {0};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < 11; i++)
		v[i] = (struct import_file){
		    .path = literal("/x"), .why_not = "empty"};
	files.n = 8;
	import_summary_text(&b, &t, &files);
	assert_null(strstr(buf_z(&b), "more"));
	buf_clear(&b);
	files.n = 11;
	import_summary_text(&b, &t, &files);
	assert_non_null(strstr(
	    buf_z(&b), "  not read: 11 files\n    /x: empty\n    /x: empty\n"));
	assert_non_null(strstr(buf_z(&b), "    /x: empty\n    and 3 more\n"));
	buf_free(&b);
}

/* Every kind with a number of 20 digits: lines that still fit a terminal. */
static void test_kinds_folded(void **state)
{
	struct import_totals t = {.files_read = 1, .events = UINT64_MAX};
	const struct import_files files = {0};
	struct buf b = BUF_INIT;
	struct str rest, line;
	size_t n = 0;

	for (unsigned k = 0; k < EVENT_N_KINDS; k++)
		t.by_kind[k] = 999999;
	import_summary_text(&b, &t, &files);
	rest = buf_str(&b);
	while (str_cut(&rest, '\n', &line), line.n) {
		assert_true(line.n < 80);
		n++;
	}
	assert_in_range(n, 5, 14);
	buf_free(&b);
}

static void test_progress_off_terminal(void **state)
{
	const struct import_files files = {0};
	struct import_progress p;
	struct import_file f = {.path = literal(HOSTILE)};
	const struct import_totals t = {0};
	int ends[2];
	char c;

	assert_int_equal(pipe(ends), 0);
	import_progress_start(&p, ends[1], &files);
	assert_int_equal(p.fd, -1);
	p.started = 0;
	import_progress_show(&p, &f, &t);
	import_progress_end(&p);
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

static void test_progress(void **state)
{
	struct import_file v[] = {
	    {.path = literal("/a"), .size = 150, .source = sources[0]},
	    {.path = literal("/b"), .size = 50, .source = sources[0]},
	    {.path = literal("/c"), .size = 999}};
	const struct import_files files = {.v = v, .n = 3};
	const struct import_totals t = {.bytes = 50, .events = 7};
	struct import_file f = {.path = literal(HOSTILE)};
	struct import_progress p;
	char got[200] = "";
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	import_progress_start(&p, -1, &files);
	assert_int_equal(p.total, 200);
	p.fd = ends[1];
	/* Not in the first second, then not too often. */
	import_progress_show(&p, &f, &t);
	import_progress_end(&p);
	assert_int_equal(p.shown, 0);
	p.started = 0;
	import_progress_show(&p, &f, &t);
	import_progress_show(&p, &f, &t);
	import_progress_end(&p);
	close(ends[1]);
	assert_true(read(ends[0], got, sizeof got - 1) > 0);
	assert_string_equal(
	    got, "\r\033[K 25%  7 events  " HOSTILE_OUT "\r\033[K");
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_one_and_many),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_hostile_json),
	    cmocka_unit_test(test_skipped_folded),
	    cmocka_unit_test(test_kinds_folded),
	    cmocka_unit_test(test_progress_off_terminal),
	    cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
