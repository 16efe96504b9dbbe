/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mask.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define M MASK_TEXT

static const struct {
	struct str text, want;
	size_t n;
} cases[] = {
#define CASE(n, text, want)                                                    \
	{                                                                      \
		STR_INIT(text), STR_INIT(want), n                              \
	}
    CASE(0, "", ""),
    CASE(0, "ls -l /tmp", "ls -l /tmp"),
    CASE(1, "password=hunter2", "password=" M),
    CASE(1, "DB_PASSWORD=hunter2 make", "DB_PASSWORD=" M " make"),
    CASE(1, "x password='two words' y", "x password=" M " y"),
    CASE(1, "password='never closed y", "password=" M " closed y"),
    CASE(0, "password=\npassword: \r\n", "password=\npassword: \r\n"),
    CASE(1, "{\"password\": \"a b\", \"x\": 1}",
	"{\"password\": " M ", \"x\": 1}"),
    CASE(1, "tool --password  X y", "tool --password  " M " y"),
    CASE(1, "mysql -u root -pSECRET db", "mysql -u root -p" M " db"),
    CASE(0, "mysql -u root -p db", "mysql -u root -p db"),
    CASE(0, "mysql -P3306; mkdir -p/x", "mysql -P3306; mkdir -p/x"),
    CASE(2, "mysql --password=a -pb", "mysql --password=" M " -p" M),
    CASE(1, "curl -s -u me:pw https://h", "curl -s -u " M " https://h"),
    CASE(1, "git clone https://me:pw@host/x",
	"git clone https://me:" M "@host/x"),
    CASE(0, "http://host:80/a@b", "http://host:80/a@b"),
    CASE(1, "curl -H 'Authorization: Bearer abc.def' h",
	"curl -H 'Authorization: Bearer " M " h"),
    CASE(1, "id AKIAIOSFODNN7EXAMPLE.", "id AKIA" M "."),
    CASE(0, "AKIASHORT", "AKIASHORT"),
    CASE(1, "aws_secret_access_key = wJalrXU/K7", "aws_secret_access_key = " M),
    CASE(1, "ghp_abcdefghijklmnopqrstuvwxyz0123456789 x", "ghp_" M " x"),
    CASE(1, "glpat-abcdefghijklmnopqrst\n", "glpat-" M "\n"),
    CASE(1, "xoxb-12345-abcdef", "xoxb-" M),
    CASE(1,
	"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n",
	"-----BEGIN RSA PRIVATE KEY-----" M "-----END RSA PRIVATE KEY-----\n"),
    CASE(1, "-----BEGIN PRIVATE KEY-----\nMII\n",
	"-----BEGIN PRIVATE KEY-----" M),
    CASE(0, "-----BEGIN PUBLIC KEY-----\nMII\n",
	"-----BEGIN PUBLIC KEY-----\nMII\n"),
    /* Arguments. */
    CASE(1, "tool\0--password\0a b\0c\0", "tool\0--password\0" M "\0c\0"),
    CASE(1, "tool\0--password=a b\0c\0", "tool\0--password=" M "\0c\0"),
    CASE(1, "mysql\0-p\xff's\0db\0", "mysql\0-p" M "\0db\0"),
    CASE(0, "mysql\0-p\0db\0", "mysql\0-p\0db\0"),
    CASE(1, "sh\0-c\0mysql -pX db\0", "sh\0-c\0mysql -p" M " db\0"),
};

static void secrets_are_masked(void **state)
{
	struct mask *m = malloc(sizeof *m);
	struct buf b = BUF_INIT;

	assert_non_null(m);
	mask_init(m);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n;

		buf_clear(&b);
		n = mask_text(m, cases[i].text, &b);
		assert_non_null(buf_z(&b));
		assert_int_equal(b.n, cases[i].want.n);
		assert_memory_equal(b.p, cases[i].want.p, b.n + 1);
		assert_int_equal(n, cases[i].n);
	}
	buf_free(&b);
	mask_free(m);
	free(m);
}

