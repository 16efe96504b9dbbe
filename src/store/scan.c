/* SPDX-License-Identifier: Apache-2.0 */
#include "store/scan.h"

#include <errno.h>
#include <stdlib.h>

#include "store/scan_text.h"
#include "store/writer.h"

int scan_init(struct scan *s, const struct plan *p)
{
	*s = (struct scan){.plan = p};
	s->keep = malloc(BLOCK_ROWS_MAX);
	s->hit = malloc(BLOCK_ROWS_MAX + 1);
	s->ev = malloc(sizeof *s->ev);
	if (s->keep && s->hit && s->ev)
		return 0;
	scan_free(s);
	return -ENOMEM;
}

void scan_free(struct scan *s)
{
	free(s->keep);
	free(s->hit);
	free(s->ev);
	buf_free(&s->command);
	*s = (struct scan){.plan = NULL};
}

static bool in_list(struct str v, const struct str *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v, list[i]))
			return true;
	return false;
}

static uint32_t count_kept(const uint8_t *keep, uint32_t rows)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rows; i++)
		n += keep[i];
	return n;
}

static int by_run(struct scan *s, struct block *b, struct err *err)
{
	const struct plan *p = s->plan;
	const struct run *runs;
	uint32_t n;
	int r = block_runs(b, &runs, &n, err);

	s->n_keep = 0;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		const struct run *run = &runs[i];
		bool ok = true;

		if (p->q.n_host)
			ok = in_list(
			    block_host(b, run->host), p->q.host, p->q.n_host);
		if (p->session.on)
			ok = ok && map_get(&p->session.ids, run->track);
		if (p->person.on)
			ok = ok && map_get(&p->person.ids, run->track);
		memset(s->keep + run->first, ok, run->n);
		s->n_keep += ok ? run->n : 0;
	}
	return r;
}

static bool shape_ok(const struct query *q, const struct shape *s)
{
	if (q->kinds && !(q->kinds >> s->kind & 1))
		return false;
	if ((q->has_exit || q->exit_nonzero) && !shape_has(s, F_EXIT))
		return false;
	if (q->key.n && !shape_has(s, F_KEY))
		return false;
	if (q->path.n && !shape_has(s, F_PATH) && !shape_has(s, F_PATH2))
		return false;
	if (q->cmd.n && !shape_has(s, F_ARGV) && !shape_has(s, F_CMD))
		return false;
	return true;
}

/* Bytes may be anything's: only `restrict` keeps what is read in registers. */
static void keep_hits(uint8_t *restrict keep, const uint8_t *restrict hit,
    const uint32_t *restrict which, uint32_t rows)
{
	for (uint32_t i = 0; i < rows; i++)
		keep[i] &= hit[which[i]];
}

static int by_shape(struct scan *s, struct block *b, struct err *err)
{
	const struct query *q = &s->plan->q;
	const struct shape *shapes;
	const uint32_t *shape;
	uint32_t n;
	int r = block_shapes(b, &shapes, &n, &shape, err);

	if (r < 0)
		return r;
	if (!q->kinds && !q->has_exit && !q->exit_nonzero && !q->key.n &&
	    !q->path.n && !q->cmd.n)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		s->hit[i] = shape_ok(q, &shapes[i]);
	keep_hits(s->keep, s->hit, shape, block_rows(b));
	return 1;
}

static int by_time(struct scan *s, struct block *b, struct err *err)
{
	const struct query *q = &s->plan->q;
	struct ints time;
	int64_t min, max;
	int r;

	block_times(b, &min, &max);
	if (min >= q->since && max < q->until)
		return 0;
	r = block_ints(b, COL_TIME, &time, err);
	for (uint32_t i = 0; i < block_rows(b) && r == 0; i++)
		s->keep[i] &= time.v[i] >= q->since && time.v[i] < q->until;
	return r < 0 ? r : 1;
}

static int by_exit(struct scan *s, struct block *b, struct err *err)
{
	const struct query *q = &s->plan->q;
	struct ints exit;
	int r;

	if (!q->has_exit && !q->exit_nonzero)
		return 0;
	if (!block_has(b, COL_FIELD + F_EXIT)) {
		memset(s->keep, 0, block_rows(b));
		return 1;
	}
	r = block_ints(b, COL_FIELD + F_EXIT, &exit, err);
	for (uint32_t i = 0; i < block_rows(b) && r == 0; i++) {
		int64_t v = ints_get(&exit, i);

		s->keep[i] &= (!q->has_exit || v == q->exit) &&
			      (!q->exit_nonzero || v != 0);
	}
	return r < 0 ? r : 1;
}

