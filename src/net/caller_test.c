/* SPDX-License-Identifier: Apache-2.0 */
#include "net/caller.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE ((int64_t)400000)
#define REST	 ((int64_t)1000000)

/* A connection and its other end. */
struct line {
	struct caller *caller;
	int fds[2];
};

static void open_line(
    struct callers *cs, struct line *l, const char *address_bytes)
{
	struct sockaddr_in from = {.sin_family = AF_INET};

	memcpy(&from.sin_addr, address_bytes, 4);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, l->fds), 0);
	l->caller = caller_enter(cs, l->fds[0], (struct sockaddr *)&from);
	assert_non_null(l->caller);
}

static bool is_cut(const struct line *l)
{
	char c;

	return recv(l->fds[1], &c, 1, MSG_DONTWAIT) == 0;
}

static void close_line(struct callers *cs, struct line *l)
{
	caller_leave(cs, l->caller);
	close(l->fds[0]);
	close(l->fds[1]);
}

static void test_too_many(void **state)
{
	struct callers cs;
	struct line l[7];

	(void)state;
	callers_init(&cs, 3, PATIENCE, REST);
	open_line(&cs, &l[0], "\1\1\1\1");
	open_line(&cs, &l[1], "\2\2\2\2");
	open_line(&cs, &l[2], "\2\2\2\2");
	caller_is_known(&cs, l[1].caller);
	open_line(&cs, &l[3], "\2\2\2\2"); /* most, without the known one */
	assert_true(is_cut(&l[2]));
	open_line(&cs, &l[4], "\2\2\2\2");
	assert_true(is_cut(&l[3]) && !is_cut(&l[4]) && !is_cut(&l[0]));
	caller_does(&cs, l[4].caller, CALLER_FOLLOWS, 0);
	open_line(&cs, &l[5], "\3\3\3\3"); /* as many of each: the oldest */
	assert_true(is_cut(&l[0]) && !is_cut(&l[5]));
	caller_is_known(&cs, l[5].caller);
	open_line(&cs, &l[6], "\4\4\4\4"); /* all others are known */
	assert_true(is_cut(&l[6]));
	assert_true(!is_cut(&l[1]) && !is_cut(&l[4]) && !is_cut(&l[5]));
	assert_int_equal(cs.n, 3);
	assert_int_equal(cs.cut, 4);
	for (size_t i = 0; i < 7; i++)
		close_line(&cs, &l[i]);
	assert_int_equal(cs.n, 0);
	callers_free(&cs);
}

static void pass(struct callers *cs, int64_t usec)
{
	for (; usec > 0; usec -= 300000) {
		usleep(300000);
		callers_look(cs);
	}
}

/* Each does something else, all at the same time. */
static void test_too_long(void **state)
{
	enum { BEGINS, BODY, LARGE, RESTS, STRANGER, FOLLOWS, N };
	struct callers cs;
	struct line l[N];

	(void)state;
	callers_init(&cs, 10, PATIENCE, REST);
	for (int i = 0; i < N; i++)
		open_line(&cs, &l[i], "\1\1\1\1");
	caller_does(&cs, l[BODY].caller, CALLER_SENDS, 0);
	caller_does(&cs, l[LARGE].caller, CALLER_SENDS, 0);
	caller_sent(l[LARGE].caller, 100 * CALLER_RATE);
	caller_is_known(&cs, l[RESTS].caller);
	caller_does(&cs, l[RESTS].caller, CALLER_BEGINS, 0);
	caller_does(&cs, l[STRANGER].caller, CALLER_BEGINS, 0);
	caller_does(&cs, l[FOLLOWS].caller, CALLER_FOLLOWS, 0);
	pass(&cs, 300000);
	for (int i = 0; i < N; i++)
		assert_false(is_cut(&l[i]));
	pass(&cs, 600000);
	assert_true(is_cut(&l[BEGINS]) && is_cut(&l[BODY]));
	assert_true(is_cut(&l[STRANGER]) && !is_cut(&l[RESTS]));
	pass(&cs, 900000);
	assert_true(is_cut(&l[RESTS]));
	assert_true(!is_cut(&l[LARGE]) && !is_cut(&l[FOLLOWS]));
	for (int i = 0; i < N; i++)
		close_line(&cs, &l[i]);
	callers_free(&cs);
}

/* What was taken before is no credit; who waits for the server is not late. */
static void test_takes(void **state)
{
	const size_t block = (size_t)CALLER_TAKE_RATE;
	enum { STOPS, GOES_ON, WAITS, N };
	struct callers cs;
	struct line l[N];

	(void)state;
	callers_init(&cs, 10, PATIENCE, REST);
	for (int i = 0; i < N; i++) {
		open_line(&cs, &l[i], "\1\1\1\1");
		caller_does(&cs, l[i].caller, CALLER_WAITS, 0);
		caller_takes(&cs, l[i].caller, 100 * CALLER_TAKE_PART);
		caller_takes(&cs, l[i].caller, 1);
	}
	caller_takes(&cs, l[WAITS].caller, 0);
	pass(&cs, 300000);
	caller_takes(&cs, l[GOES_ON].caller, 2 * block);
	pass(&cs, 600000);
	assert_true(is_cut(&l[STOPS]));
	assert_true(!is_cut(&l[GOES_ON]) && !is_cut(&l[WAITS]));
	caller_takes(&cs, l[WAITS].caller, 1);
	pass(&cs, 900000);
	assert_true(is_cut(&l[WAITS]) && !is_cut(&l[GOES_ON]));
	for (int i = 0; i < N; i++)
		close_line(&cs, &l[i]);
	callers_free(&cs);
}

/* The server did not look for longer than anybody may take. */
static void test_busy(void **state)
{
	struct callers cs;
	struct line l;

	(void)state;
	callers_init(&cs, 10, 2000000, REST);
	open_line(&cs, &l, "\1\1\1\1");
	cs.looked_at -= (int64_t)3600 * 1000000;
	callers_look(&cs);
	assert_false(is_cut(&l));
	close_line(&cs, &l);
	callers_free(&cs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_too_many),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_takes),
	    cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