static void rules_of_a_file_are_read(void **state)
{
	static const struct {
		const char *content, *wrong;
	} t[] = {
	    {"# nothing\n\n", NULL},
	    {"pin= value\n", NULL},
	    {"\"vault... -k \" token 4 nocase\n", NULL},
	    {"pin=\n", "f:1: a secret is one of value, token, upper, login, "
		       "block"},
	    {"\np value\n", "f:2: what stands before a secret is 2 to 64 "
			    "characters"},
	    {"a*b value\n", "f:1: a rule begins with two characters that are "
			    "themselves, none of blank, * and ."},
	    {"ab...c*d value\n", "f:1: behind ... is neither another one nor "
				 "a *"},
	    {"ab...c...d value\n", "f:1: behind ... is neither another one "
				   "nor a *"},
	    {"pin= value 0\n", "f:1: behind the kind of secret is how long it "
			       "is at least, 1 to 4096, and nocase, or "
			       "nothing"},
	    {"\"pin= value\n", "f:1: what stands before a secret is 2 to 64 "
			       "characters"},
	};
	struct mask *m = malloc(sizeof *m);
	struct buf b = BUF_INIT;

	assert_non_null(m);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct err err = {""};

		mask_init(m);
		assert_int_equal(mask_read(m, "f", str_z(t[i].content), &err),
		    t[i].wrong ? -EINVAL : 0);
		assert_string_equal(err.text, t[i].wrong ? t[i].wrong : "");
		mask_free(m);
	}
	mask_init(m);
	assert_int_equal(
	    mask_read(m, "f", STR("\"VAULT... -k \" token 4 nocase"), NULL), 0);
	assert_int_equal(
	    mask_text(m, STR("vault x -K abcd;vault -k abc"), &b), 1);
	assert_string_equal(buf_z(&b), "vault x -K " M ";vault -k abc");
	buf_free(&b);
	mask_free(m);
	free(m);
}

static void events_are_masked(void **state)
{
	struct mask *m = malloc(sizeof *m);
	struct arena a = ARENA_INIT;
	struct event ev;

	assert_non_null(m);
	mask_init(m);
	event_init(&ev, EVENT_EXEC);
	event_set_str(&ev, F_ARGV, STR("x\0--password=a\0"));
	event_set_str(&ev, F_CMD, STR("token=b token=c"));
	event_set_str(&ev, F_EXE, STR("/bin/x"));
	assert_int_equal(mask_event(m, &ev, &a), 3);
	assert_true(
	    str_eq(event_str(&ev, F_ARGV), STR("x\0--password=" M "\0")));
	assert_true(str_eqz(event_str(&ev, F_CMD), "token=" M " token=" M));
	assert_true(str_eqz(event_str(&ev, F_EXE), "/bin/x"));
	arena_free(&a);
	mask_free(m);
	free(m);
}

static double seconds_for(const struct mask *m, const char *unit, size_t n)
{
	struct timespec from, to;
	struct buf text = BUF_INIT, b = BUF_INIT;

	while (text.n < n)
		buf_add_z(&text, unit);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	mask_text(m, buf_str(&text), &b);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_int_equal(buf_error(&b), 0);
	buf_free(&text);
	buf_free(&b);
	return (double)(to.tv_sec - from.tv_sec) +
	       (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* 8 times as much text takes 8 times as long, where a square takes 64. */
static void time_is_linear(void **state)
{
	static const char *const units[] = {"password=", "password=\"a\"",
	    "mysql ", "mysql -", "://a", "://a:", "ghp_", "-----BEGIN ",
	    "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----END",
	    "password=\"", "password: ", "aaaaaaaa"};
	struct mask *m = malloc(sizeof *m);

	assert_non_null(m);
	mask_init(m);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		double small = seconds_for(m, units[i], (size_t)8 << 10);

		assert_true(seconds_for(m, units[i], (size_t)64 << 10) <
			    small * 32 + 0.02);
	}
	mask_free(m);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secrets_are_masked),
	    cmocka_unit_test(rules_of_a_file_are_read),
	    cmocka_unit_test(events_are_masked),
	    cmocka_unit_test(time_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
