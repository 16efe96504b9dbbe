/* SPDX-License-Identifier: Apache-2.0 */
/* Random questions to random events: the store against a plain filter. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/event_json.h"
#include "store/calls_test.h"
#include "store/model.h"

static void same_event(
    const struct model *m, const struct event *want, const struct event *got)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct event ev = *want;

	event_set_str(&ev, F_LOGIN_USER, model_login(m, want));
	event_to_json(&ev, EVENT_JSON_DERIVED, &a);
	event_to_json(got, EVENT_JSON_DERIVED, &b);
	assert_string_equal(buf_z(&a), buf_z(&b));
	assert_true(want->chain == got->chain && want->track == got->track);
	buf_free(&a);
	buf_free(&b);
}

static void ask_all(const struct model *m, struct store *s,
    const struct query *q, const size_t *want, size_t n)
{
	struct err err = {""};
	struct store_cursor *c;
	struct event ev;

	assert_int_equal(s->ops->events(s, q, &c, &err), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(s->ops->next_event(c, &ev, &err), 1);
		same_event(m, &m->v[want[i]], &ev);
	}
	assert_int_equal(s->ops->next_event(c, &ev, &err), 0);
	s->ops->cursor_close(c);
}

/* The same by pages, each behind the mark of the one before. */
static void ask_pages(const struct model *m, struct store *s,
    const struct query *asked, const size_t *want, size_t n)
{
	struct query q = *asked;
	struct buf mark = BUF_INIT;
	struct err err = {""};
	size_t at = 0;

	q.limit = n / 3 + 1;
	for (int page = 0; page < 5; page++) {
		struct store_cursor *c;
		struct event ev;

		q.cursor = buf_str(&mark);
		assert_int_equal(s->ops->events(s, &q, &c, &err), 0);
		while (s->ops->next_event(c, &ev, &err) == 1) {
			assert_true(at < n);
			assert_true(ev.seq == m->v[want[at]].seq &&
				    ev.chain == m->v[want[at]].chain);
			at++;
		}
		buf_clear(&mark);
		assert_int_equal(s->ops->cursor_mark(c, &mark), 0);
		s->ops->cursor_close(c);
	}
	assert_int_equal(at, n);
	buf_free(&mark);
}

struct counted {
	const struct model *m;
	const size_t *want; /* the events that are counted */
	size_t n_want;
	unsigned groups;
	uint64_t sum, last;
};

static bool in_group(
    const struct counted *c, const struct event *ev, const struct group_row *g)
{
	struct str user = model_login(c->m, ev);
	int64_t day = ev->time / 86400000000 * 86400000000;

	if (!user.n)
		user = event_str(ev, F_USER);
	return (!(c->groups & GROUP_DAY) || g->day == day) &&
	       (!(c->groups & GROUP_KIND) || g->kind == (int)ev->kind) &&
	       (!(c->groups & GROUP_HOST) || str_eq(g->host, ev->host)) &&
	       (!(c->groups & GROUP_USER) || str_eq(g->user, user)) &&
	       (!(c->groups & GROUP_ADDR) ||
		   str_eq(g->addr, model_addr(c->m, ev)));
}

static int count_row(void *ctx, const struct group_row *g)
{
	struct counted *c = ctx;
	uint64_t n = 0;

	for (size_t i = 0; i < c->n_want; i++)
		n += in_group(c, &c->m->v[c->want[i]], g);
	assert_int_equal(g->n, n);
	assert_true(g->n > 0 && g->n <= c->last);
	c->last = g->n;
	c->sum += n;
	return 0;
}

static void ask_count(const struct model *m, struct store *s,
    const struct query *q, unsigned groups, const size_t *want, size_t n)
{
	struct counted c = {m, want, n, groups, 0, UINT64_MAX};
	struct err err = {""};

	assert_int_equal(s->ops->count(s, q, groups, count_row, &c, &err), 0);
	assert_int_equal(c.sum, n);
}

static void ask(struct model *m, struct store *s, unsigned questions)
{
	static const unsigned groups[] = {0, GROUP_KIND, GROUP_HOST, GROUP_USER,
	    GROUP_DAY, GROUP_HOST | GROUP_KIND, GROUP_ADDR | GROUP_USER};

	for (unsigned i = 0; i < questions; i++) {
		struct query q;
		size_t *want, n;

		model_query(m, &q);
		want = model_answer(m, &q, &n);
		ask_all(m, s, &q, want, n);
		ask_pages(m, s, &q, want, n);
		if (m->n < 5000 || i % 8 == 0)
			ask_count(m, s, &q,
			    groups[i % (sizeof groups / sizeof *groups)], want,
			    n);
		free(want);
	}
}

/* All at once, by many small commits, and as a file with a tail. */
static void test_queries(void **state)
{
	static const struct {
		size_t events, first, step;
		unsigned questions;
	} cases[] = {
	    {3000, 3000, 1, 200}, {2100, 1, 41, 150}, {17500, 17000, 170, 40}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *dir = model_dir();
		struct store *s = open_store(dir, STORE_WRITE);
		struct model m;

		model_init(&m, i + 1, cases[i].events);
		while (m.n < cases[i].events)
			model_make(&m);
		model_store(&m, s, 0, cases[i].first);
		for (size_t at = cases[i].first; at < m.n;) {
			size_t to = at + cases[i].step;

			model_store(&m, s, at, to < m.n ? to : m.n);
			at = to;
		}
		ask(&m, s, cases[i].questions);
		s->ops->close(s);
		s = open_store(dir, STORE_READ);
		ask(&m, s, cases[i].questions / 10);
		s->ops->close(s);
		model_free(&m);
		model_dir_remove(dir);
	}
}

static void test_wanted_fields_only(void **state)
{
	char *dir = model_dir();
	struct store *s = open_store(dir, STORE_WRITE);
	struct query q = {.since = INT64_MIN, .until = INT64_MAX};
	struct err err = {""};
	struct store_cursor *c;
	struct event ev;
	struct model m;

	model_init(&m, 7, 500);
	while (m.n < 500)
		model_make(&m);
	model_store(&m, s, 0, m.n);
	query_want(&q, F_PATH);
	assert_int_equal(s->ops->events(s, &q, &c, &err), 0);
	for (size_t n = 0; n < m.n; n++) {
		assert_int_equal(s->ops->next_event(c, &ev, &err), 1);
		event_unset(&ev, F_PATH);
		assert_true(ev.has[0] == 0 && ev.has[1] == 0);
	}
	s->ops->cursor_close(c);
	q.cursor = STR("s.1.2.3");
	assert_int_equal(s->ops->events(s, &q, &c, &err), -EINVAL);
	s->ops->close(s);
	model_free(&m);
	model_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_queries),
	    cmocka_unit_test(test_wanted_fields_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
