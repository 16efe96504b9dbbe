/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of every kind, hostile ones too (tests/corpus/event_format, one a
 * file), in each format, compared with tests/golden/outputs.
 * SSHTRAIL_GOLDEN_UPDATE=1 writes these files anew.
 */
#include "outputs/event_format.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fd.h"
#include "core/event_json.h"
#include "core/json_string.h"

#define CHAIN 0x0123456789abcdef

static void read_event(struct event *ev, const char *name, struct arena *a)
{
	struct buf json = BUF_INIT;
	struct err err = {""};
	char path[4096];

	snprintf(path, sizeof path, "%s/event_format/%s",
	    getenv("SSHTRAIL_CORPUS"), name);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 1 << 20, &json), 0);
	while (json.n && json.p[json.n - 1] == '\n')
		json.n--;
	if (event_from_json(ev, buf_str(&json), a, &err) != 0)
		fail_msg("%s: %s", name, err.text);
	ev->chain = CHAIN;
	ev->session = 0x7f3a000000000001;
	buf_free(&json);
}

static int wanted(const struct dirent *e)
{
	return str_ends(str_z(e->d_name), STR(".json"));
}

static void compare(const char *format, struct str got)
{
	struct buf expected = BUF_INIT;
	char path[4096];

	snprintf(
	    path, sizeof path, "%s/%s.out", getenv("SSHTRAIL_GOLDEN"), format);
	if (getenv("SSHTRAIL_GOLDEN_UPDATE"))
		assert_int_equal(
		    fd_replace_file(AT_FDCWD, path, 0644, got.p, got.n), 0);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 1 << 20, &expected), 0);
	if (!str_eq(buf_str(&expected), got))
		print_error("# %s differs\n", path);
	assert_true(str_eq(buf_str(&expected), got));
	buf_free(&expected);
}

static void test_golden(void **state)
{
	const struct event_format *f = *state;
	const struct format_settings s = FORMAT_SETTINGS_DEFAULT;
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct dirent **names;
	char dir[4096];
	uint64_t kinds = 0;
	int n;

	snprintf(dir, sizeof dir, "%s/event_format", getenv("SSHTRAIL_CORPUS"));
	n = scandir(dir, &names, wanted, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		struct event ev;

		read_event(&ev, names[i]->d_name, &a);
		kinds |= (uint64_t)1 << ev.kind;
		f->write(&ev, &s, &b);
		buf_add_char(&b, '\n');
		free(names[i]);
	}
	free(names);
	/* There is one of each. */
	for (int k = 0; k < EVENT_OTHER; k++)
		if (!(kinds >> k & 1))
			fail_msg("no event of kind %s",
			    event_kind_name((enum event_kind)k));
	compare(f->name, buf_str(&b));
	buf_free(&b);
	arena_free(&a);
}

/* A command of 64 KiB, as no log wants it. */
static void make_long(struct event *ev, struct buf *argv)
{
	buf_add(argv, "tool", 5);
	while (argv->n < 65536)
		buf_add_z(argv, "\xc3\xa4\"]|=\\ ");
	buf_add_char(argv, '\0');
	event_init(ev, EVENT_EXEC);
	ev->host = STR("web-1");
	ev->time = 1795346625123456;
	ev->seq = 9;
	ev->chain = CHAIN;
	event_set_str(ev, F_ARGV, buf_str(argv));
}

static const struct {
	const char *format;
	size_t max; /* bytes of the whole record */
} long_ones[] = {
    {"rfc5424", 8192},
    {"rfc3164", 1024},
    {"cef", 16384},
    {"ecs", 3 * 65536},
    {"ocsf", 3 * 65536},
    {"hec", 3 * 65536},
};

static bool is_text(struct str s)
{
	while (s.n) {
		uint32_t cp;
		size_t n = utf8_decode((const uint8_t *)s.p, s.n, &cp);

		if (n == 0)
			return false;
		s = str_from(s, n);
	}
	return true;
}

static void long_text_is_cut_and_says_so(void **state)
{
	const struct format_settings s = FORMAT_SETTINGS_DEFAULT;
	struct buf argv = BUF_INIT;
	struct event ev;

	make_long(&ev, &argv);
	for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++) {
		const struct event_format *f =
		    event_format_find(str_z(long_ones[i].format));
		struct buf b = BUF_INIT;

		assert_non_null(f);
		f->write(&ev, &s, &b);
		assert_true(b.n <= long_ones[i].max);
		assert_true(is_text(buf_str(&b)));
		assert_true(
		    str_find(buf_str(&b), STR(" bytes]")) != STR_NPOS ||
		    str_find(buf_str(&b), STR(" bytes\\]")) != STR_NPOS);
		assert_true(str_find(buf_str(&b), STR("0123456789abcdef-9")) !=
			    STR_NPOS);
		buf_free(&b);
	}
	buf_free(&argv);
}

static void limits_of_syslog_hold(void **state)
{
	struct format_settings s = FORMAT_SETTINGS_DEFAULT;
	struct buf argv = BUF_INIT, host = BUF_INIT;
	struct event ev;

	make_long(&ev, &argv);
	while (host.n < 300)
		buf_add_char(&host, 'h');
	ev.host = buf_str(&host);
	event_set_int(&ev, F_PID, INT64_MIN);
	for (s.max_message = FORMAT_MESSAGE_MIN; s.max_message < 3000;
	     s.max_message += 7) {
		struct buf b = BUF_INIT;

		event_format_find(STR("rfc5424"))->write(&ev, &s, &b);
		assert_true(b.n <= s.max_message);
		assert_true(
		    str_find(buf_str(&b), STR("cut=\"true\"] ")) != STR_NPOS);
		buf_free(&b);
	}
	buf_free(&argv);
	buf_free(&host);
}

static void settings_are_heeded(void **state)
{
	struct format_settings s = FORMAT_SETTINGS_DEFAULT;
	struct buf b = BUF_INIT;
	struct event ev;

	event_init(&ev, EVENT_AUTH_FAIL);
	ev.host = STR("web 1\n");
	event_set_str(&ev, F_USER, STR("ann"));
	s.facility = 16;
	s.bom = true;
	s.sd_id = "x@1";
	event_format_find(STR("rfc5424"))->write(&ev, &s, &b);
	buf_add_char(&b, '\0');
	assert_string_equal(b.p,
	    "<132>1 1970-01-01T00:00:00.000000Z web_1_ sshtrail - AUTHFAIL "
	    "[x@1 eid=\"0000000000000000\" kind=\"auth.fail\" trust=\"text\" "
	    "user=\"ann\"] "
	    "\xef\xbb\xbf"
	    "login failed for ann");
	buf_free(&b);
}

#define FORMATS_MAX 16

int main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(long_text_is_cut_and_says_so),
	    cmocka_unit_test(limits_of_syslog_hold),
	    cmocka_unit_test(settings_are_heeded),
	};
	struct CMUnitTest tests[FORMATS_MAX + 3];
	size_t n = 0;

	for (; event_formats[n] && n < FORMATS_MAX; n++)
		tests[n] =
		    (struct CMUnitTest){event_formats[n]->name, test_golden,
			NULL, NULL, (void *)(uintptr_t)event_formats[n]};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("event_format", tests, n, NULL, NULL);
}
