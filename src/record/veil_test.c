/* SPDX-License-Identifier: Apache-2.0 */
#include "record/veil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

struct told {
	struct buf bytes; /* of all pieces, '|' between with `borders` */
	bool borders, reveals;
	size_t n, secrets;
	uint64_t boot; /* of the last one */
};

static bool on_hide(void *user)
{
	struct told *t = user;

	t->secrets++;
	return !t->reveals;
}

static void on_piece(void *user, const struct piece *p)
{
	struct told *t = user;

	assert_true(p->boot >= t->boot);
	t->boot = p->boot;
	if (t->borders && t->n++)
		buf_add_char(&t->bytes, '|');
	buf_add_str(&t->bytes, p->bytes);
}

/* The text in pieces of n bytes, of a terminal so wide. */
static void run(struct told *t, const struct mask *m, enum piece_type type,
    struct str text, size_t n, unsigned cols)
{
	const struct veil_ops ops = {on_hide, on_piece, t};
	struct veil *v = veil_new(m, &ops);
	uint64_t boot = 0;

	assert_non_null(v);
	veil_cols(v, cols);
	for (; text.n; text = str_from(text, n)) {
		const struct piece p = {
		    .type = type, .boot = ++boot, .bytes = str_upto(text, n)};

		veil_piece(v, &p);
	}
	veil_end(v);
	assert_int_equal(veil_error(v), 0);
	veil_free(v);
}

static const struct {
	size_t secrets;
	struct str text, want;
	enum piece_type type;
	unsigned cols;
} cases[] = {
#define CASE(n, text, want, ...)                                               \
	{                                                                      \
		n, STR_INIT(text), STR_INIT(want), __VA_ARGS__                 \
	}
#define SHOWN	    PIECE_OUTPUT, 0
#define SHOWN_AT(c) PIECE_OUTPUT, c
    CASE(0, "nothing here\r\n", "nothing here\r\n", SHOWN),
    CASE(1, "password=hunter2 x\r\n", "password=******* x\r\n", SHOWN),
    CASE(1, "token=a", "token=*", SHOWN),
    /* Colours, before and in it. */
    CASE(1, "\033[1mpassword\033[0m=hun\033[31mter2\033[0m x",
	"\033[1mpassword\033[0m=***\033[31m****\033[0m x", SHOWN),
    CASE(1, "pass\033]0;title\007word=x\r\n", "pass\033]0;title\007word=*\r\n",
	SHOWN),
    /* Typed and mended. */
    CASE(1, "$ mysql -pSEX\b\033[KCRET db\r\n",
	"$ mysql -p***\b\033[K**** db\r\n", SHOWN),
    CASE(1, "$ mysql -pSEX\b \bCRET db\r\n", "$ mysql -p***\b \b**** db\r\n",
	SHOWN),
    CASE(1, "$ mysql -pSECRET\b\b\b\b\b\b\b\b\b\b\b\b\b\b\033[Kls\r\n",
	"$ mysql -p******\b\b\b\b\b\b\b\b\b\b\b\b\b\b\033[Kls\r\n", SHOWN),
    /* Drawn twice in one place. */
    CASE(1, "mysql -pX\rmysql -pX\r\n", "mysql -p*\rmysql -p*\r\n", SHOWN),
    CASE(1, "mysql -pSECRET\r\033[Kls\r\n", "mysql -p******\r\033[Kls\r\n",
	SHOWN),
    /* Inserted in the middle. */
    CASE(1, "mysql -pAC d\b\b\b\033[1@B d\r\n",
	"mysql -p** d\b\b\b\033[1@* d\r\n", SHOWN),
    CASE(0, "password=\033[5Cabc\r\n", "password=\033[5Cabc\r\n", SHOWN),
    /* Over the edge, as readline goes there. */
    CASE(1, "password=a \rbc d\r\n", "password=* \r** d\r\n", SHOWN_AT(10)),
    CASE(1, "password=abc\r\npassword\r\n", "password=***\r\npassword\r\n",
	SHOWN_AT(10)),
    /* Letters of several bytes, without a width, and of two columns. */
    CASE(1,
	"password=\xc3\xa9"
	"e\xcc\x81"
	"x\xe6\xbc\xa2 y",
	"password=*"
	"*"
	"*** y",
	SHOWN),
    CASE(1, "password=\xff\xc3x\xe0\x80 y", "password=***** y", SHOWN),
    CASE(1, "\xd0\xbf\xd0\xb8\xd0\xbd=\xd0\xbf\xd0\xb8 x",
	"\xd0\xbf\xd0\xb8\xd0\xbd=** x", SHOWN),
    /* A key. */
    CASE(1,
	"$ cat k\r\n-----BEGIN OPENSSH PRIVATE KEY-----\r\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmU\r\nAAAA==\r\n"
	"-----END OPENSSH PRIVATE KEY-----\r\n$ ls\r\n",
	"$ cat k\r\n-----BEGIN OPENSSH PRIVATE KEY-----\r\n"
	"*******************************\r\n******\r\n"
	"-----END OPENSSH PRIVATE KEY-----\r\n$ ls\r\n",
	SHOWN),
    CASE(1, "-----BEGIN RSA PRIVATE KEY-----\r\nAAAA\r\n$ rm -rf /\r\nAAAA\r\n",
	"-----BEGIN RSA PRIVATE KEY-----\r\n****\r\n$ rm -rf /\r\nAAAA\r\n",
	SHOWN),
    /* Typed. */
    CASE(1, "mysql -pSEX\177CRET\rls\r", "mysql -p***\177****\rls\r",
	PIECE_INPUT, 0),
    CASE(1, "token=ab\n", "token=**\n", PIECE_ERRORS, 0),
    CASE(1, "token=ab", "token=[masked]", PIECE_MARK, 0),
};

