/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/moments.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/people.h"
#include "archive/recordings.h"
#include "archive/screens_search.h"
#include "base/array.h"

/* More lines of one recording are not held; the first in order are. */
#define HELD_MAX ((size_t)100000)

struct held {
	struct moment m;
	char *text; /* of m */
};

struct moments {
	struct moments_from from;
	struct query q;
	struct people people;
	struct recordings all; /* in the order in which they are searched */
	size_t next;
	struct screens_search *search;
	/* Found, and not given yet, the next one last. */
	struct held *v;
	size_t n, cap;
	size_t max;	  /* of one recording */
	size_t before;	  /* of v, when its search began */
	struct held last; /* given; all zero: none */
	struct moment_place place, after;
	uint64_t skip; /* those at `after` that were given in the part before */
	bool resumes, cut;
};

bool moments_fit(const struct query *q)
{
	return q->text.n && !q->kinds && !q->has_exit && !q->exit_nonzero &&
	       !q->cmd.n && !q->path.n && !q->key.n;
}

static int order_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int64_t end_of(const struct recording *r)
{
	return r->end < 0 ? INT64_MAX : r->end;
}

/* Those that began first, or ended last, are searched first. */
static int by_begin(const void *a, const void *b)
{
	const struct recording *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int by_end(const void *a, const void *b)
{
	const struct recording *x = a, *y = b;
	int64_t p = end_of(x), q = end_of(y);

	return p != q ? (p < q) - (p > q) : -by_begin(a, b);
}

/* In order of time; always the same, so that a place means something. */
static int compare(const void *a, const void *b)
{
	const struct moment *x = &((const struct held *)a)->m,
			    *y = &((const struct held *)b)->m;
	int r = (x->from > y->from) - (x->from < y->from);

	if (r == 0)
		r = str_cmp(x->recording->chain, y->recording->chain);
	if (r == 0)
		r = order_u64(x->recording->number, y->recording->number);
	if (r == 0)
		r = order_u64(x->at, y->at);
	if (r == 0)
		r = order_u64(x->gone, y->gone);
	return r ? r : str_cmp(x->text, y->text);
}

static int compare_down(const void *a, const void *b)
{
	return compare(b, a);
}

static bool newest_first(const struct moments *m)
{
	return m->q.order == ORDER_NEWEST_FIRST;
}

static void sort(struct moments *m, size_t from)
{
	/* The next one to be given comes last. */
	if (m->n > from)
		qsort(m->v + from, m->n - from, sizeof *m->v,
		    newest_first(m) ? compare : compare_down);
}

static void drop(struct held *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].text);
}

/* Of the recording at work only what will be given first is kept. */
static void cut(struct moments *m)
{
	struct held *own = m->v + m->before;
	size_t n = m->n - m->before, out = n - m->max;

	sort(m, m->before);
	drop(own, out);
	memmove(own, own + out, m->max * sizeof *own);
	m->n -= out;
	m->cut = true;
}

static bool is_asked_for(const struct moments *m, const struct screens_hit *hit)
{
	if (hit->from >= m->q.until ||
	    (hit->to <= m->q.since && hit->from < m->q.since))
		return false;
	return !m->resumes || (newest_first(m) ? hit->from <= m->after.from
					       : hit->from >= m->after.from);
}

static int on_hit(void *ctx, const struct screens_hit *hit)
{
	struct moments *m = ctx;
	char *text;

	if (!is_asked_for(m, hit))
		return 0;
	text = malloc(hit->text.n + 1);
	if (!text || array_grow(&m->v, m->n, &m->cap, sizeof *m->v) < 0) {
		free(text);
		return -ENOMEM;
	}
	memcpy(text, hit->text.p, hit->text.n);
	m->v[m->n++] = (struct held){{.recording = &m->all.v[m->next],
					 .from = hit->from,
					 .to = hit->to,
					 .at = hit->boot_from - hit->boot_begin,
					 .gone = hit->boot_to - hit->boot_begin,
					 .alternate = hit->alternate,
					 .text = str_make(text, hit->text.n)},
	    text};
	if (m->n - m->before >= 2 * m->max)
		cut(m);
	return 0;
}

static void tell(struct moments *m, const char *form, const char *what)
{
	const struct recording *r = &m->all.v[m->next];
	struct err text;

	err_set(&text, 0, "recording %llu of %.*s %s%s",
	    (unsigned long long)r->number, STR_ARG(r->chain), form, what);
	m->from.tell(m->from.ctx, text.text);
}

static int search_one(struct moments *m, struct err *err)
{
	const struct recording *r = &m->all.v[m->next];
	struct str user = STR_NONE;
	int result;

	m->before = m->n;
	m->cut = false;
	result = screens_search_next(m->search, err);
	if (result == 0 && m->n > m->before)
		result = people_user(&m->people, r->session, &user, err);
	if (m->n - m->before > m->max)
		cut(m);
	for (size_t i = m->before; i < m->n; i++)
		m->v[i].m.user = user;
	return result;
}

