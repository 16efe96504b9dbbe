/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sources/test_sink.h"

static const uint8_t key[16] = "0123456789abcde";

static void test_list(void **state)
{
	for (size_t i = 0; sources[i]; i++) {
		const struct source *s = sources[i];

		assert_ptr_equal(source_find(str_z(s->name)), s);
		assert_true(s->probe && s->open && s->feed && s->finish);
		assert_true(s->held && s->close && s->summary);
		assert_int_equal(s->joins, s->next != NULL);
	}
	assert_null(source_find(STR("no-such-source")));
	assert_null(source_find(STR("")));
}

static void test_detect_nothing(void **state)
{
	static const char *const heads[] = {
	    "",
	    "\n",
	    "\n\n\n",
	    "hello world\n",
	    "\177ELF\x02\x01\x01",
	    "GIF89a",
	    "<html><body></body></html>\n",
	    "int main(void);\n",
	    /* dpkg.log */
	    "2026-11-23 01:36:39 install sudo:amd64 <none> 1.9.13p3-1\n"
	    "2026-11-23 01:36:39 status half-installed sudo:amd64 1.9.13p3-1\n",
	    /* a change log made by git */
	    "2022-02-04 10:00:00 +0000  A. Name <name@example.org>\n\n"
	    "\t* src/file.c:\n",
	    "Aug  5 10:00:00 2026 a line of prose, without a program\n",
	    "{\"time\":\"2026-08-05T10:00:00Z\",\"message\":\"an app's\"}\n",
	};

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		struct str host = STR("x");
		int64_t time = 7;

		assert_null(
		    source_detect(str_z(heads[i]), "file", &host, &time));
		assert_null(host.p);
		assert_int_equal(time, 0);
	}
}

/* A key file of 561 bytes is no slot of lastlog. */
static void test_detect_public_key(void **state)
{
	static const char begin[] = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB";
	char head[561];
	struct str host;
	int64_t time;

	memset(head, 'x', sizeof head);
	memcpy(head, begin, sizeof begin - 1);
	head[sizeof head - 1] = '\n';
	assert_null(source_detect(
	    str_make(head, sizeof head), "ssh_host_rsa_key.pub", &host, &time));
}

/* Files of real systems under names that say nothing. */
static void test_detect_real(void **state)
{
	static const struct {
		const char *path, *source;
	} cases[] = {
	    {"sshd-9.2p1-verbose/wtmp", "utmp"},
	    {"sshd-9.2p1-verbose/utmp", "utmp"},
	    {"sshd-9.2p1-verbose/btmp", "utmp"},
	    {"sshd-9.2p1-verbose/auth.iso8601.log", "auth-log"},
	    {"sshd-9.2p1-verbose/auth.rfc3164.log", "auth-log"},
	    {"sshd-9.2p1-verbose/auth.rfc5424.log", "auth-log"},
	    {"sshd-9.2p1-verbose/auth.jsonl", "auth-log"},
	    {"journal-252/entries.export", "journal"},
	    {"journal-252/entries.json", "journal"},
	    {"audit-real/raw-node.log", "audit"},
	    {"audit-real/enriched.log", "audit"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str data = test_corpus(cases[i].path), host;
		const struct source *src;
		int64_t time;

		src = source_detect(str_upto(data, 1 << 16), "x", &host, &time);
		assert_non_null(src);
		assert_string_equal(src->name, cases[i].source);
		free((void *)(uintptr_t)data.p);
	}
}

static void test_id_delimits_parts(void **state)
{
	char big[300];
	struct str many[200];
	uint64_t ids[9];

	memset(big, 'a', sizeof big);
	for (size_t i = 0; i < 200; i++)
		many[i] = str_make(big, i % 64);
	ids[0] = source_id(key, (struct str[]){STR("ab"), STR("c")}, 2);
	ids[1] = source_id(key, (struct str[]){STR("a"), STR("bc")}, 2);
	ids[2] = source_id(key, (struct str[]){STR("abc")}, 1);
	ids[3] = source_id(key, (struct str[]){STR("abc"), STR_NONE}, 2);
	ids[4] = source_id(key, NULL, 0);
	ids[5] = source_id(key, (struct str[]){str_make(big, 300)}, 1);
	ids[6] = source_id(key, (struct str[]){str_make(big, 299)}, 1);
	ids[7] = source_id(key, many, 200);
	many[0] = STR("z");
	ids[8] = source_id(key, many, 200);
	for (size_t i = 0; i < 9; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(ids[i] != ids[k]);
	assert_true(
	    ids[0] == source_id(key, (struct str[]){STR("ab"), STR("c")}, 2));
	assert_true(ids[0] != source_id((const uint8_t *)"fedcba9876543210",
				  (struct str[]){STR("ab"), STR("c")}, 2));
}

static void test_unparsed_keeps_ten(void **state)
{
	struct source_sink sink = {.lines = 0};
	char text[500];

	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < 12; i++) {
		sink.lines++;
		source_unparsed(
		    &sink, i * 100, str_make(text, i * 30), "a number");
	}
	assert_int_equal(sink.unparsed, 12);
	assert_int_equal(sink.n_examples, 10);
	assert_int_equal(sink.examples[0].n, 0);
	assert_int_equal(sink.examples[6].n, 180);
	assert_int_equal(sink.examples[9].n, 200);
	assert_int_equal(sink.examples[9].line, 10);
	assert_int_equal(sink.examples[9].offset, 900);
	assert_string_equal(sink.examples[9].expected, "a number");
}

static void test_line(void **state)
{
	struct str data = STR("one\ntwo\r\n\n\r\nfive");
	static const char *const want[] = {"one", "two", "", "", "five"};
	struct str line;
	size_t at = 0;
	bool skip = false, cut;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(
		    source_line(data, &at, false, &skip, &line, &cut), 1);
		assert_true(str_eqz(line, want[i]));
		assert_false(cut);
	}
	assert_int_equal(source_line(data, &at, false, &skip, &line, &cut), 0);
	assert_int_equal(at, data.n - 4);
	assert_int_equal(source_line(data, &at, true, &skip, &line, &cut), 1);
	assert_true(str_eqz(line, want[4]));
	assert_int_equal(at, data.n);
	assert_int_equal(source_line(data, &at, true, &skip, &line, &cut), 0);
}

