/* SPDX-License-Identifier: Apache-2.0 */
/* A player on made-up pieces; the clock is what the test says. */
#include "cli/play/player.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND	  UINT64_C(1000000000)
#define USEC	  INT64_C(1000000)
#define BEGIN	  (100 * SECOND)
#define WALL	  INT64_C(1700000000000000000)
#define PIECES	  64
#define KEYFRAMES 4 /* one for each so many pieces */

struct tape {
	struct piece v[PIECES];
	char bytes[PIECES][2];
	size_t n, at;
	bool keyframes;
	size_t replayed; /* pieces given since the last seek */
	char shown[PIECES + 1];
	size_t n_shown;
};

static int seek(void *ctx, uint64_t boot, struct screen **ret,
    uint64_t *ret_boot, int64_t *ret_time, struct err *err)
{
	struct tape *t = ctx;

	*ret = screen_new(4, 80, 0);
	*ret_boot = 0;
	*ret_time = 0;
	t->at = t->replayed = 0;
	while (t->keyframes && t->at + KEYFRAMES <= t->n &&
	       t->v[t->at + KEYFRAMES - 1].boot <= boot)
		for (size_t i = 0; i < KEYFRAMES; i++, t->at++) {
			screen_take(*ret, &t->v[t->at]);
			*ret_boot = t->v[t->at].boot;
			*ret_time = t->v[t->at].time;
		}
	return 0;
}

static int next(void *ctx, struct piece *ret, struct err *err)
{
	struct tape *t = ctx;

	if (t->at == t->n)
		return 0;
	*ret = t->v[t->at++];
	t->replayed++;
	return 1;
}

static const struct player_source ops = {seek, next, NULL};

static void on_shown(void *user, const struct piece *p)
{
	struct tape *t = user;

	if (p->type == PIECE_OUTPUT)
		t->shown[t->n_shown++] = p->bytes.p[0];
}

/* A letter at so many milliseconds from the begin. */
static void add(struct tape *t, uint64_t ms, enum piece_type type)
{
	uint64_t boot = BEGIN + ms * (SECOND / 1000);

	t->bytes[t->n][0] = (char)('a' + t->n % 26);
	t->v[t->n] = (struct piece){.type = type,
	    .boot = boot,
	    .time = WALL + (int64_t)(boot - BEGIN),
	    .bytes = str_make(t->bytes[t->n], type == PIECE_OUTPUT)};
	t->n++;
}

struct fixture {
	struct tape tape;
	struct player_source source;
	struct player p;
	int64_t now;
};

static void open_player(struct fixture *f)
{
	struct err err = {""};

	f->source = ops;
	f->source.ctx = &f->tape;
	f->p.source = &f->source;
	f->p.shown = on_shown;
	f->p.user = &f->tape;
	if (f->p.speed == 0)
		f->p.speed = SPEED_NORMAL;
	f->p.until = UINT64_MAX;
	assert_int_equal(player_open(&f->p, f->now, &err), 0);
}

/* So many milliseconds of the user pass; the moment is asserted, in ms. */
static void pass(struct fixture *f, int64_t ms, uint64_t want)
{
	struct err err = {""};
	bool more;

	f->now += ms * 1000;
	do
		assert_int_equal(player_advance(&f->p, f->now, &more, &err), 0);
	while (more);
	assert_int_equal((f->p.at - BEGIN) / (SECOND / 1000), want);
}

static void assert_screen(const struct fixture *f, const char *want)
{
	struct buf text = BUF_INIT;

	row_text(screen_row(f->p.screen, 0), &text);
	assert_string_equal(text.n ? buf_z(&text) : "", want);
	buf_free(&text);
}

static void jump(struct fixture *f, uint64_t ms, uint64_t want)
{
	struct err err = {""};

	assert_int_equal(
	    player_seek(&f->p, BEGIN + ms * (SECOND / 1000), &err), 0);
	assert_int_equal((f->p.at - BEGIN) / (SECOND / 1000), want);
}

