/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/dedup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/when.h"
#include "cli/import/scratch_test.h"

#define AT(sec)	   (INT64_C(1700000400) * USEC_PER_SEC + (sec)*USEC_PER_SEC)
#define AT_MS(ms)  (AT(0) + (ms)*INT64_C(1000))
#define PARTIAL	   1
#define AMENDS	   2
#define NO_ID	   4
#define HELD	   8
#define SERIAL	   16 /* known by a number, as audit's records */
#define TEXT	   32
#define WEAK	   64
#define ROWS_MAX   6
#define SPAN	   600
#define SPANS_KEPT 8

/* An event, and for one that is checked what must be said of it. */
struct row {
	int64_t time;
	uint64_t id;
	unsigned flags;
	enum event_kind kind;
	const char *text;
	enum dedup_verdict want;
};

static void make_event(const struct row *row, struct event *ev)
{
	event_init(ev, row->kind);
	ev->time = row->time;
	ev->host = STR("web");
	ev->source = STR("auth-log");
	ev->trust = row->flags & TEXT ? TRUST_TEXT : TRUST_DAEMON;
	if (!(row->flags & NO_ID))
		event_set_hex(ev, F_ID, row->id);
	if (row->flags & PARTIAL)
		event_set_int(ev, F_PARTIAL, true);
	if (row->flags & AMENDS)
		event_set_int(ev, F_AMENDS, true);
	if (row->flags & SERIAL)
		event_set_int(ev, F_SERIAL, 7);
	if (row->flags & WEAK)
		event_set_int(ev, F_WEAK, true);
	if (row->text)
		event_set_str(ev, F_TEXT, str_z(row->text));
}

static struct store *store_of(
    struct scratch *s, const char *name, const struct row *rows, size_t n)
{
	struct store *store = open_store(scratch_path(s, name), STORE_WRITE);
	struct event ev;

	for (size_t i = 0; i < n; i++) {
		make_event(&rows[i], &ev);
		ev.chain = 1;
		ev.seq = i + 1;
		/* Of another reading: no part of what the event says. */
		event_set_int(&ev, F_SRC, 4711);
		event_set_int(&ev, F_OFFSET, (int64_t)i * 100);
		add(store, &ev);
	}
	commit(store);
	return store;
}

static void check_rows(
    struct dedup *d, const struct row *rows, size_t n, const char *name)
{
	struct event ev;

	for (size_t i = 0; i < n; i++) {
		struct err err = {""};
		int r;

		make_event(&rows[i], &ev);
		r = dedup_check(d, &ev, rows[i].flags & HELD, &err);
		if (r != (int)rows[i].want)
			fail_msg("%s, event %zu: %d, not %d; %s", name, i + 1,
			    r, (int)rows[i].want, err.text);
	}
}