/* What one recording lacks is no reason to show nothing of the others. */
static int search_next(struct moments *m, struct err *err)
{
	int r = m->from.alive ? m->from.alive(m->from.ctx) : 0;

	if (r < 0)
		return err_sys(err, r, "search");
	r = search_one(m, err);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		tell(m, "was not searched: ", err->text);
	if (m->cut && m->max == HELD_MAX)
		tell(m,
		    "showed the text more often than is held, of which the "
		    "rest is left out",
		    "");
	sort(m, 0);
	m->next++;
	return 0;
}

/* Whether no recording that was not searched can have one that comes before. */
static bool is_settled(const struct moments *m)
{
	const struct recording *r = &m->all.v[m->next];

	if (m->next == m->all.n)
		return true;
	if (m->n == 0)
		return false;
	return newest_first(m) ? m->v[m->n - 1].m.from > end_of(r)
			       : m->v[m->n - 1].m.from < r->start;
}

/* The next in order; false: there is none. */
static bool take(struct moments *m)
{
	drop(&m->last, 1);
	m->last = (struct held){.text = NULL};
	if (m->n == 0)
		return false;
	m->last = m->v[--m->n];
	return true;
}

int moments_next(struct moments *m, const struct moment **ret, struct err *err)
{
	int r;

	do {
		while (!is_settled(m)) {
			r = search_next(m, err);
			if (r < 0)
				return r;
		}
		if (!take(m))
			return 0;
	} while (m->skip && m->last.m.from == m->after.from && m->skip--);
	if (m->last.m.from != m->place.from)
		m->place = (struct moment_place){m->last.m.from, 0};
	m->place.n++;
	*ret = &m->last.m;
	return 1;
}

bool moments_place(const struct moments *m, struct moment_place *ret)
{
	*ret = m->place;
	return m->place.n != 0;
}

void moment_place_write(const struct moment_place *p, struct buf *ret)
{
	buf_printf(
	    ret, "%lld.%llu", (long long)p->from, (unsigned long long)p->n);
}

bool moment_place_read(struct str text, struct moment_place *ret)
{
	struct str from;

	return str_cut(&text, '.', &from) && str_i64(from, &ret->from) &&
	       str_u64(text, &ret->n);
}

/* Whether all of it was given in the part before. */
static bool is_done(const struct moments *m, const struct recording *r)
{
	if (!m->resumes)
		return false;
	return newest_first(m) ? r->start > m->after.from
			       : end_of(r) < m->after.from;
}

/* Of a session that fits, and seen at that time. */
static bool is_wanted(void *ctx, const struct recording *r)
{
	struct moments *m = ctx;
	bool host = m->q.n_host == 0;

	for (size_t i = 0; i < m->q.n_host; i++)
		host |= str_eq(m->q.host[i], r->host);
	return host && r->start < m->q.until && end_of(r) >= m->q.since &&
	       !is_done(m, r) && people_has(&m->people, r->session);
}

static int open_all(struct moments *m, struct err *err)
{
	struct screens_query sq = {m->q.text, on_hit, m, NULL, 0};
	int r = people_open(&m->people, m->from.store, &m->q, err);

	if (r < 0)
		return r;
	r = recordings_choose(
	    &m->all, m->from.store, m->q.session, is_wanted, m, err);
	if (r < 0)
		return r;
	if (m->all.n)
		qsort(m->all.v, m->all.n, sizeof *m->all.v,
		    newest_first(m) ? by_end : by_begin);
	sq.recordings = m->all.v;
	sq.n = m->all.n;
	m->search = screens_search_open(m->from.archive, &sq);
	return m->search ? 0 : err_sys(err, -ENOMEM, "search");
}

int moments_open(struct moments **ret, const struct moments_from *from,
    const struct query *q, const struct moment_place *after, struct err *err)
{
	struct moments *m = calloc(1, sizeof *m);
	int r;

	if (!m)
		return err_sys(err, -ENOMEM, "search");
	m->from = *from;
	m->q = *q;
	m->max = q->limit && q->limit < HELD_MAX ? (size_t)q->limit : HELD_MAX;
	if (after) {
		m->place = m->after = *after;
		m->skip = after->n;
		m->resumes = true;
		/* What was given already takes room as well. */
		m->max += after->n < HELD_MAX ? (size_t)after->n : HELD_MAX;
	}
	r = open_all(m, err);
	if (r < 0) {
		moments_close(m);
		return r;
	}
	*ret = m;
	return 0;
}

void moments_close(struct moments *m)
{
	if (!m)
		return;
	screens_search_close(m->search);
	recordings_free(&m->all);
	people_free(&m->people);
	drop(m->v, m->n);
	drop(&m->last, 1);
	free(m->v);
	free(m);
}
