/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/test_sink.h"

static const struct source *source(void)
{
	return source_find(STR("passwd"));
}

static void test_source(void **state)
{
	static const struct {
		const char *line, *event; /* NULL: not understood */
	} cases[] = {
	    {"root:x:0:0:root:/root:/bin/bash",
		"user=root auid=0 gid=0 path=/root op=passwd "
		"text=/bin/bash\n"},
	    {"ann:x:3001:100:Ann,,,:/home/ann:",
		"user=ann auid=3001 gid=100 path=/home/ann op=passwd\n"},
	    {"big:x:4294967295:4294967295:::\r",
		"user=big auid=4294967295 gid=4294967295 op=passwd\n"},
	    {"a b\x1b:x:1:1::/:x y",
		"user=a\\x20b\\x1b auid=1 gid=1 path=/ op=passwd "
		"text=x\\x20y\n"},
	    {"a:x:4294967296:1:::", NULL},
	    {"a:x:-1:1:::", NULL},
	    {"a:x: 1:1:::", NULL},
	    {":x:1:1:::", NULL},
	    {"+::::::", NULL},
	    {"a:x:1:1::", NULL},
	    {"a:x:1:1::::", NULL},
	    {"# comment", NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct source_input in = test_input("etc/passwd");
		struct test_sink *t = test_sink_new();
		char data[200];
		int n = snprintf(data, sizeof data, "%s\n", cases[i].line);

		assert_int_equal(test_run(source(), &in,
				     str_make(data, (size_t)n), i % 5, t),
		    0);
		assert_int_equal(t->sink.lines, 1);
		assert_int_equal(t->sink.unparsed, cases[i].event == NULL);
		if (cases[i].event)
			assert_string_equal(
			    strstr(test_sink_text(t), "user="), cases[i].event);
		else
			assert_int_equal(t->n, 0);
		test_sink_free(t);
	}
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		int score;
	} cases[] = {
	    {"root:x:0:0:root:/root:/bin/bash\n", 80},
	    {"root:x:0:0:root:/root:/bin/bash\nx\n", 0},
	    {"root:x:0:\nann:x:3001:\n", 0},
	    {"root:$6$x:19000:0:99999:7:::\n", 0},
	    {"", 0},
	};
	struct str host;
	int64_t time;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(
		    source()->probe(str_z(cases[i].head), "x", &host, &time),
		    cases[i].score);
	assert_int_equal(
	    source()->probe(str_z(cases[0].head), "etc/passwd", &host, &time),
	    95);
}

static void test_sink_error_is_returned(void **state)
{
	struct source_input in = test_input("passwd");
	struct test_sink *t = test_sink_new();

	t->fail_with = -ENOSPC;
	assert_int_equal(
	    test_run(source(), &in, STR("a:x:1:1:::\n"), 0, t), -ENOSPC);
	test_sink_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_source),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_sink_error_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