static struct mask *new_mask(void)
{
	struct mask *m = malloc(sizeof *m);

	assert_non_null(m);
	mask_init(m);
	assert_int_equal(
	    mask_read(m, "f", STR("\xd0\xbf\xd0\xb8\xd0\xbd= value\n"), NULL),
	    0);
	return m;
}

/* However it is divided; but marks are whole. */
static void secrets_are_hidden(void **state)
{
	struct mask *m = new_mask();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t most = cases[i].text.n;
		size_t n = cases[i].type == PIECE_MARK ? most : 1;

		for (; n <= most; n++) {
			struct told t = {.secrets = 0};

			run(&t, m, cases[i].type, cases[i].text, n,
			    cases[i].cols);
			if (!str_eq(buf_str(&t.bytes), cases[i].want))
				fail_msg("case %zu, pieces of %zu: %s", i, n,
				    buf_z(&t.bytes));
			assert_int_equal(t.secrets, cases[i].secrets);
			buf_free(&t.bytes);
		}
	}
	mask_free(m);
	free(m);
}

static void what_is_revealed_is_as_it_was(void **state)
{
	struct mask *m = new_mask();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct told t = {.reveals = true};

		run(&t, m, cases[i].type, cases[i].text, cases[i].text.n,
		    cases[i].cols);
		assert_true(str_eq(buf_str(&t.bytes), cases[i].text));
		assert_true(!t.secrets == !cases[i].secrets);
		buf_free(&t.bytes);
	}
	mask_free(m);
	free(m);
}

static void pieces_stay_pieces(void **state)
{
	struct mask *m = new_mask();
	struct told t = {.borders = true};

	run(&t, m, PIECE_OUTPUT, STR("password=abcdef\r\nls"), 4, 80);
	assert_string_equal(buf_z(&t.bytes), "pass|word|=***|***\r|\nls");
	buf_free(&t.bytes);
	mask_free(m);
	free(m);
}

/* A line without end, and one that is longer than lines are looked at. */
static void long_lines_are_hidden(void **state)
{
	struct mask *m = new_mask();
	struct buf text = BUF_INIT, want = BUF_INIT;
	struct told t = {.secrets = 0};

	for (size_t i = 0; i < 3000; i++) {
		buf_add_z(&text, i % 7 ? "some words " : "password=hunter2 ");
		buf_add_z(&want, i % 7 ? "some words " : "password=******* ");
	}
	buf_add_z(&text, "token=");
	buf_add_z(&want, "token=");
	for (size_t i = 0; i < 20000; i++) {
		buf_add_char(&text, 'x');
		buf_add_char(&want, '*');
	}
	buf_add_z(&text, " end\n");
	buf_add_z(&want, " end\n");
	run(&t, m, PIECE_OUTPUT, buf_str(&text), 100, 80);
	assert_true(str_eq(buf_str(&t.bytes), buf_str(&want)));
	buf_free(&t.bytes);
	buf_free(&text);
	buf_free(&want);
	mask_free(m);
	free(m);
}

static double seconds_for(const struct mask *m, const char *unit, size_t n)
{
	struct timespec from, to;
	struct buf text = BUF_INIT;
	struct told t = {.secrets = 0};

	while (text.n < n)
		buf_add_z(&text, unit);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	run(&t, m, PIECE_OUTPUT, buf_str(&text), 256, 80);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	buf_free(&t.bytes);
	buf_free(&text);
	return (double)(to.tv_sec - from.tv_sec) +
	       (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void time_is_linear(void **state)
{
	static const char *const units[] = {"password=", "x\b", "\033[K", "x\r",
	    "a b", "x\033[D", "\033[P", "\033[@", "\t", "\033[4000C",
	    "\033[4000Cx\b", "-----BEGIN PRIVATE KEY-----\n", "\xc3"};
	struct mask *m = new_mask();

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		double small = seconds_for(m, units[i], (size_t)32 << 10);

		assert_true(seconds_for(m, units[i], (size_t)256 << 10) <
			    small * 32 + 0.05);
	}
	mask_free(m);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secrets_are_hidden),
	    cmocka_unit_test(what_is_revealed_is_as_it_was),
	    cmocka_unit_test(pieces_stay_pieces),
	    cmocka_unit_test(long_lines_are_hidden),
	    cmocka_unit_test(time_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