/* a at 1 s, b at 2 s, and so on. */
static void fill(struct fixture *f, unsigned n)
{
	*f = (struct fixture){.now = 5 * USEC};
	for (unsigned i = 1; i <= n; i++)
		add(&f->tape, i * 1000, PIECE_OUTPUT);
	f->tape.v[0].boot = BEGIN;
	f->tape.v[0].time = WALL;
}

static void test_time(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f, 4);
	open_player(&f);
	assert_screen(&f, "a");
	assert_int_equal(player_wait(&f.p), 2 * USEC);
	pass(&f, 1999, 1999);
	assert_screen(&f, "a");
	assert_int_equal(player_wait(&f.p), 1000);
	pass(&f, 1, 2000);
	assert_screen(&f, "ab");
	assert_int_equal(player_time(&f.p, f.p.at), WALL + 2 * 1000000000LL);
	assert_int_equal(player_moment(&f.p, WALL + 3), BEGIN + 3);
	assert_int_equal(player_moment(&f.p, 7), BEGIN);
	f.p.paused = true;
	assert_int_equal(player_wait(&f.p), -1);
	pass(&f, 60000, 2000);
	f.p.paused = false;
	pass(&f, 1500, 3500);
	assert_screen(&f, "abc");
	/* It stops at the end. */
	pass(&f, 9000, 4000);
	assert_screen(&f, "abcd");
	assert_true(f.p.at_end);
	assert_int_equal(player_wait(&f.p), -1);
	assert_int_equal(f.p.end - BEGIN, 4 * SECOND);
	pass(&f, 9000, 4000);
	player_close(&f.p);
}

static void test_speed(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f, 10);
	f.p.speed = 4 * SPEED_NORMAL;
	open_player(&f);
	assert_int_equal(player_wait(&f.p), USEC / 2);
	pass(&f, 500, 2000);
	f.p.speed = SPEED_NORMAL / 2;
	assert_int_equal(player_wait(&f.p), 2 * USEC);
	pass(&f, 500, 2250);
	f.p.speed = SPEED_MAX;
	pass(&f, INT64_MAX / 2000000, 10000);
	assert_screen(&f, "abcdefghij");
	player_close(&f.p);
}

static void test_idle(void **state)
{
	struct fixture f = {.now = 0};

	(void)state;
	add(&f.tape, 0, PIECE_OUTPUT);
	add(&f.tape, 60000, PIECE_OUTPUT);
	add(&f.tape, 61000, PIECE_OUTPUT);
	add(&f.tape, 3600000, PIECE_OUTPUT);
	f.p.idle = 2 * SECOND;
	open_player(&f);
	assert_int_equal(player_wait(&f.p), 2 * USEC);
	pass(&f, 1500, 1500);
	pass(&f, 500, 60000);
	assert_screen(&f, "ab");
	pass(&f, 1000, 61000);
	/* Where a jump ends in between, it counts from there. */
	jump(&f, 100000, 100000);
	assert_int_equal(player_wait(&f.p), 2 * USEC);
	f.p.idle = 0;
	assert_int_equal(player_wait(&f.p), 3500 * USEC);
	f.p.idle = 2 * SECOND;
	pass(&f, 1999, 101999);
	pass(&f, 1, 3600000);
	assert_screen(&f, "abcd");
	player_close(&f.p);
}

static void test_until(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f, 10);
	open_player(&f);
	f.p.until = BEGIN + 3 * SECOND + SECOND / 2;
	pass(&f, 2700, 2700);
	pass(&f, 2700, 3500);
	assert_screen(&f, "abc");
	assert_false(f.p.at_end);
	assert_int_equal(player_wait(&f.p), -1);
	/* Also where nothing comes for long. */
	f.p.until = BEGIN + 3 * SECOND + 3 * (SECOND / 4);
	f.p.idle = SECOND / 8;
	pass(&f, 2700, 3750);
	assert_screen(&f, "abc");
	player_close(&f.p);
}

