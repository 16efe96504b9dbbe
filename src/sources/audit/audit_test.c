/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of records: the cases in tests/corpus/audit-cases, each with the
 * trap of real logs that it is about, and properties over recorded logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/test_sink.h"

#define MAX_LINES 4000

/* Events in the notation of test_sink.h, and the number of bad lines. */
static struct test_sink *run_text(struct str text, size_t chunk)
{
	struct source_input in = test_input("audit.log");
	struct test_sink *t = test_sink_new();

	assert_int_equal(
	    test_run(source_find(STR("audit")), &in, text, chunk, t), 0);
	return t;
}

static void check_case(
    struct str name, struct str input, struct str want, size_t chunk)
{
	struct test_sink *t = run_text(input, chunk);

	if (t->sink.unparsed)
		buf_printf(&t->text, "unparsed %llu\n",
		    (unsigned long long)t->sink.unparsed);
	if (!str_eqz(want, test_sink_text(t)))
		fail_msg("%.*s\n got: %s\nwant: %.*s", STR_ARG(name),
		    test_sink_text(t), STR_ARG(want));
	test_sink_free(t);
}

/* "# name", lines of input, "=> " and an event each, an empty line. */
static size_t check_cases(const char *file)
{
	struct str all = test_corpus(file), rest = all, line;
	struct buf input = BUF_INIT, want = BUF_INIT;
	struct str name = STR_NONE;
	size_t n = 0;

	while (rest.n) {
		str_cut(&rest, '\n', &line);
		if (str_skip(&line, STR("# "))) {
			name = line;
		} else if (str_skip(&line, STR("=> "))) {
			buf_add_str(&want, line);
			buf_add_char(&want, '\n');
		} else if (line.n) {
			buf_add_str(&input, line);
			buf_add_char(&input, '\n');
		} else {
			check_case(name, buf_str(&input), buf_str(&want), 0);
			check_case(name, buf_str(&input), buf_str(&want), 1);
			check_case(name, buf_str(&input), buf_str(&want), 61);
			buf_clear(&input);
			buf_clear(&want);
			n++;
		}
	}
	buf_free(&input);
	buf_free(&want);
	free((void *)(uintptr_t)all.p);
	return n;
}

static void test_cases(void **state)
{
	assert_true(check_cases("audit-cases/exec.txt") >= 30);
	assert_true(check_cases("audit-cases/file.txt") >= 19);
	assert_true(check_cases("audit-cases/net.txt") >= 12);
	assert_true(check_cases("audit-cases/login.txt") >= 23);
	assert_true(check_cases("audit-cases/priv.txt") >= 11);
	assert_true(check_cases("audit-cases/host.txt") >= 25);
}

static struct str recorded(const char *name, size_t max, struct str *ret_all)
{
	struct str all = test_corpus(name);
	size_t end = str_rfind_char(str_upto(all, max), '\n');

	*ret_all = all;
	return str_upto(all, end + 1);
}

static void test_chunks(void **state)
{
	static const size_t chunks[] = {13, 1000, 4096, 65536, 200000};
	static const char *const names[] = {
	    "audit-real/enriched.log", "audit-real/raw-node.log"};

	for (size_t i = 0; i < 2; i++) {
		struct str all, text = recorded(names[i], 150000, &all);
		struct test_sink *whole = run_text(text, 0);

		assert_true(whole->n > 100);
		assert_int_equal(whole->sink.unparsed, 0);
		for (size_t c = 0; c < 5; c++) {
			struct test_sink *t = run_text(text, chunks[c]);

			assert_string_equal(
			    test_sink_text(t), test_sink_text(whole));
			assert_memory_equal(
			    t->ids, whole->ids, whole->n * sizeof *t->ids);
			assert_memory_equal(t->offsets, whole->offsets,
			    whole->n * sizeof *t->offsets);
			test_sink_free(t);
		}
		test_sink_free(whole);
		free((void *)(uintptr_t)all.p);
	}
}

