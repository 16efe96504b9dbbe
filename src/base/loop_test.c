/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

#define MSEC 1000

struct bench {
	struct loop loop;
	char log[256]; /* what was called, a letter each */
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	*state = b;
	return b ? loop_init(&b->loop) : -1;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	loop_free(&b->loop);
	loop_free(&b->loop);
	free(b);
	return 0;
}

static void note(struct bench *b, char c)
{
	size_t n = strlen(b->log);

	assert_true(n + 1 < sizeof b->log);
	b->log[n] = c;
	b->log[n + 1] = '\0';
}

static void assert_log(struct bench *b, const char *wanted)
{
	assert_string_equal(b->log, wanted);
	b->log[0] = '\0';
}

/* Descriptors. */

struct end {
	struct loop_watch watch;
	struct bench *bench;
	struct end *victim; /* unwatched and freed when this one is called */
	char name;
	int other; /* of the pair */
};

static void end_ready(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct end *e = w->ctx;
	struct end *victim = e->victim;

	note(e->bench, e->name);
	if (what & LOOP_READ)
		note(e->bench, 'r');
	if (what & LOOP_WRITE)
		note(e->bench, 'w');
	if (what & LOOP_HANGUP)
		note(e->bench, 'h');
	if (victim) {
		e->victim = NULL;
		loop_unwatch(l, &victim->watch);
		close(victim->watch.fd);
		fd_close(&victim->other);
		/* So that a use of it would be seen. */
		memset(victim, 0x5a, sizeof *victim);
		free(victim);
	}
}

static struct end *end_make(struct bench *b, char name, unsigned wants)
{
	struct end *e = calloc(1, sizeof *e);
	int fds[2];

	assert_non_null(e);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	*e = (struct end){.watch = {.fd = fds[0], .ready = end_ready, .ctx = e},
	    .bench = b,
	    .name = name,
	    .other = fds[1]};
	assert_int_equal(loop_watch(&b->loop, &e->watch, wants), 0);
	return e;
}

static void end_free(struct end *e)
{
	loop_unwatch(&e->bench->loop, &e->watch);
	loop_unwatch(&e->bench->loop, &e->watch);
	close(e->watch.fd);
	fd_close(&e->other);
	free(e);
}

static void once(struct bench *b)
{
	assert_int_equal(loop_once(&b->loop, 0), 0);
}

static void test_watch(void **state)
{
	struct bench *b = *state;
	struct end *e = end_make(b, 'a', LOOP_READ);
	char in[8];

	once(b);
	assert_log(b, "");
	assert_int_equal(write(e->other, "xy", 2), 2);
	/* As long as there is something, however often it is asked. */
	once(b);
	once(b);
	assert_log(b, "arar");
	assert_int_equal(loop_want(&b->loop, &e->watch, 0), 0);
	once(b);
	assert_log(b, "");
	assert_int_equal(
	    loop_want(&b->loop, &e->watch, LOOP_READ | LOOP_WRITE), 0);
	once(b);
	assert_log(b, "arw");
	assert_int_equal(read(e->watch.fd, in, sizeof in), 2);
	once(b);
	assert_log(b, "aw");
	assert_int_equal(loop_watch(&b->loop, &e->watch, LOOP_READ), -EEXIST);
	end_free(e);
	once(b);
	assert_log(b, "");
}

static void test_hangup(void **state)
{
	static const struct {
		unsigned wants;
		const char *log;
	} cases[] = {{LOOP_READ, "arh"}, {0, "ah"}, {LOOP_WRITE, "awh"},
	    {LOOP_READ | LOOP_WRITE, "arwh"}};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct end *e = end_make(b, 'a', cases[i].wants);

		fd_close(&e->other);
		once(b);
		assert_log(b, cases[i].log);
		end_free(e);
	}
}

static void test_what_cannot_be_waited_for(void **state)
{
	struct bench *b = *state;
	CLEANUP_FD int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct loop_watch file = {.fd = fd, .ready = end_ready};
	struct loop_watch none = {.fd = -1, .ready = end_ready};

	assert_int_equal(loop_watch(&b->loop, &file, LOOP_READ), -EPERM);
	assert_int_equal(loop_watch(&b->loop, &none, LOOP_READ), -EBADF);
	assert_int_equal(loop_want(&b->loop, &none, LOOP_READ), -EBADF);
	loop_unwatch(&b->loop, &file);
}

