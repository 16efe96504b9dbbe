/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/prune.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "trail/fixture.h"
#include "trail/segment.h"
#include "trail/verify.h"

#define SIZE ((size_t)512 << 10)
#define N    36

struct seen {
	struct trail_piece v[64];
	size_t n;
};

static int see(void *ctx, const struct trail_piece *p)
{
	struct seen *s = ctx;

	s->v[s->n++] = *p;
	return 0;
}

static void look(const struct fixture *fx, struct seen *s)
{
	struct err err = {""};
	uint64_t bytes, first;

	*s = (struct seen){.n = 0};
	assert_int_equal(trail_pieces(fx->dirfd, &bytes, see, s, &err), 0);
	assert_int_equal(trail_first(fx->dirfd, &first), 0);
	if (s->n)
		assert_int_equal(first, s->v[0].first);
}

static struct verify_result verify(const struct fixture *fx)
{
	struct verify_result v;
	struct err err = {""};

	assert_int_equal(trail_verify(fx->dirfd, &fx->key.pub, fx->cfg.origin,
			     NULL, &v, &err),
	    0);
	return v;
}

static unsigned verdicts(const struct fixture *fx)
{
	return verify(fx).verdicts;
}

static uint64_t frames(const struct fixture *fx)
{
	return verify(fx).frames;
}

static int prune(const struct fixture *fx, uint64_t upto)
{
	const struct trail_hole hole = {
	    upto, 1795346625000000, "older than 1d"};
	struct err err = {""};

	return trail_prune(fx->dirfd, fx->cfg.origin, &fx->key, &hole, &err);
}

static void test_hole(void **state)
{
	const struct fixture *fx = *state;
	struct trail_hole hole;
	struct err err = {""};
	struct seen s;

	fixture_fill(fx, N, SIZE);
	look(fx, &s);
	assert_true(s.n >= 3);
	assert_int_equal(s.v[0].first, 1);
	assert_int_equal(trail_hole_read(fx->dirfd, &fx->key.pub,
			     fx->cfg.origin, &hole, &err),
	    -ENOENT);
	/* Within a segment; the last one; a place that is not there. */
	assert_true(prune(fx, s.v[1].first) < 0);
	assert_true(prune(fx, N) < 0);
	assert_int_equal(fixture_files(fx, TRAIL_HOLE), 0);

	assert_int_equal(prune(fx, s.v[1].end - 1), 0);
	assert_int_equal(verdicts(fx), 0);
	assert_int_equal(trail_hole_read(fx->dirfd, &fx->key.pub,
			     fx->cfg.origin, &hole, &err),
	    0);
	assert_int_equal(hole.upto, s.v[1].end - 1);
	assert_int_equal(hole.time, 1795346625000000);
	assert_string_equal(hole.why, "older than 1d");
	assert_int_equal(frames(fx), N - hole.upto);
	/* Once more, and further; the writer goes on as before. */
	assert_int_equal(prune(fx, s.v[1].end - 1), 0);
	assert_int_equal(prune(fx, s.v[2].end - 1), 0);
	fixture_fill(fx, 3, SIZE);
	assert_int_equal(verdicts(fx), 0);
	look(fx, &s);
	assert_true(s.v[0].first > hole.upto + 1);
}

static void test_changed_hole(void **state)
{
	const struct fixture *fx = *state;
	struct trail_hole hole;
	struct buf b = BUF_INIT;
	struct err err = {""};
	struct seen s;

	fixture_fill(fx, N, SIZE);
	look(fx, &s);
	assert_int_equal(prune(fx, s.v[0].end - 1), 0);
	fixture_get(fx, TRAIL_HOLE, &b);
	b.p[str_find(buf_str(&b), STR("older"))] = 'O';
	fixture_put(fx, TRAIL_HOLE, buf_str(&b));
	assert_int_equal(trail_hole_read(fx->dirfd, &fx->key.pub,
			     fx->cfg.origin, &hole, &err),
	    -EKEYREJECTED);
	assert_int_equal(verdicts(fx), 1u << VERDICT_BADSIG);
	buf_free(&b);
}

/* Killed behind the hole, with none, one or two of three segments gone. */
static void test_broken_off(void **state)
{
	const struct fixture *fx = *state;
	char name[SEGMENT_NAME_LEN];

	for (size_t gone = 0; gone < 3; gone++) {
		struct buf kept[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
		struct seen s;

		fixture_clear(fx);
		fixture_fill(fx, N, SIZE);
		look(fx, &s);
		for (size_t i = gone; i < 3; i++) {
			segment_name(s.v[i].first, ".zst", name);
			fixture_get(fx, name, &kept[i]);
		}
		assert_int_equal(prune(fx, s.v[2].end - 1), 0);
		for (size_t i = gone; i < 3; i++) {
			segment_name(s.v[i].first, ".zst", name);
			fixture_put(fx, name, buf_str(&kept[i]));
			buf_free(&kept[i]);
		}
		assert_int_equal(verdicts(fx), 0);
		assert_int_equal(prune(fx, s.v[2].end - 1), 0);
		assert_int_equal(verdicts(fx), 0);
		assert_int_equal(frames(fx), N + 1 - s.v[2].end);
	}
}

/* A chain that begins behind frames of another one, also after a crash. */
static void test_behind(void **state)
{
	struct fixture *fx = *state;
	struct trail_behind behind = {.why = "they are elsewhere"};
	struct trail_recovery rec;
	struct trail_hole hole;
	struct trail *t;
	struct sha256 leaf = {{1}};
	struct err err = {""};
	uint64_t first;

	merkle_init(&behind.tree);
	for (int i = 0; i < 37; i++)
		merkle_append(&behind.tree, &leaf);
	fx->cfg.behind = &behind;
	for (int crashes = 0; crashes < 3; crashes++) {
		assert_int_equal(
		    trail_open(&t, fx->dirfd, &fx->cfg, &rec, &err), 0);
		assert_int_equal(trail_last_seq(t), 37);
		fixture_append(t, 1, SIZE);
		if (crashes == 1)
			unlinkat(fx->dirfd, "checkpoint", 0);
		trail_abandon(t);
	}
	assert_int_equal(trail_open(&t, fx->dirfd, &fx->cfg, &rec, &err), 0);
	assert_false(rec.unclean);
	fixture_append(t, 5, SIZE);
	assert_int_equal(trail_close(t, &err), 0);
	/* It goes on, whoever opens it. */
	assert_int_equal(trail_open(&t, fx->dirfd, &fx->cfg, &rec, &err), 0);
	assert_int_equal(trail_last_seq(t), 42);
	assert_int_equal(trail_close(t, &err), 0);
	fx->cfg.behind = NULL;
	fixture_fill(fx, 5, SIZE);
	assert_int_equal(verdicts(fx), 0);
	assert_int_equal(frames(fx), 10);
	assert_int_equal(trail_first(fx->dirfd, &first), 0);
	assert_int_equal(first, 38);
	assert_int_equal(trail_hole_read(fx->dirfd, &fx->key.pub,
			     fx->cfg.origin, &hole, &err),
	    0);
	assert_int_equal(hole.upto, 37);
	assert_string_equal(hole.why, "they are elsewhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_hole, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_changed_hole, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_broken_off, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_behind, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
