/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A store of nothing but chains. */
struct chains {
	struct store store; /* first */
	uint64_t last[3];
};

static const uint64_t ids[] = {5, 0x8000000000000000, 0xffffffffffffffff};

static int give_chains(struct store *s,
    int (*fn)(void *ctx, uint64_t chain, uint64_t last), void *ctx,
    struct err *err)
{
	const struct chains *c = (const struct chains *)s;
	int r = 0;

	for (size_t i = 0; i < 3 && r == 0; i++)
		if (c->last[i])
			r = fn(ctx, ids[i], c->last[i]);
	return r;
}

static const struct store_ops chains_ops = {.chains = give_chains};

static uint64_t look(struct progress *p, struct chains *c)
{
	struct err err = {""};
	uint64_t behind;

	assert_int_equal(progress_look(p, &c->store, &behind, &err), 0);
	return behind;
}

static void windows_follow_without_gaps(void **state)
{
	struct chains c = {{&chains_ops}, {0, 10, 0}};
	struct progress p = {.v = NULL};

	assert_int_equal(look(&p, &c), 10);
	assert_int_equal(p.n, 1);
	assert_true(p.v[0].after == 0 && p.v[0].upto == 10);
	/* While it is under way nothing moves, but what is behind counts. */
	buf_add_z(&p.mark, "e.1.2.3");
	c.last[0] = 4;
	c.last[1] = 12;
	assert_int_equal(look(&p, &c), 16);
	assert_true(p.n == 1 && p.v[0].upto == 10);
	progress_done(&p);
	assert_int_equal(look(&p, &c), 6);
	assert_true(p.n == 2 && p.v[0].chain == 5 && p.v[0].upto == 4);
	assert_true(p.v[1].after == 10 && p.v[1].upto == 12);
	progress_done(&p);
	c.last[2] = 1;
	/* An index that is made again is behind for a while. */
	c.last[1] = 3;
	assert_int_equal(look(&p, &c), 1);
	assert_true(p.n == 3 && p.v[1].after == 12 && p.v[1].upto == 12);
	progress_free(&p);
}

static void damage_is_seen(void **state)
{
	struct chains c = {{&chains_ops}, {7, 300, 9}};
	struct progress p = {.v = NULL}, again = {.v = NULL};
	struct buf b = BUF_INIT;

	look(&p, &c);
	buf_add_z(&p.mark, "e.1795344599000000.8521db0123f0b02.3001");
	assert_int_equal(place_write(&p, &b), 0);
	assert_true(place_parse(&again, buf_str(&b)));
	assert_int_equal(again.n, 3);
	assert_memory_equal(again.v, p.v, 3 * sizeof *p.v);
	assert_true(str_eq(buf_str(&again.mark), buf_str(&p.mark)));
	progress_free(&again);
	for (size_t n = 0; n < b.n; n++) {
		assert_false(place_parse(&again, str_make(b.p, n)));
		progress_free(&again);
		b.p[n] ^= 1;
		assert_false(place_parse(&again, buf_str(&b)));
		progress_free(&again);
		b.p[n] ^= 1;
	}
	buf_free(&b);
	progress_free(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(windows_follow_without_gaps),
	    cmocka_unit_test(damage_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