/* Whichever of them is called first, the other one is not called any more. */
static void test_remove_other(void **state)
{
	struct bench *b = *state;
	struct end *a = end_make(b, 'a', LOOP_WRITE);
	struct end *c = end_make(b, 'c', LOOP_WRITE);
	struct end *left;

	a->victim = c;
	c->victim = a;
	once(b);
	left = b->log[0] == 'a' ? a : c;
	assert_int_equal(strlen(b->log), 2);
	b->log[0] = '\0';
	once(b);
	assert_int_equal(strlen(b->log), 2);
	end_free(left);
}

static void test_remove_self(void **state)
{
	struct bench *b = *state;
	struct end *a = end_make(b, 'a', LOOP_WRITE);

	a->victim = a;
	once(b);
	once(b);
	assert_log(b, "aw");
}

static void change_wants(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct end *e = w->ctx;

	note(e->bench, 'x');
	assert_int_equal(loop_want(l, &e->victim->watch, 0), 0);
}

static void test_wants_of_this_round(void **state)
{
	struct bench *b = *state;
	struct end *a = end_make(b, 'a', LOOP_WRITE);
	struct end *c = end_make(b, 'c', LOOP_WRITE);

	a->watch.ready = c->watch.ready = change_wants;
	a->victim = c;
	c->victim = a;
	once(b);
	assert_log(b, "x");
	end_free(a);
	end_free(c);
}

/* More than one batch, and nobody starves. */
static void test_many(void **state)
{
	struct bench *b = *state;
	struct end *ends[2 * LOOP_BATCH];

	for (int i = 0; i < 2 * LOOP_BATCH; i++)
		ends[i] = end_make(b, (char)('0' + i), LOOP_WRITE);
	once(b);
	assert_int_equal(strlen(b->log), 2 * LOOP_BATCH);
	once(b);
	for (int i = 0; i < 2 * LOOP_BATCH; i++) {
		assert_non_null(strchr(b->log, '0' + i));
		end_free(ends[i]);
	}
}

/* Timers. */

struct tick {
	struct loop_timer timer;
	struct bench *bench;
	char name;
	int left; /* calls until it stops the loop */
	struct tick *victim;
	int64_t restart; /* after this time; -1: not */
};

static void tick_due(struct loop *l, struct loop_timer *t)
{
	struct tick *k = t->ctx;
	struct tick *victim = k->victim;

	note(k->bench, k->name);
	if (--k->left == 0)
		loop_stop(l, 7);
	if (k->restart >= 0)
		loop_timer_start(l, t, k->restart, 0);
	if (victim) {
		k->victim = NULL;
		loop_timer_stop(l, &victim->timer);
		memset(victim, 0x5a, sizeof *victim);
		free(victim);
	}
}

static struct tick *tick_make(struct bench *b, char name)
{
	struct tick *k = calloc(1, sizeof *k);

	assert_non_null(k);
	*k = (struct tick){.timer = {.due = tick_due, .ctx = k},
	    .bench = b,
	    .name = name,
	    .restart = -1};
	return k;
}

static void tick_free(struct tick *k)
{
	loop_timer_stop(&k->bench->loop, &k->timer);
	loop_timer_stop(&k->bench->loop, &k->timer);
	free(k);
}

static void test_timer_order(void **state)
{
	struct bench *b = *state;
	struct tick *late = tick_make(b, 'l'), *soon = tick_make(b, 's');
	struct tick *never = tick_make(b, 'n');
	int64_t begin = loop_now();

	late->left = 1;
	loop_timer_start(&b->loop, &late->timer, 20 * MSEC, 0);
	loop_timer_start(&b->loop, &never->timer, INT64_MAX, 0);
	loop_timer_start(&b->loop, &soon->timer, 5 * MSEC, 0);
	assert_int_equal(loop_run(&b->loop), 7);
	assert_true(loop_now() - begin >= 20 * MSEC);
	assert_log(b, "sl");
	/* Both are over. */
	assert_int_equal(loop_once(&b->loop, 30 * MSEC), 0);
	assert_log(b, "");
	tick_free(never);
	tick_free(late);
	tick_free(soon);
}

