/* SPDX-License-Identifier: Apache-2.0 */
/* Scanning ahead: the same rows, errors in their turn, an end at any time. */
#include "store/scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/calls_test.h"
#include "store/model.h"

#define EVENTS	   700
#define PER_COMMIT 50

/* A store of several small blocks, and a plan for all of its events. */
struct scene {
	char *dir;
	struct sql sql;
	int blocks_fd;
	struct plan plan;
};

static void begin(struct scene *s)
{
	struct store *store;
	struct model m;

	s->dir = model_dir();
	store = open_store(s->dir, STORE_WRITE);
	model_init(&m, 8, EVENTS);
	while (m.n < EVENTS)
		model_make(&m);
	for (size_t at = 0; at < m.n; at += PER_COMMIT)
		model_store(&m, store, at, at + PER_COMMIT);
	store->ops->close(store);
	model_free(&m);
}

static void make_plan(struct scene *s, enum query_order order)
{
	struct query q = everything();
	struct err err = {""};
	char path[600];

	q.order = order;
	snprintf(path, sizeof path, "%s/" CATALOGUE_BLOCKS, s->dir);
	s->blocks_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->blocks_fd >= 0);
	assert_int_equal(catalogue_open(&s->sql, s->dir, STORE_READ, &err), 0);
	assert_int_equal(plan_make(&s->plan, &s->sql, &q, &err), 0);
	assert_true(s->plan.n_blocks > SCAN_AHEAD + 3);
}

static void drop_plan(struct scene *s)
{
	plan_free(&s->plan);
	sql_close(&s->sql);
	close(s->blocks_fd);
}

static void start(struct scene *s, struct scanner *sc)
{
	assert_int_equal(scanner_init(sc, &s->sql, s->blocks_fd, &s->plan), 0);
}

static void drop(struct rows *rows, struct block *b)
{
	free(rows->keys);
	block_close(b);
}

/* Both give the same for the next block. */
static size_t same(struct scanner *x, struct scanner *y, uint64_t limit)
{
	struct rows a, b;
	struct block *of_a, *of_b;
	struct err err = {""};

	assert_int_equal(scanner_next(x, limit, &a, &of_a, &err), 0);
	assert_int_equal(scanner_next(y, limit, &b, &of_b, &err), 0);
	assert_int_equal(a.block, b.block);
	assert_int_equal(a.n, b.n);
	assert_true(a.n <= limit);
	for (size_t i = 0; i < a.n; i++) {
		assert_int_equal(a.keys[i].row, b.keys[i].row);
		assert_int_equal(
		    position_cmp(x->plan, &a.keys[i].at, &b.keys[i].at), 0);
	}
	drop(&a, of_a);
	drop(&b, of_b);
	return a.n;
}

static void test_same_rows(void **state)
{
	static const uint64_t limits[] = {UINT64_MAX, 1, 7};
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < 6; i++) {
		struct scanner plain, ahead;
		size_t n = 0;

		make_plan(&s, i % 2 ? ORDER_OLDEST_FIRST : ORDER_NEWEST_FIRST);
		start(&s, &plain);
		start(&s, &ahead);
		while (ahead.taken < s.plan.n_blocks) {
			/* At first, or when some blocks were taken already. */
			if (ahead.taken >= i)
				scanner_ahead(&ahead);
			n += same(&plain, &ahead, limits[i / 2]);
		}
		assert_non_null(ahead.worker);
		assert_true(n >= s.plan.n_blocks);
		scanner_free(&plain);
		scanner_free(&ahead);
		drop_plan(&s);
	}
	model_dir_remove(s.dir);
}

static void test_early_end(void **state)
{
	struct scene s;

	begin(&s);
	make_plan(&s, ORDER_NEWEST_FIRST);
	for (size_t stop = 0; stop <= s.plan.n_blocks; stop++) {
		struct err err = {""};
		struct scanner sc;

		start(&s, &sc);
		scanner_ahead(&sc);
		while (sc.taken < stop) {
			struct rows rows;
			struct block *b;

			assert_int_equal(
			    scanner_next(&sc, UINT64_MAX, &rows, &b, &err), 0);
			drop(&rows, b);
		}
		scanner_free(&sc);
	}
	drop_plan(&s);
	model_dir_remove(s.dir);
}

static void change(const struct scene *s, const char *text, int64_t id)
{
	struct err err = {""};
	struct sql sql;

	assert_int_equal(catalogue_open(&sql, s->dir, STORE_WRITE, &err), 0);
	assert_int_equal(sql_run(&sql, text, &err, "i", id), 0);
	sql_close(&sql);
}

/* Only block `bad` fails, in its turn. */
static void check_damage(struct scene *s, size_t bad)
{
	struct scanner sc;

	make_plan(s, ORDER_NEWEST_FIRST);
	start(s, &sc);
	scanner_ahead(&sc);
	while (sc.taken < s->plan.n_blocks) {
		bool now = sc.taken == bad;
		struct err err = {""};
		struct rows rows;
		struct block *b;
		int r = scanner_next(&sc, UINT64_MAX, &rows, &b, &err);

		assert_int_equal(r, now ? -EBADMSG : 0);
		assert_int_equal(now, strstr(err.text, "is damaged") != NULL);
		assert_true(!now || (!b && !rows.keys));
		drop(&rows, b);
	}
	scanner_free(&sc);
	drop_plan(s);
}

/* And so does a question, which can be ended then. */
static void check_question(const struct scene *s)
{
	struct store *store = open_store(s->dir, STORE_READ);
	struct query q = everything();
	struct err err = {""};
	struct store_cursor *c;
	struct event ev;
	int r;

	assert_int_equal(store->ops->events(store, &q, &c, &err), 0);
	while ((r = store->ops->next_event(c, &ev, &err)) == 1)
		;
	assert_int_equal(r, -EBADMSG);
	store->ops->cursor_close(c);
	store->ops->close(store);
}

static void test_damage(void **state)
{
	/* Of no use at all, so it cannot be opened; or behind its head. */
	static const char *const ways[] = {
	    "UPDATE block SET data = zeroblob(length(data)) WHERE id = ?1",
	    "UPDATE block SET data = CAST(substr(data, 1, 3000) || "
	    "zeroblob(length(data) - 3000) AS BLOB) WHERE id = ?1",
	};

	for (size_t way = 0; way < 2; way++) {
		for (size_t i = 0; i < 4; i++) {
			struct scene s;
			size_t bad;
			int64_t id;

			begin(&s);
			make_plan(&s, ORDER_NEWEST_FIRST);
			/* Before a question has a thread, and after. */
			bad = i < 3 ? 2 * i : s.plan.n_blocks - 1;
			id = s.plan.blocks[bad].id;
			drop_plan(&s);
			change(&s, ways[way], id);
			check_damage(&s, bad);
			check_question(&s);
			model_dir_remove(s.dir);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_rows),
	    cmocka_unit_test(test_early_end),
	    cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