static void test_jumps(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f, 26);
	f.tape.keyframes = true;
	open_player(&f);
	jump(&f, 13500, 13500);
	assert_screen(&f, "abcdefghijklm");
	/* From a keyframe on, and not from the beginning. */
	assert_true(f.tape.replayed <= KEYFRAMES);
	assert_int_equal(f.tape.n_shown, 0);
	assert_int_equal(player_wait(&f.p), USEC / 2);
	pass(&f, 500, 14000);
	assert_screen(&f, "abcdefghijklmn");
	jump(&f, 2000, 2000);
	assert_screen(&f, "ab");
	jump(&f, 0, 0);
	assert_screen(&f, "a");
	jump(&f, 3600000, 26000);
	assert_screen(&f, "abcdefghijklmnopqrstuvwxyz");
	assert_true(f.p.at_end);
	jump(&f, 25999, 25999);
	assert_false(f.p.at_end);
	pass(&f, 1, 26000);
	player_close(&f.p);
}

/* Whether a jump goes forth or back, what is shown is the same. */
static void test_jumps_anywhere(void **state)
{
	struct fixture f;
	uint32_t seed = 1;

	(void)state;
	fill(&f, 26);
	f.tape.keyframes = true;
	open_player(&f);
	for (unsigned i = 0; i < 500; i++) {
		uint64_t ms = (seed = seed * 1103515245 + 12345) >> 8;
		char want[27] = "abcdefghijklmnopqrstuvwxyz";
		size_t n = (ms %= 26000) / 1000;

		want[n > 1 ? n : 1] = 0;
		jump(&f, ms, ms);
		assert_screen(&f, want);
	}
	player_close(&f.p);
}

static void test_step(void **state)
{
	struct fixture f = {.now = 0};
	struct err err = {""};

	(void)state;
	add(&f.tape, 0, PIECE_OUTPUT);
	add(&f.tape, 1000, PIECE_INPUT);
	add(&f.tape, 5000, PIECE_OUTPUT);
	add(&f.tape, 6000, PIECE_END);
	open_player(&f);
	f.p.paused = true;
	assert_int_equal(player_step(&f.p, &err), 1);
	assert_int_equal(f.p.at - BEGIN, 5 * SECOND);
	assert_screen(&f, "ac");
	assert_int_equal(player_step(&f.p, &err), 0);
	assert_int_equal(f.p.at - BEGIN, 6 * SECOND);
	assert_true(f.p.at_end && f.p.closed);
	player_close(&f.p);
}

/* Pieces come while it is played: shown at once, then in their time. */
static void test_live(void **state)
{
	struct fixture f;

	(void)state;
	fill(&f, 2);
	open_player(&f);
	pass(&f, 3000, 2000);
	assert_true(f.p.at_end && !f.p.closed);
	add(&f.tape, 33000, PIECE_OUTPUT);
	add(&f.tape, 33500, PIECE_OUTPUT);
	pass(&f, 200, 33000);
	assert_screen(&f, "abc");
	assert_false(f.p.at_end);
	pass(&f, 499, 33499);
	assert_screen(&f, "abc");
	pass(&f, 1, 33500);
	assert_screen(&f, "abcd");
	add(&f.tape, 34000, PIECE_END);
	pass(&f, 1000, 34000);
	assert_true(f.p.closed);
	player_close(&f.p);
}

static int fail_next(void *ctx, struct piece *ret, struct err *err)
{
	return err_set(err, -EIO, "disk is gone");
}

static void test_failure(void **state)
{
	struct tape tape = {.n = 0};
	const struct player_source source = {seek, fail_next, &tape};
	struct player p = {.source = &source, .speed = SPEED_NORMAL};
	struct err err = {""};

	(void)state;
	assert_int_equal(player_open(&p, 0, &err), -EIO);
	assert_string_equal(err.text, "disk is gone");
	player_close(&p);
}

static void test_empty(void **state)
{
	struct fixture f = {.now = 0};

	(void)state;
	open_player(&f);
	assert_int_equal(player_wait(&f.p), -1);
	assert_true(f.p.at_end);
	assert_screen(&f, "");
	player_close(&f.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_speed),
	    cmocka_unit_test(test_idle),
	    cmocka_unit_test(test_until),
	    cmocka_unit_test(test_jumps),
	    cmocka_unit_test(test_jumps_anywhere),
	    cmocka_unit_test(test_step),
	    cmocka_unit_test(test_live),
	    cmocka_unit_test(test_failure),
	    cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
