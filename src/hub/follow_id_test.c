/* SPDX-License-Identifier: Apache-2.0 */
/* The ids by which followers go on. */
#include "hub/follow_id.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A store of nothing but chains. */
struct chains {
	struct store store; /* first */
	const struct query_window *v;
	size_t n;
};

static int give_chains(struct store *s,
    int (*fn)(void *ctx, uint64_t chain, uint64_t last), void *ctx,
    struct err *err)
{
	const struct chains *c = (const struct chains *)s;
	int r = 0;

	(void)err;
	for (size_t i = 0; i < c->n && r == 0; i++)
		r = fn(ctx, c->v[i].chain, c->v[i].upto);
	return r;
}

static const struct store_ops chains_ops = {.chains = give_chains};

static int read_id(struct progress *p, const struct query_window *v, size_t n,
    const struct buf *id)
{
	struct chains c = {{&chains_ops}, v, n};
	struct err err = {""};

	return follow_id_read(p, &c.store, buf_str(id), &err);
}

static void comes_back(void **state)
{
	static const struct query_window v[] = {
	    {0x0000000100000007, 5, 9},
	    {0x8000000000000000, 0, 0},
	    {0x8000000100000001, 123456789, 123456789},
	    {0xffffffff00000000, 1, INT64_MAX},
	};
	struct progress p = {.v = NULL}, again = {.v = NULL};
	struct buf id = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		*progress_add(&p, v[i].chain) = v[i];
	buf_add_z(&p.mark, "e.1.2.3");
	assert_int_equal(follow_id_write(&p, &id), 0);
	assert_int_equal(read_id(&again, v, 4, &id), 0);
	assert_int_equal(again.n, 4);
	assert_memory_equal(again.v, v, sizeof v);
	assert_string_equal(buf_z(&again.mark), "e.1.2.3");
	progress_free(&again);
	/* A chain that is gone, and others that came. */
	assert_int_equal(read_id(&again, v + 1, 3, &id), 0);
	assert_int_equal(again.n, 3);
	assert_memory_equal(again.v, v + 1, sizeof v - sizeof *v);
	progress_free(&again);
	p.n = 1;
	buf_clear(&id);
	assert_int_equal(follow_id_write(&p, &id), 0);
	assert_int_equal(read_id(&again, v, 4, &id), 0);
	assert_int_equal(again.n, 1);
	progress_free(&again);
	progress_free(&p);
	buf_free(&id);
}

/* Then something may come twice, and is not missed. */
static void begins_alike(void **state)
{
	static const struct query_window v[] = {
	    {0x100000001, 5, 9}, {0x100000002, 3, 11}, {0x200000000, 7, 7}};
	struct progress p = {.v = NULL}, again = {.v = NULL};
	struct buf id = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		*progress_add(&p, v[i].chain) = v[i];
	assert_int_equal(follow_id_write(&p, &id), 0);
	assert_int_equal(read_id(&again, v, 3, &id), 0);
	assert_int_equal(again.n, 3);
	for (size_t i = 0; i < 2; i++)
		assert_true(again.v[i].after == 3 && again.v[i].upto == 11);
	assert_memory_equal(&again.v[2], &v[2], sizeof *v);
	progress_free(&again);
	progress_free(&p);
	buf_free(&id);
}

/* So many chains have one, and more none. */
static void is_bounded(void **state)
{
	struct progress p = {.v = NULL};
	struct buf id = BUF_INIT;
	size_t most = 0;

	(void)state;
	for (size_t n = 1; n <= 4000; n++) {
		struct query_window *w =
		    progress_add(&p, n * (UINT64_MAX / 4001));

		w->after = w->upto = 1000000 + n;
		buf_clear(&id);
		assert_int_equal(follow_id_write(&p, &id), 0);
		assert_true(id.n <= FOLLOW_ID_MAX);
		if (id.n)
			most = n;
		else
			break;
	}
	print_message("# an id names %zu chains\n", most);
	assert_in_range(most, 1000, 3000);
	progress_free(&p);
	buf_free(&id);
}

static void is_refused(void **state)
{
	static const struct query_window v[] = {{0x100000001, 5, 9}};
	static const char *const bad[] = {"", "x", "AQ==", "gA==;", "AQ==;",
	    "AQUE", "AQUEAQUE;", "AQUEAAUE;", "////////;", "AQX/////////////;"};
	struct buf id = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct progress p = {.v = NULL};

		buf_clear(&id);
		buf_add_z(&id, bad[i]);
		if (strcmp(bad[i], "AQUEAQUE;") == 0)
			assert_int_equal(read_id(&p, v, 1, &id), 0);
		else
			assert_int_equal(read_id(&p, v, 1, &id), -EBADMSG);
		progress_free(&p);
	}
	buf_free(&id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back),
	    cmocka_unit_test(begins_alike),
	    cmocka_unit_test(is_bounded),
	    cmocka_unit_test(is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
