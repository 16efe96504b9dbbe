/* SPDX-License-Identifier: Apache-2.0 */
/* Events that were read incomplete and later whole: the former are hidden. */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "store/writer.h"

struct candidate {
	uint64_t id;
	int64_t host, time;
	uint64_t chain, seq;
	bool amends;
	struct tally_entry counted;
	struct track_share share;
};

struct candidates {
	struct candidate *v;
	size_t n, cap;
};

uint64_t hidden_hash(uint64_t chain, uint64_t seq)
{
	return hash_u64(chain ^ hash_u64(seq));
}

static int cmp_amended(const void *x, const void *y)
{
	const struct amended *a = x, *b = y;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->host > b->host) - (a->host < b->host);
}

static int cmp_candidates(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	const struct amended ka = {a->id, a->host, a->time};
	const struct amended kb = {b->id, b->host, b->time};
	int r = cmp_amended(&ka, &kb);

	if (r)
		return r;
	/* Last is the one that stays. */
	if (a->amends != b->amends)
		return a->amends ? 1 : -1;
	if (a->chain != b->chain)
		return a->chain < b->chain ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

/* First of the sorted keys at or behind `time`. */
static size_t lower(const struct writer *w, int64_t time)
{
	size_t lo = 0, hi = w->n_resolve;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (w->resolve[mid].time < time)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int add_candidate(struct writer *w, struct block *b, uint32_t row,
    int64_t host, struct candidates *list, struct err *err)
{
	struct event ev;
	struct candidate *c;
	int64_t login = 0, name;
	int r = block_event(b, row, NULL, &ev, err);

	if (r == 0)
		r = writer_track_login(w, ev.track, &login, err);
	if (r == 0)
		r = writer_name(w, event_str(&ev, F_USER), &name, err);
	if (r < 0)
		return r;
	if (array_grow(&list->v, list->n, &list->cap, sizeof *list->v) < 0)
		return -ENOMEM;
	c = &list->v[list->n++];
	*c = (struct candidate){ev.v[F_ID].u, host, ev.time, ev.chain, ev.seq,
	    event_int(&ev, F_AMENDS, 0) != 0,
	    {tally_day(ev.time), (int32_t)host, (int32_t)(login ? login : name),
		(int32_t)ev.kind, -1},
	    {0, {0}}};
	track_share_of(&c->share, &ev);
	return 0;
}

static int search_run(struct writer *w, struct block *b, const struct run *run,
    struct candidates *list, struct err *err)
{
	struct ints time, ids;
	int64_t host;
	int r = writer_host(w, block_host(b, run->host), &host, err);

	if (r == 0)
		r = block_ints(b, COL_TIME, &time, err);
	if (r == 0)
		r = block_ints(b, COL_FIELD + F_ID, &ids, err);
	for (uint32_t i = run->first; i < run->first + run->n && r == 0; i++) {
		for (size_t k = lower(w, time.v[i]);
		     k < w->n_resolve && w->resolve[k].time == time.v[i]; k++) {
			if (w->resolve[k].id != (uint64_t)ints_get(&ids, i) ||
			    w->resolve[k].host != host)
				continue;
			r = add_candidate(w, b, i, host, list, err);
			break;
		}
	}
	return r;
}

static int search_block(
    struct writer *w, int64_t id, struct candidates *list, struct err *err)
{
	const struct run *runs;
	struct block *b;
	uint32_t n = 0;
	int r = catalogue_block(&w->sql, w->blocks_fd, id, &b, err);

	if (r < 0)
		return r;
	if (block_has(b, COL_FIELD + F_ID))
		r = block_runs(b, &runs, &n, err);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = search_run(w, b, &runs[i], list, err);
	block_close(b);
	return r;
}

static int search(struct writer *w, struct candidates *list, struct err *err)
{
	int64_t id = 0;
	int r;

	for (;;) {
		int64_t min, max;
		sqlite3_stmt *st = sql_get(&w->sql,
		    "SELECT id, min_time, max_time FROM block WHERE id > ?1"
		    " ORDER BY id LIMIT 1",
		    &r, err);
		size_t k;

		if (!st)
			return r;
		sql_bind(st, "i", id);
		r = sql_step(&w->sql, st, err);
		if (r <= 0)
			return r;
		id = sqlite3_column_int64(st, 0);
		min = sqlite3_column_int64(st, 1);
		max = sqlite3_column_int64(st, 2);
		sqlite3_reset(st);
		k = lower(w, min);
		if (k < w->n_resolve && w->resolve[k].time <= max)
			r = search_block(w, id, list, err);
		if (r < 0)
			return r;
	}
}

static int hide(struct writer *w, const struct candidate *c, struct err *err)
{
	int r = sql_run(&w->sql, "INSERT OR IGNORE INTO hidden VALUES(?1, ?2)",
	    err, "uu", c->chain, c->seq);

	if (r < 0 || sqlite3_changes(w->sql.db) == 0)
		return r;
	if (!map_put(&w->hidden, hidden_hash(c->chain, c->seq)))
		return -ENOMEM;
	r = track_row_uncount(&w->sql, &c->share, err);
	return r < 0 ? r : tally_add(&w->tally, &w->sql, &c->counted, err);
}

static bool same_fact(const struct candidate *a, const struct candidate *b)
{
	return a->id == b->id && a->host == b->host && a->time == b->time;
}

int writer_resolve_amended(struct writer *w, struct err *err)
{
	struct candidates list = {NULL, 0, 0};
	int r;

	if (w->n_resolve == 0)
		return 0;
	qsort(w->resolve, w->n_resolve, sizeof *w->resolve, cmp_amended);
	r = search(w, &list, err);
	if (list.n)
		qsort(list.v, list.n, sizeof *list.v, cmp_candidates);
	for (size_t i = 0; i + 1 < list.n && r == 0; i++)
		if (same_fact(&list.v[i], &list.v[i + 1]))
			r = hide(w, &list.v[i], err);
	free(list.v);
	return r;
}

int writer_load_hidden(struct writer *w, struct err *err)
{
	int r;
	sqlite3_stmt *st =
	    sql_get(&w->sql, "SELECT chain, seq FROM hidden", &r, err);

	if (!st)
		return r;
	while ((r = sql_step(&w->sql, st, err)) > 0)
		if (!map_put(&w->hidden,
			hidden_hash(id_from_sql(sqlite3_column_int64(st, 0)),
			    id_from_sql(sqlite3_column_int64(st, 1))))) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	return r;
}