/* Feed data in chunks; describe every line as "LENGTH[!] ". */
static void lines_of(struct str data, size_t chunk, char *ret, size_t size)
{
	bool skip = false, cut, last = false;
	size_t begin = 0, have = 0, n = 0;
	struct str line;

	ret[0] = '\0';
	while (!last) {
		size_t at = 0;

		have = have + chunk < data.n ? have + chunk : data.n;
		last = have == data.n;
		while (source_line(str_make(data.p + begin, have - begin), &at,
			   last, &skip, &line, &cut) == 1)
			n += (size_t)snprintf(ret + n, size - n, "%zu%s ",
			    line.n, cut ? "!" : "");
		begin += at;
		assert_true(have - begin < SOURCE_LINE_MAX);
	}
	assert_int_equal(begin, data.n);
	assert_false(skip);
}

static void test_line_overlong(void **state)
{
	static const struct {
		size_t lens[4];
		bool newline_at_end;
		const char *want;
	} cases[] = {
	    {{3, 65535, 4}, true, "3 65535 4 "},
	    {{3, 65536, 4}, true, "3 65535! 4 "},
	    {{65537, 200000, 65535}, true, "65535! 65535! 65535 "},
	    {{1, 65536}, false, "1 65535! "},
	    {{1, 300000}, false, "1 65535! "},
	    {{1, 65535}, false, "1 65535 "},
	};
	static const size_t chunks[] = {1000, 65536, 65537, 1000000};
	char *text = malloc(1 << 20), got[200];

	assert_non_null(text);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = 0;

		for (size_t k = 0; cases[i].lens[k]; k++) {
			memset(text + n, 'x', cases[i].lens[k]);
			n += cases[i].lens[k];
			text[n++] = '\n';
		}
		if (!cases[i].newline_at_end)
			n--;
		for (size_t k = 0; k < 4; k++) {
			lines_of(str_make(text, n), chunks[k], got, sizeof got);
			assert_string_equal(got, cases[i].want);
		}
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_detect_nothing),
	    cmocka_unit_test(test_detect_public_key),
	    cmocka_unit_test(test_detect_real),
	    cmocka_unit_test(test_id_delimits_parts),
	    cmocka_unit_test(test_unparsed_keeps_ten),
	    cmocka_unit_test(test_line),
	    cmocka_unit_test(test_line_overlong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
