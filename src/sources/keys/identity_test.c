/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/test_sink.h"

#define FP1 "SHA256:4FxrYSLTjDrocpYOzlN3E/yEAR66B+HjWZp9Vjs4NhY"
#define FP2 "SHA256:0ECYBZW5wuslTszU80D2qT2inoxPYUkuMlj3Bm7ilMI"
#define AT  "account 1700000000.000000 person="

static const struct source *source(void)
{
	return source_find(STR("identity"));
}

static struct test_sink *run(struct str data)
{
	struct source_input in = test_input("identity.yaml");
	struct test_sink *t = test_sink_new();

	assert_int_equal(test_run(source(), &in, data, 0, t), 0);
	return t;
}

static void test_maps(void **state)
{
	static const struct {
		const char *map, *events;
		int unparsed, line; /* of the first that is not understood */
	} cases[] = {
	    {"", "", 0, 0},
	    {"# sshtrail identity map\n", "", 0, 0},
	    {"alice: [" FP1 ", \"cert:alice@corp\"]\nbob: " FP2 "\n",
		AT "alice fp=" FP1 " op=identity\n" AT
		   "alice cert_id=alice@corp op=identity\n" AT "bob fp=" FP2
		   " op=identity\n",
		0, 0},
	    {"'Ann O''Neil':\n- " FP1 "\n- " FP2 "\n",
		AT "Ann\\x20O'Neil fp=" FP1 " op=identity\n" AT
		   "Ann\\x20O'Neil fp=" FP2 " op=identity\n",
		0, 0},
	    {"a: []\nb: " FP1, AT "b fp=" FP1 " op=identity\n", 0, 0},
	    /* The same again is no contradiction, another person is. */
	    {"a: " FP1 "\nb: " FP1 "\na: " FP1 "\n",
		AT "a fp=" FP1 " op=identity\n" AT "a fp=" FP1 " op=identity\n",
		1, 2},
	    {"a: MD5:00:11\nb: " FP1 "\n", AT "b fp=" FP1 " op=identity\n", 1,
		1},
	    {"a: " FP1 "=\n", "", 1, 1},
	    {"a: SHA256:short\n", "", 1, 1},
	    {"a: SHA256:4FxrYSLTjDrocpYOzlN3E_yEAR66B-HjWZp9Vjs4NhY\n", "", 1,
		1},
	    {"a: cert:\n", "", 1, 1},
	    {"a:\nb: " FP1 "\n", AT "b fp=" FP1 " op=identity\n", 1, 1},
	    {"\"\": " FP1 "\nb: " FP2 "\n", AT "b fp=" FP2 " op=identity\n", 1,
		1},
	    {"a: {b: " FP1 "}\nb: " FP2 "\n", AT "b fp=" FP2 " op=identity\n",
		1, 1},
	    {"a: [[" FP1 "], " FP2 "]\n", AT "a fp=" FP2 " op=identity\n", 1,
		1},
	    {"? [x]\n: " FP1 "\nb: " FP2 "\n", AT "b fp=" FP2 " op=identity\n",
		1, 1},
	    {"a: &x " FP1 "\nb: *x\nc: " FP2 "\n",
		AT "a fp=" FP1 " op=identity\n" AT "c fp=" FP2 " op=identity\n",
		1, 2},
	    {"- " FP1 "\n- x: y\n", "", 1, 1},
	    {"just text\n", "", 1, 1},
	    {"a: " FP1 "\nb: \"open\n", AT "a fp=" FP1 " op=identity\n", 1, 2},
	    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "", 1, 1},
	    {"a: \xff\xfe\n", "", 1, 1},
	    /* A lone CR breaks lines for YAML, not for editors. */
	    {"a: b\nd: c\r\rt:b\n", "", 2, 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct test_sink *t = run(str_z(cases[i].map));

		assert_string_equal(test_sink_text(t), cases[i].events);
		assert_int_equal(t->sink.unparsed, cases[i].unparsed);
		if (cases[i].unparsed)
			assert_int_equal(
			    t->sink.examples[0].line, cases[i].line);
		test_sink_free(t);
	}
}

static void test_bad_lines_are_shown(void **state)
{
	static const char map[] = "# sshtrail identity map\n"
				  "alice: " FP1 "\n"
				  "bob: sha256:abc\n"
				  "\n"
				  "eve: {}\n"
				  "zoe: " FP2 "\n";
	struct test_sink *t = run(str_make(map, sizeof map - 1));

	assert_int_equal(t->n, 2);
	assert_int_equal(t->offsets[0], 24);
	assert_int_equal(t->sink.lines, 6);
	assert_int_equal(t->sink.unparsed, 2);
	assert_int_equal(t->sink.examples[0].line, 3);
	assert_memory_equal(t->sink.examples[0].text, "bob: sha256:abc", 15);
	assert_int_equal(t->sink.examples[0].n, 15);
	assert_non_null(strstr(t->sink.examples[0].expected, "SHA256:"));
	assert_int_equal(t->sink.examples[1].line, 5);
	test_sink_free(t);
}

static void test_probe(void **state)
{
	static const struct {
		const char *head;
		int score;
	} cases[] = {
	    {"# sshtrail identity map\n", 95},
	    {"alice: " FP1 "\n", 60},
	    {"alice: [\"cert:alice\"]\n", 60},
	    {"---\nalice:\n  - " FP1 "\n", 60},
	    {"a: 1\nb: 2\n", 0},
	    {"", 0},
	    {"Nov 22 11:49:30 h sshd[1]: Accepted publickey for a from "
	     "1.2.3.4 port 5 ssh2: ED25519 " FP1 "\n",
		0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str host;
		int64_t time;

		assert_int_equal(
		    source()->probe(str_z(cases[i].head), "x", &host, &time),
		    cases[i].score);
	}
}

static void test_sink_error_is_returned(void **state)
{
	struct source_input in = test_input("identity.yaml");
	struct test_sink *t = test_sink_new();

	t->fail_with = -ENOSPC;
	assert_int_equal(
	    test_run(source(), &in, STR("a: [" FP1 "]\n"), 0, t), -ENOSPC);
	test_sink_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_maps),
	    cmocka_unit_test(test_bad_lines_are_shown),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_sink_error_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