static void test_timer_repeats(void **state)
{
	struct bench *b = *state;
	struct tick *k = tick_make(b, 't');
	int64_t begin = loop_now();

	k->left = 4;
	loop_timer_start(&b->loop, &k->timer, 0, 5 * MSEC);
	assert_int_equal(loop_run(&b->loop), 7);
	assert_true(loop_now() - begin >= 15 * MSEC);
	assert_log(b, "tttt");
	/* What was missed does not come in a burst. */
	usleep(50 * MSEC);
	once(b);
	once(b);
	assert_in_range(strlen(b->log), 1, 2);
	tick_free(k);
}

static void test_timer_restarts_itself(void **state)
{
	struct bench *b = *state;
	struct tick *k = tick_make(b, 't');

	/* Due at once each time: once a round, and the rest has its turn. */
	k->restart = 0;
	loop_timer_start(&b->loop, &k->timer, -5, 0);
	once(b);
	assert_log(b, "t");
	once(b);
	assert_log(b, "t");
	tick_free(k);
}

static void test_timer_removes_other(void **state)
{
	struct bench *b = *state;
	struct tick *first = tick_make(b, 'a'), *second = tick_make(b, 'b');
	struct tick *self = tick_make(b, 'c');

	first->victim = second;
	second->victim = first;
	loop_timer_start(&b->loop, &first->timer, 0, 1);
	loop_timer_start(&b->loop, &second->timer, 0, 1);
	once(b);
	assert_int_equal(strlen(b->log), 1);
	tick_free(b->log[0] == 'a' ? first : second);
	b->log[0] = '\0';
	self->victim = self;
	loop_timer_start(&b->loop, &self->timer, 0, 1);
	once(b);
	once(b);
	assert_log(b, "c");
}

/* A timer that is left behind knows that its loop is gone. */
static void test_timer_outlives_loop(void **state)
{
	struct bench *b = *state;
	struct tick *k = tick_make(b, 't');

	loop_timer_start(&b->loop, &k->timer, 0, 0);
	loop_free(&b->loop);
	tick_free(k);
	assert_int_equal(loop_once(&b->loop, 0), -EBADF);
	assert_int_equal(loop_run(&b->loop), -EBADF);
}

static void stop_first(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct end *e = w->ctx;

	note(e->bench, 's');
	loop_stop(l, -EIO);
}

static void test_stop_ends_the_round(void **state)
{
	struct bench *b = *state;
	struct end *a = end_make(b, 'a', LOOP_WRITE);
	struct end *c = end_make(b, 'c', LOOP_WRITE);
	struct tick *k = tick_make(b, 't');

	a->watch.ready = c->watch.ready = stop_first;
	loop_timer_start(&b->loop, &k->timer, 0, 0);
	assert_int_equal(loop_run(&b->loop), -EIO);
	assert_log(b, "s");
	/* It can go on. */
	assert_int_equal(loop_run(&b->loop), -EIO);
	tick_free(k);
	end_free(a);
	end_free(c);
}

/* Signals. */

static void got_signal(
    struct loop *l, struct loop_signals *s, const struct signalfd_siginfo *info)
{
	struct bench *b = s->ctx;

	note(b, info->ssi_signo == SIGTERM ? 'T' : 'U');
	if (info->ssi_signo == SIGTERM)
		loop_signals_stop(l, s);
}

static void test_signals(void **state)
{
	static const int wanted[] = {SIGTERM, SIGUSR1};
	static const int wrong[] = {SIGTERM, 9999};
	struct bench *b = *state;
	struct loop_signals s = {.got = got_signal, .ctx = b};
	sigset_t before, after;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	loop_signals_stop(&b->loop, &s);
	assert_int_equal(loop_signals_start(&b->loop, &s, wrong, 2), -EINVAL);
	assert_int_equal(loop_signals_start(&b->loop, &s, wanted, 2), 0);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	once(b);
	once(b);
	once(b);
	assert_log(b, "UT");
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&after, SIGTERM), 0);
	assert_int_equal(
	    sigismember(&after, SIGUSR1), sigismember(&before, SIGUSR1));
	assert_int_equal(s.watch.fd, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_watch),
	    TEST(test_hangup),
	    TEST(test_what_cannot_be_waited_for),
	    TEST(test_remove_other),
	    TEST(test_remove_self),
	    TEST(test_wants_of_this_round),
	    TEST(test_many),
	    TEST(test_timer_order),
	    TEST(test_timer_repeats),
	    TEST(test_timer_restarts_itself),
	    TEST(test_timer_removes_other),
	    TEST(test_timer_outlives_loop),
	    TEST(test_stop_ends_the_round),
	    TEST(test_signals),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
