/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/companions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "cli/import/scratch_test.h"

#define CLASSIC "0.1 5\n0.2 6\n"
#define ADVANCED                                                               \
	"H 0.000000 START_TIME 2026-11-26 00:09:32+00:00\n"                    \
	"H 0.000000 OUTPUT_LOG /home/ann/out\n"                                \
	"H 0.000000 INPUT_LOG ../../etc/in\nO 0.1 5\n"
#define SHOWN "Script started on 2026-11-26\nhello\n"
#define TIMED "4 0.1 5\n3 0.2 1\n"
#define LONE  "bytes of a recording: name the timing file that goes with it, too"

struct row {
	const char *name, *content;
	/* The names of its parts, or why it is not read; "-": it is gone, as a
	 * part of another one. */
	const char *want;
};

static const struct row beside_each_other[] = {
    {"a.out", SHOWN, "-"},
    {"a.timing", CLASSIC, "a.out"},
    {"ab.out", SHOWN, "-"},
    {"ab.timing", CLASSIC, "ab.out"},
    {"b.out", SHOWN, LONE},
    {"c.timing", CLASSIC, ""},
    {"x/timing", CLASSIC, "x/typescript"},
    {"x/typescript", SHOWN, "-"},
    {"y/timing.1", CLASSIC, "y/typescript.1"},
    {"y/timing.2", CLASSIC, "y/typescript.2"},
    {"y/typescript.1", SHOWN, "-"},
    {"y/typescript.2", SHOWN, "-"},
    /* Either could be of it. */
    {"z/tap", SHOWN, LONE},
    {"z/timing", CLASSIC, ""},
    {"z/two", SHOWN, LONE},
};

/* Where they are said to lie elsewhere, it is those of this directory. */
static const struct row named[] = {
    {"in", SHOWN, "-"},
    {"out", SHOWN, "-"},
    {"out2", SHOWN, LONE},
    {"s", ADVANCED, "out in"},
};

static const struct row only_ones[] = {
    {"one", CLASSIC, "two"},
    {"two", SHOWN, "-"},
};

static const struct row fixed[] = {
    {"1/log", "1700000000:ann:root::/dev/pts/1:24:80\n/\nsh\n", "-"},
    {"1/timing", TIMED, "1/log 1/ttyin 1/ttyout"},
    {"1/ttyin", "x", "-"},
    {"1/ttyout", "hello", "-"},
    {"2/timing", TIMED, ""},
    {"ttyout", "hello", "not a format that sshtrail reads"},
};

/* Of a path, what is behind the scratch directory. */
static const char *within(const struct scratch *s, const char *path)
{
	return strstr(path, s->dir) + strlen(s->dir) + 1;
}

static void tell(
    const struct scratch *s, const struct import_file *f, struct buf *ret)
{
	if (!f->format) {
		buf_add_z(ret, f->why_not);
		return;
	}
	for (size_t k = 1; k < FORMAT_PARTS_MAX; k++) {
		if (!f->parts[k])
			continue;
		buf_add_z(ret, ret->n ? " " : "");
		buf_add_z(ret, within(s, f->parts[k]));
	}
}

static void check(struct scratch *s, const struct row *rows, size_t n)
{
	struct import_files files = {0};
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		char name[2] = {rows[i].name[0], '\0'};

		if (rows[i].name[1] == '/')
			(void)mkdir(scratch_path(s, name), 0700);
		scratch_file(s, rows[i].name, str_z(rows[i].content));
	}
	assert_int_equal(import_files_add(&files, s->dir, s->dir, NULL), 0);
	assert_int_equal(files.n, n);
	import_files_detect(&files);
	for (size_t i = 0; i < n; i++) {
		struct buf told = BUF_INIT;

		for (size_t k = 0; k < files.n; k++)
			if (!strcmp(within(s, files.v[k].path), rows[i].name)) {
				tell(s, &files.v[k], &told);
				found++;
			}
		if (strcmp(buf_z(&told), rows[i].want) != 0 &&
		    strcmp(rows[i].want, "-") != 0)
			fail_msg("%s: %s", rows[i].name, buf_z(&told));
		found += strcmp(rows[i].want, "-") == 0;
		buf_free(&told);
	}
	assert_int_equal(found, n);
	import_files_free(&files);
}

#define CHECK(rows) check(*state, rows, sizeof rows / sizeof *(rows))

static void test_beside_each_other(void **state)
{
	CHECK(beside_each_other);
}

static void test_only_ones(void **state)
{
	CHECK(only_ones);
}

static void test_named(void **state)
{
	CHECK(named);
}

static void test_fixed(void **state)
{
	CHECK(fixed);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_beside_each_other),
	    TEST(test_only_ones),
	    TEST(test_named),
	    TEST(test_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
