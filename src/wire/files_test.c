/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What came, as "NAME=BYTES;". */
struct got {
	struct buf text;
	int refuse; /* to be returned for bytes */
};

static int begin(void *ctx, const char *name)
{
	struct got *g = ctx;

	buf_printf(&g->text, "%s%s=", g->text.n ? ";" : "", name);
	return 0;
}

static int add(void *ctx, struct str bytes)
{
	struct got *g = ctx;

	buf_add_str(&g->text, bytes);
	return g->refuse;
}

/* In parts of so many bytes; frees what was got before. */
static int read_in(
    struct files_reader *r, struct got *g, struct str all, size_t part)
{
	int e = 0;

	buf_free(&g->text);
	*r = (struct files_reader){.to = {begin, add, g}};
	while (e == 0 && all.n) {
		e = files_read(r, str_upto(all, part));
		all = str_from(all, part);
	}
	return e;
}

static void test_round_trip(void **state)
{
	const struct evidence_size size = {300000, 17, 2};
	struct files_reader r;
	struct got g = {.text = BUF_INIT};
	struct buf b = BUF_INIT;

	files_write_name(&b, "README.txt");
	files_write_bytes(&b, STR("one\nfile x\n"));
	files_write_wait(&b);
	files_write_bytes(&b, STR("two"));
	files_write_name(&b, "chain1/frames");
	files_write_name(&b, "z");
	files_write_bytes(&b, STR(""));
	files_write_whole(&b, &size);
	for (size_t part = 1; part <= b.n; part++) {
		assert_int_equal(read_in(&r, &g, buf_str(&b), part), 0);
		assert_true(str_eqz(buf_str(&g.text),
		    "README.txt=one\nfile x\ntwo;chain1/frames=;z="));
		assert_true(r.ended && r.status == 0);
		assert_memory_equal(&r.size, &size, sizeof size);
	}
	/* Cut off anywhere, it has not ended. */
	for (size_t n = 0; n < b.n; n++) {
		assert_int_equal(
		    read_in(&r, &g, str_upto(buf_str(&b), n), 7), 0);
		assert_false(r.ended);
	}
	/* Nothing comes behind its end. */
	files_write_wait(&b);
	assert_int_equal(read_in(&r, &g, buf_str(&b), b.n), -EBADMSG);
	buf_free(&g.text);
	buf_free(&b);
}

static void test_failure(void **state)
{
	struct files_reader r;
	struct got g = {.text = BUF_INIT};
	struct buf b = BUF_INIT;

	files_write_name(&b, "a");
	files_write_failed(&b, 429, "not signed yet:\ntry again");
	assert_int_equal(read_in(&r, &g, buf_str(&b), 3), 0);
	assert_true(r.ended);
	assert_int_equal(r.status, 429);
	assert_string_equal(r.why, "not signed yet: try again");
	/* What the sink says ends it. */
	g.refuse = -ENOSPC;
	assert_int_equal(
	    read_in(&r, &g, STR("file a\nbytes 1\nx"), 100), -ENOSPC);
	buf_free(&g.text);
	buf_free(&b);
}

static void test_hostile(void **state)
{
	static const char *const bad[] = {"file \n", "file /etc/passwd\n",
	    "file ../a\n", "file a/../b\n", "file a/\n", "file .a\n",
	    "file a/.b\n", "file a/b/c\n", "file a b\n", "bytes 1\nx",
	    "file a\nbytes 1048577\n", "file a\nbytes -1\n", "file a\nbytes \n",
	    "waits\n", "whole\n", "whole 1 2\n", "whole 1 2 x\n",
	    "failed x y\n", "failed 200 fine\n", "\n", "nonsense\n"};
	struct files_reader r;
	struct got g = {.text = BUF_INIT};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (read_in(&r, &g, str_z(bad[i]), 2) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	buf_add_z(&b, "file ");
	for (int i = 0; i <= FILES_NAME_MAX; i++)
		buf_add_char(&b, 'a');
	buf_add_char(&b, '\n');
	assert_int_equal(read_in(&r, &g, buf_str(&b), 1000), -EBADMSG);
	/* A line without an end takes no memory. */
	buf_clear(&b);
	for (int i = 0; i < 2000; i++)
		buf_add_char(&b, 'a');
	assert_int_equal(read_in(&r, &g, buf_str(&b), 100), -EBADMSG);
	buf_free(&g.text);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_failure),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
