/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/input.h"
#include "sources/test_sink.h"

struct format {
	size_t size, time_bytes;
	bool big;
};

static const struct format formats[] = {
    {292, 4, false},
    {296, 8, false},
    {296, 8, true},
    {292, 4, true},
};

static void put_slot(char *p, const struct format *f, unsigned uid,
    uint64_t sec, const char *line, const char *host)
{
	p += uid * f->size;
	memset(p, 0, f->size);
	for (size_t i = 0; i < f->time_bytes; i++)
		p[f->big ? f->time_bytes - 1 - i : i] =
		    (char)(sec >> (8 * i) & 0xff);
	strncpy(p + f->time_bytes, line, 32);
	strncpy(p + f->time_bytes + 32, host, 256);
}

static const struct source *lastlog(void)
{
	return source_find(STR("lastlog"));
}

static struct test_sink *run(const char *p, size_t n, size_t chunk)
{
	struct test_sink *t = test_sink_new();
	struct source_input in = test_input("lastlog");

	assert_int_equal(test_run(lastlog(), &in, str_make(p, n), chunk, t), 0);
	return t;
}

#define LAST_UID 3001
#define FILE_MAX (((size_t)LAST_UID + 1) * 296)

static void test_slots(void **state)
{
	static const unsigned first_uids[] = {0, 1, 223, 224, 1000};
	static const size_t chunks[] = {0, 300, 4096, 70000};
	char want[500];

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		for (size_t k = 0; k < 20; k++) {
			const struct format *f = &formats[i];
			unsigned uid = first_uids[k % 5];
			char *p = calloc(1, FILE_MAX);
			struct test_sink *t;

			assert_non_null(p);
			put_slot(p, f, uid, 1795000064, "pts/0", "203.0.113.9");
			put_slot(p, f, 2000, 1795000001, "/dev/tty1", "");
			put_slot(p, f, LAST_UID, 1795000002, "pts/1", ":0");
			t = run(p, (LAST_UID + 1) * f->size, chunks[k / 5]);
			snprintf(want, sizeof want,
			    "account 1795000064.000000 auid=%u tty=pts/0 "
			    "addr=203.0.113.9 op=last-login\n"
			    "account 1795000001.000000 auid=2000 tty=tty1 "
			    "op=last-login\n"
			    "account 1795000002.000000 auid=3001 tty=pts/1 "
			    "op=last-login text=:0\n",
			    uid);
			assert_string_equal(test_sink_text(t), want);
			assert_int_equal(t->sink.lines, 3);
			assert_int_equal(t->sink.unparsed, 0);
			assert_int_equal(t->offsets[1], 2000 * f->size);
			test_sink_free(t);
			free(p);
		}
}

static void test_garbage(void **state)
{
	const struct format *f = &formats[0];
	char p[10 * 292 + 5] = {0};
	struct test_sink *t;

	put_slot(p, f, 1, 1795000000, "pts/0", "a");
	put_slot(p, f, 3, 1, "pts/0", "a");
	put_slot(p, f, 5, 1795000000, "pts\x1b", "a");
	put_slot(p, f, 7, 1795000000, "pts/7", "b");
	p[8 * 292 + 291] = 1;
	memset(p + 10 * 292, 1, 5);
	t = run(p, sizeof p, 0);
	assert_string_equal(test_sink_text(t),
	    "account 1795000000.000000 auid=1 tty=pts/0 addr=a op=last-login\n"
	    "account 1795000000.000000 auid=7 tty=pts/7 addr=b "
	    "op=last-login\n");
	assert_int_equal(t->sink.unparsed, 4);
	assert_int_equal(t->sink.examples[0].offset, 3 * 292);
	assert_int_equal(t->sink.examples[3].offset, 10 * 292);
	test_sink_free(t);
}

static void test_probe(void **state)
{
	char zeros[4000] = {0};
	struct str host, head = str_make(zeros, sizeof zeros);
	int64_t time;

	assert_int_equal(lastlog()->probe(head, "x", &host, &time), 0);
	assert_int_equal(
	    lastlog()->probe(head, "var/log/lastlog", &host, &time), 60);
	assert_int_equal(lastlog()->probe(STR(""), "lastlog", &host, &time), 0);
	assert_int_equal(lastlog()->probe(STR("not a lastlog, but long enough "
					      "to be taken for something"),
			     "lastlog", &host, &time),
	    0);
	put_slot(zeros, &formats[1], 2, 1795000000, "pts/0", "x");
	assert_int_equal(lastlog()->probe(head, "x", &host, &time), 50);
	put_slot(zeros, &formats[1], 5, 1795000000, "pts/0", "x");
	assert_int_equal(lastlog()->probe(head, "x", &host, &time), 70);
	assert_int_equal(lastlog()->probe(head, "lastlog.1", &host, &time), 95);
}

static void test_sink_error_is_returned(void **state)
{
	char p[10 * 292] = {0};
	struct source_input in = test_input("lastlog");
	struct test_sink *t = test_sink_new();

	put_slot(p, &formats[0], 1, 1795000000, "pts/0", "a");
	t->fail_with = -ENOSPC;
	assert_int_equal(
	    test_run(lastlog(), &in, str_make(p, sizeof p), 0, t), -ENOSPC);
	test_sink_free(t);
}

static void test_real(void **state)
{
	const char *dir = getenv("SSHTRAIL_CORPUS");
	char name[4096], *p = malloc(1 << 20);
	struct input *in;
	struct test_sink *t;
	size_t n = 0;
	ssize_t r;
	int fd;

	assert_non_null(p);
	snprintf(name, sizeof name, "%s/sshd-9.2p1-verbose/lastlog.gz",
	    dir ? dir : "tests/corpus");
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(input_open(&in, fd, NULL, NULL, NULL), 0);
	while ((r = input_read(in, p + n, ((size_t)1 << 20) - n, NULL)) > 0)
		n += (size_t)r;
	assert_int_equal(r, 0);
	assert_int_equal(n, 3002 * 292);
	t = run(p, n, 65536);
	assert_string_equal(test_sink_text(t),
	    "account 1795348222.000000 auid=3001 tty=pts/0 "
	    "addr=203.0.113.10 op=last-login\n");
	test_sink_free(t);
	input_close(in);
	close(fd);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_slots),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_sink_error_is_returned),
	    cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