static const struct {
	const char *name;
	size_t n_stored, n_checked;
	struct row stored[ROWS_MAX], checked[ROWS_MAX];
} cases[] = {
    {"empty", 0, 1, {{0, 0, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"one-answer", 1, 3, {{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 8, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"two-answers", 2, 3,
	{{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    /* What was concluded from a line goes with the line. */
    {"weak-left-out", 2, 4,
	{{AT(0), 7, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW},
	    {AT(1), 8, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_CONN_CLOSE, NULL, DEDUP_SEEN},
	    {AT(0), 70, WEAK, EVENT_AUTH_FAIL, NULL, DEDUP_SEEN},
	    {AT(0), 71, WEAK, EVENT_AUTH_FAIL, NULL, DEDUP_NEW},
	    {AT(0), 72, 0, EVENT_AUTH_FAIL, NULL, DEDUP_NEW}}},
    {"weak-stored", 3, 3,
	{{AT(0), 7, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW},
	    {AT(0), 70, WEAK, EVENT_AUTH_FAIL, NULL, DEDUP_NEW},
	    {AT(1), 8, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_CONN_CLOSE, NULL, DEDUP_SEEN},
	    {AT(0), 70, WEAK, EVENT_AUTH_FAIL, NULL, DEDUP_SEEN},
	    {AT(2), 70, WEAK, EVENT_AUTH_FAIL, NULL, DEDUP_NEW}}},
    {"weak-of-new", 2, 2,
	{{AT(0), 7, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW},
	    {AT(1), 8, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW}},
	{{AT(0), 9, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW},
	    {AT(0), 90, WEAK, EVENT_AUTH_FAIL, NULL, DEDUP_NEW}}},
    {"weak-behind-the-last", 1, 2,
	{{AT(0), 7, 0, EVENT_CONN_CLOSE, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_CONN_CLOSE, NULL, DEDUP_SEEN},
	    {AT(0), 70, WEAK, EVENT_AUTH_FAIL, NULL, DEDUP_NEW}}},
    {"no-id", 2, 2,
	{{AT(0), 0, NO_ID, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 0, NO_ID, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT(0), 0, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"later", 1, 2, {{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(2) + 1, 7, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT(2), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN}}},
    {"earlier", 1, 2, {{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(-2) - 1, 7, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT(-2), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN}}},
    /* The nearer one is taken, so the other is left for its own. */
    {"nearest", 2, 3,
	{{AT_MS(100500), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT_MS(102000), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT_MS(101900), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT_MS(98600), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT_MS(101000), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    /* AT(0) is the begin of a span. */
    {"stored-before-border", 1, 3,
	{{AT_MS(-500), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT_MS(-400), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT_MS(200), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT_MS(-500), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"stored-behind-border", 1, 2,
	{{AT_MS(500), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT_MS(-400), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT_MS(500), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"both-sides-of-border", 2, 3,
	{{AT_MS(-500), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT_MS(300), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT_MS(-50), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT_MS(1400), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT_MS(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"partial", 1, 2, {{AT(0), 7, PARTIAL, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_COMPLETES},
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"partial-again", 1, 1, {{AT(0), 7, PARTIAL, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 7, PARTIAL, EVENT_EXEC, NULL, DEDUP_SEEN}}},
    {"partial-says-more", 1, 1,
	{{AT(0), 7, PARTIAL, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_OTHER, NULL, DEDUP_SEEN}}},
    {"partial-other", 1, 1, {{AT(0), 7, PARTIAL, EVENT_OTHER, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_OTHER, NULL, DEDUP_COMPLETES}}},
    {"amends", 1, 3, {{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT(0), 7, AMENDS, EVENT_EXEC, NULL, DEDUP_COMPLETES},
	    {AT(1), 9, AMENDS, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"amends-stored", 1, 1, {{AT(0), 7, AMENDS, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{AT(0), 7, AMENDS, EVENT_EXEC, NULL, DEDUP_SEEN}}},
    {"held-same", 1, 1, {{AT(0), 7, 0, EVENT_EXEC, "a", DEDUP_NEW}},
	{{AT(0), 7, HELD, EVENT_EXEC, "a", DEDUP_SEEN}}},
    {"held-more", 1, 1, {{AT(0), 7, 0, EVENT_EXEC, "a", DEDUP_NEW}},
	{{AT(0), 7, HELD, EVENT_EXEC, "ab", DEDUP_COMPLETES}}},
    {"held-new", 1, 1, {{AT(0), 7, 0, EVENT_EXEC, "a", DEDUP_NEW}},
	{{AT(0), 8, HELD, EVENT_EXEC, "ab", DEDUP_NEW}}},
    {"not-held", 1, 1, {{AT(0), 7, 0, EVENT_EXEC, "a", DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_EXEC, "ab", DEDUP_SEEN}}},
    {"text-of-serial", 2, 2,
	{{AT(0), 7, SERIAL | TEXT, EVENT_EXEC, "a", DEDUP_NEW},
	    {AT(0), 8, SERIAL | TEXT, EVENT_EXEC, "a", DEDUP_NEW}},
	{{AT(0), 7, SERIAL, EVENT_EXEC, "b", DEDUP_COMPLETES},
	    {AT(0), 8, SERIAL | TEXT, EVENT_EXEC, "b", DEDUP_SEEN}}},
    {"text-after-serial", 2, 2,
	{{AT(0), 7, SERIAL | PARTIAL, EVENT_EXEC, "a", DEDUP_NEW},
	    {AT(0), 8, SERIAL, EVENT_EXEC, "a", DEDUP_NEW}},
	{{AT(0), 7, SERIAL | TEXT, EVENT_EXEC, "b", DEDUP_SEEN},
	    {AT(0), 8, SERIAL | TEXT | HELD, EVENT_EXEC, "b", DEDUP_SEEN}}},
    {"text-of-content", 1, 1, {{AT(0), 7, TEXT, EVENT_EXEC, "a", DEDUP_NEW}},
	{{AT(0), 7, 0, EVENT_EXEC, "a", DEDUP_SEEN}}},
    {"before-1970", 1, 2,
	{{-SPAN * USEC_PER_SEC - 1, 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{-SPAN * USEC_PER_SEC, 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {-SPAN * USEC_PER_SEC - 1, 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
    {"ends-of-time", 1, 2, {{AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}},
	{{INT64_MAX, 7, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {INT64_MIN, 7, 0, EVENT_EXEC, NULL, DEDUP_NEW}}},
};

static void test_cases(void **state)
{
	struct scratch *s = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct store *store = store_of(
		    s, cases[i].name, cases[i].stored, cases[i].n_stored);
		struct dedup *d = NULL;

		assert_int_equal(dedup_new(&d, store, NULL), 0);
		check_rows(
		    d, cases[i].checked, cases[i].n_checked, cases[i].name);
		dedup_free(d);
		/* The next stream may be another reading of the same. */
		assert_int_equal(dedup_new(&d, store, NULL), 0);
		check_rows(d, cases[i].checked, 1, cases[i].name);
		dedup_free(d);
		store->ops->close(store);
	}
}

/* More spans than are kept at once, there and back. */
static void test_many_spans(void **state)
{
	struct row rows[3 * SPANS_KEPT] = {
	    {0, 0, 0, EVENT_EXEC, NULL, DEDUP_NEW}};
	const size_t n = sizeof rows / sizeof *rows;
	struct scratch *s = *state;
	struct dedup *d = NULL;
	struct store *store;

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct row){.time = AT((int64_t)i * SPAN + 300),
		    .id = 7,
		    .kind = EVENT_EXEC,
		    .want = DEDUP_SEEN};
	store = store_of(s, "many", rows, n);
	assert_int_equal(dedup_new(&d, store, NULL), 0);
	check_rows(d, rows, n, "there");
	for (size_t i = 0; i < n; i++)
		rows[i].time += 3 * USEC_PER_SEC;
	for (size_t i = 0; i < n; i++)
		rows[i].want = DEDUP_NEW;
	check_rows(d, rows, n, "beside");
	dedup_free(d);
	store->ops->close(store);
}

static void add_one(struct store *s, const struct row *row, uint64_t chain)
{
	struct event ev;

	make_event(row, &ev);
	ev.chain = chain;
	ev.seq = 10;
	add(s, &ev);
	commit(s);
}

/* The stream's own commits, and what others add meanwhile, on their chain. */
static void test_committed_later(void **state)
{
	static const struct row rows[] = {
	    {AT(0), 7, 0, EVENT_EXEC, NULL, DEDUP_SEEN},
	    {AT(0), 8, 0, EVENT_EXEC, NULL, DEDUP_NEW},
	    {AT(0), 9, 0, EVENT_EXEC, NULL, DEDUP_NEW}};
	struct row again[3];
	struct store *store = store_of(*state, "later", rows, 1);
	struct dedup *d;

	assert_int_equal(dedup_new(&d, store, NULL), 0);
	add_one(store, &rows[1], 1);
	add_one(store, &rows[2], 2);
	check_rows(d, rows, 3, "of the begin");
	memcpy(again, rows, sizeof again);
	again[2].want = DEDUP_SEEN;
	assert_int_equal(dedup_again(d, store, 1, NULL), 0);
	check_rows(d, again, 3, "in other hands meanwhile");
	dedup_free(d);
	store->ops->close(store);
}

static void test_free_nothing(void **state)
{
	dedup_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_cases, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_many_spans, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		test_committed_later, scratch_make, scratch_remove),
	    cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