/* Rows whose field is one of the values, or whose track is in the set. */
struct either {
	const struct track_set *set;
	const enum field *fields;
	size_t n_fields;
	bool (*match)(const struct query *q, struct str value);
};

static int by_either(
    struct scan *s, struct block *b, const struct either *e, struct err *err)
{
	uint8_t *ok = calloc(1, block_rows(b));
	const struct run *runs;
	uint32_t n;
	int r = ok ? block_runs(b, &runs, &n, err) : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < n; i++)
		if (map_get(&e->set->ids, runs[i].track))
			memset(ok + runs[i].first, 1, runs[i].n);
	for (size_t f = 0; r == 0 && f < e->n_fields; f++) {
		const struct strings *v;

		if (!block_has(b, COL_FIELD + e->fields[f]))
			continue;
		r = block_strings(b, COL_FIELD + e->fields[f], &v, err);
		if (r < 0)
			break;
		for (uint32_t i = 0; i < v->n; i++)
			s->hit[i] = e->match(&s->plan->q, strings_get(v, i));
		scan_mark(v, s->hit, block_rows(b), ok);
	}
	if (r == 0)
		scan_keep(s->keep, ok, block_rows(b));
	free(ok);
	return r;
}

static bool match_user(const struct query *q, struct str v)
{
	return in_list(v, q->user, q->n_user);
}

static bool match_addr(const struct query *q, struct str v)
{
	for (size_t i = 0; i < q->n_addr; i++)
		if (addr_match(q->addr[i], v))
			return true;
	return false;
}

static bool match_key(const struct query *q, struct str v)
{
	struct str key;
	bool more = true;

	if (str_eq(v, q->key))
		return true;
	while (more) {
		more = str_cut(&v, ',', &key);
		if (str_eq(key, q->key))
			return true;
	}
	return false;
}

static int by_names(struct scan *s, struct block *b, struct err *err)
{
	static const enum field users[] = {F_USER, F_TARGET};
	static const enum field addrs[] = {F_ADDR};
	static const enum field keys[] = {F_KEY};
	static const struct track_set none = {.on = false};
	const struct plan *p = s->plan;
	const struct either user = {
	    &p->user, users, p->q.login_only ? 0 : 2, match_user};
	const struct either addr = {&p->addr, addrs, 1, match_addr};
	const struct either key = {&none, keys, 1, match_key};
	int r = 0;

	if (p->q.n_user)
		r = by_either(s, b, &user, err);
	if (r == 0 && p->q.n_addr)
		r = by_either(s, b, &addr, err);
	if (r == 0 && p->q.key.n)
		r = by_either(s, b, &key, err);
	return r < 0 ? r : p->q.n_user || p->q.n_addr || p->q.key.n;
}

static bool in_window(const struct query *q, const struct position *at)
{
	const struct query_window *w = window_of(q, at->chain);

	return w && at->seq > w->after && at->seq <= w->upto;
}

/* Rows behind the cursor, in a window, and not replaced by others. */
static int by_position(struct scan *s, struct block *b, struct err *err)
{
	const struct plan *p = s->plan;
	struct ints time, chain, seq;
	int r;

	if (!p->resume && p->hidden.n == 0 && p->q.n_windows == 0)
		return 0;
	if ((r = block_ints(b, COL_TIME, &time, err)) < 0 ||
	    (r = block_ints(b, COL_CHAIN, &chain, err)) < 0 ||
	    (r = block_ints(b, COL_SEQ, &seq, err)) < 0)
		return r;
	for (uint32_t i = 0; i < block_rows(b); i++) {
		const struct position at = {
		    time.v[i], (uint64_t)chain.v[i], (uint64_t)seq.v[i]};

		if (!s->keep[i])
			continue;
		if (p->resume && position_cmp(p, &at, &p->after) <= 0)
			s->keep[i] = 0;
		if (p->q.n_windows && !in_window(&p->q, &at))
			s->keep[i] = 0;
		if (p->hidden.n &&
		    map_get(&p->hidden, hidden_hash(at.chain, at.seq)))
			s->keep[i] = 0;
	}
	return 1;
}

/* Each step returns whether it narrowed s->keep, or an error. */
int scan_block(struct scan *s, struct block *b, struct err *err)
{
	static int (*const steps[])(
	    struct scan * s, struct block * b, struct err * err) = {
	    by_shape, by_time, by_exit, by_names, scan_texts, by_position};
	int r = scan_grams(s->plan, b, err);

	s->n_keep = 0;
	if (r <= 0)
		return r;
	r = by_run(s, b, err);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (r < 0 || s->n_keep == 0)
			break;
		r = steps[i](s, b, err);
		if (r > 0)
			s->n_keep = count_kept(s->keep, block_rows(b));
	}
	return r < 0 ? r : 0;
}