/* The last word on each id, without what says how it came about. */
struct final {
	uint64_t id;
	struct str text;
};

static int final_cmp(const void *a, const void *b)
{
	const struct final *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Which record of a failed attempt counts for it depends on their order. */
static struct str without_count(struct str line)
{
	bool failed = str_find(line, STR(" success=0")) != STR_NPOS;
	size_t at = str_find(line, STR(" type=USER_"));

	return failed && at != STR_NPOS ? str_from(line, at) : line;
}

/* Later events replace earlier ones; checks that only marked ones do. */
static size_t finals(struct test_sink *t, struct final *ret)
{
	struct str rest = str_z(test_sink_text(t)), line;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		bool amends;
		size_t at = 0;

		str_cut(&rest, '\n', &line);
		amends = str_chop(&line, STR(" amends=1"));
		line = str_upto(line, str_find(line, STR(" text=")));
		while (at < n && ret[at].id != t->ids[i])
			at++;
		if (at < n && !amends)
			fail_msg("told twice: %.*s", STR_ARG(line));
		ret[at] = (struct final){t->ids[i], without_count(line)};
		n += at == n;
	}
	qsort(ret, n, sizeof *ret, final_cmp);
	return n;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

/* Lines moved by up to `reach` places. */
static void shuffle(
    struct str text, uint32_t seed, size_t reach, struct buf *ret)
{
	static struct str lines[MAX_LINES];
	size_t n = 0;

	while (text.n && n < MAX_LINES)
		str_cut(&text, '\n', &lines[n++]);
	for (size_t i = 0; i + 1 < n; i++) {
		size_t left = n - i < reach ? n - i : reach;
		size_t j = i + next_random(&seed) % left;
		struct str keep = lines[i];

		lines[i] = lines[j];
		lines[j] = keep;
	}
	for (size_t i = 0; i < n; i++) {
		buf_add_str(ret, lines[i]);
		buf_add_char(ret, '\n');
	}
}

static void test_shuffled(void **state)
{
	static struct final want[TEST_EVENTS_MAX], got[TEST_EVENTS_MAX];
	struct str all, text = recorded("audit-real/enriched.log", 90000, &all);
	struct test_sink *t = run_text(text, 0);
	size_t n = finals(t, want);

	assert_true(n > 90);
	for (uint32_t seed = 0; seed < 40; seed++) {
		struct buf mixed = BUF_INIT;
		struct test_sink *u;

		shuffle(text, seed, 2 + seed, &mixed);
		u = run_text(buf_str(&mixed), seed % 2 ? 700 : 0);
		assert_int_equal(finals(u, got), n);
		for (size_t i = 0; i < n; i++)
			if (got[i].id != want[i].id ||
			    !str_eq(got[i].text, want[i].text))
				fail_msg("seed %u\n got: %.*s\nwant: %.*s",
				    seed, STR_ARG(got[i].text),
				    STR_ARG(want[i].text));
		test_sink_free(u);
		buf_free(&mixed);
	}
	test_sink_free(t);
	free((void *)(uintptr_t)all.p);
}

/* An event straddles rotated files; offsets are those of the newer one. */
static void test_files(void **state)
{
	static const char first[] =
	    "type=LOGIN msg=audit(1700000000.1:5): pid=1 auid=0 ses=1\n"
	    "type=SYSCALL msg=audit(1700000000.1:6): arch=c000003e "
	    "syscall=87 success=yes exit=0 items=1 pid=2\n";
	static const char second[] =
	    "x\n"
	    "type=PATH msg=audit(1700000000.1:6): item=0 name=\"/f\" "
	    "nametype=DELETE\n"
	    "type=PROCTITLE msg=audit(1700000000.1:6): proctitle=61\n";
	const struct source *src = source_find(STR("audit"));
	struct source_input in = test_input("audit.log.1");
	struct test_sink *t = test_sink_new();
	struct source_run *run;

	assert_int_equal(src->open(&run, &in, NULL), 0);
	assert_int_equal(test_feed(src, run, str_z(first), 0, t), 0);
	assert_int_equal(t->n, 0);
	assert_int_equal(src->held(run, 999), 0);
	assert_int_equal(src->next(run, &in), 0);
	assert_int_equal(src->held(run, 999), 999);
	assert_int_equal(test_feed(src, run, str_z(second), 0, t), 0);
	assert_int_equal(src->held(run, 999), 2);
	assert_int_equal(src->finish(run, &t->sink), 0);
	assert_int_equal(src->held(run, 999), 999);
	src->close(run);
	assert_int_equal(t->n, 2);
	assert_int_equal(t->offsets[0], -1);
	assert_int_equal(t->offsets[1], 2);
	assert_non_null(strstr(test_sink_text(t), "path=/f op=delete"));
	test_sink_free(t);
}

static void test_error_of_sink(void **state)
{
	struct str all, text = recorded("audit-real/raw-node.log", 9000, &all);
	struct source_input in = test_input("audit.log");
	struct test_sink *t = test_sink_new();

	t->fail_with = -5;
	assert_int_equal(
	    test_run(source_find(STR("audit")), &in, text, 0, t), -5);
	test_sink_free(t);
	free((void *)(uintptr_t)all.p);
}

static void test_probe(void **state)
{
	const struct source *src = source_find(STR("audit"));
	struct str host = STR_NONE;
	int64_t time = 0;

	assert_int_equal(
	    src->probe(STR("node=n1 type=CWD msg=audit(1700000000.123:7): "
			   "cwd=\"/\"\n"),
		"x", &host, &time),
	    99);
	assert_true(str_eqz(host, "n1"));
	assert_int_equal(time, 1700000000123000);
	assert_int_equal(src->probe(STR("----\ntime->Mon\ntype=CWD "
					"msg=audit(1.2:3): x"),
			     "x", &host, &time),
	    90);
	assert_int_equal(
	    src->probe(STR("Nov 22 web sshd[1]: type=x\n"), "x", &host, &time),
	    0);
	assert_int_equal(time, 0);
}

/* Limits: an event of more arguments and text than is kept, and its marks. */
static void test_limits(void **state)
{
	struct buf b = BUF_INIT;
	struct test_sink *t;
	int n = 0;

	buf_add_z(&b, "type=SYSCALL msg=audit(1.1:1): arch=c000003e "
		      "syscall=59 success=yes exit=0 items=0 pid=2\n");
	while (n < 70000) {
		buf_printf(&b, "type=EXECVE msg=audit(1.1:1):");
		for (int i = 0; i < 700; i++, n++)
			buf_printf(&b, " a%d=\"x\"", n);
		buf_add_char(&b, '\n');
	}
	buf_add_z(&b, "type=PROCTITLE msg=audit(1.1:1): proctitle=61\n");
	t = run_text(buf_str(&b), 30000);
	assert_int_equal(t->n, 1);
	assert_non_null(strstr(test_sink_text(t), " cut=1"));
	assert_null(strstr(test_sink_text(t), " partial=1"));
	assert_true(t->text.n > 2 * 65536);
	test_sink_free(t);
	buf_free(&b);
}

static void test_long_line(void **state)
{
	struct buf b = BUF_INIT;
	struct test_sink *t;

	buf_add_z(&b, "type=CWD msg=audit(1.1:1): cwd=\"");
	for (int i = 0; i < 70000; i++)
		buf_add_char(&b, 'x');
	buf_add_z(&b, "\"\ntype=KERNEL msg=audit(1.1:2): res=1\n");
	t = run_text(buf_str(&b), 1000);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->sink.lines, 2);
	assert_int_equal(t->sink.unparsed, 1);
	test_sink_free(t);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_chunks),
	    cmocka_unit_test(test_shuffled),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_error_of_sink),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
