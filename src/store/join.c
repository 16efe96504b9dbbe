/* SPDX-License-Identifier: Apache-2.0 */
/* Which tracks make up which session, once more for those that changed. */
#include <errno.h>
#include <stdlib.h>

#include "core/reach.h"
#include "store/session_row.h"

/* Tracks looked at together; a host may have millions. */
#define CHUNK	 20000
/* As many settled ones as there may be near to them, else the chunk is cut. */
#define NEAR_MAX 40000

/* What begins and ends when, of some tracks; lo > hi: there are none. */
struct span {
	int64_t lo, hi;
};

#define SPAN_NONE ((struct span){INT64_MAX, INT64_MIN})

struct join {
	struct writer *w;
	int64_t host;
	struct str host_name;
	size_t limit; /* at most so many of those that changed */
	bool whole;   /* they are all that the host has: nothing is near */
	size_t n_dirty;
	/* The last of the chunk, in the order of its start and id. */
	struct track_place last;
	/* Of those in the chunk that TRACK_JOINS: all; whose end was not seen;
	 * without their own begin; these and login records. */
	struct span all, open, unbegun, late;
	struct span tried; /* of those that TRACK_TRIED */
	struct track_rows rows;
	struct map known;    /* ids in rows */
	struct map affected; /* sessions to be written */
	struct boot *boots;
	size_t n_boots;
	struct arena mem;      /* of the host */
	struct arena rows_mem; /* of the chunk */
};

static int64_t minus(int64_t t, int64_t d)
{
	return t < INT64_MIN + d ? INT64_MIN : t - d;
}

static int64_t plus(int64_t t, int64_t d)
{
	return t > INT64_MAX - d ? INT64_MAX : t + d;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void widen(struct span *s, const struct span *by)
{
	s->lo = least(s->lo, by->lo);
	s->hi = most(s->hi, by->hi);
}

/* One that TRACK_JOINS. */
static void widen_spans(
    struct join *j, const struct span *s, int flags, int kind)
{
	const bool began = flags & TRACK_BEGAN;

	widen(&j->all, s);
	if (!(flags & TRACK_CLOSED))
		widen(&j->open, s);
	if (!began)
		widen(&j->unbegun, s);
	if (!began || kind == TRACK_LOGIN)
		widen(&j->late, s);
}

static int find_chunk(struct join *j, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(&j->w->sql,
	    "SELECT start, stop, flags, joins, kind, id FROM track WHERE dirty"
	    " AND host = ?1 ORDER BY start, id LIMIT ?2",
	    &r, err);

	if (!st)
		return r;
	j->n_dirty = 0;
	j->all = j->open = j->unbegun = j->late = j->tried = SPAN_NONE;
	sql_bind(st, "ii", j->host, (int64_t)j->limit);
	while ((r = sql_step(&j->w->sql, st, err)) > 0) {
		const struct span s = {
		    sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};

		j->n_dirty++;
		j->last = (struct track_place){
		    s.lo, id_from_sql(sqlite3_column_int64(st, 5))};
		if (sqlite3_column_int(st, 3) == TRACK_JOINS)
			widen_spans(j, &s, sqlite3_column_int(st, 2),
			    sqlite3_column_int(st, 4));
		else
			widen(&j->tried, &s);
	}
	return r;
}

static int add_rows(struct join *j, sqlite3_stmt *st, struct err *err)
{
	int r;

	while ((r = sql_step(&j->w->sql, st, err)) > 0) {
		uint64_t id = id_from_sql(sqlite3_column_int64(st, 0));
		struct track_row *row;

		if (map_get(&j->known, id))
			continue;
		row = track_rows_add(&j->rows);
		if (!row || !map_put(&j->known, id) ||
		    track_row_read(st, j->host_name, row, &j->rows_mem) < 0) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	}
	return r;
}

static int load_dirty(struct join *j, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(&j->w->sql,
	    "SELECT " TRACK_COLUMNS " FROM track WHERE dirty AND host = ?1"
	    " AND (start, id) <= (?2, ?3)",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "iiu", j->host, j->last.start, j->last.id);
	return add_rows(j, st, err);
}

_Static_assert(TRACK_CLOSED == 2 && TRACK_BEGAN == 2048 && TRACK_LOGIN == 2,
    "NEAR names the numbers that the catalogue has");

/*
 * All that can be in one session with those that changed: within the reaches of
 * core/reach.h before them (?2 and ?4) and behind them (?5 to ?7).
 */
#define NEAR                                                                   \
	" FROM track INDEXED BY track_host WHERE joins = 1 AND host = ?1"      \
	" AND stop >= ?2 AND start <= ?3"                                      \
	" AND (stop >= ?4 OR NOT flags & 2)"                                   \
	" AND (start <= ?5 OR (start <= ?6 AND NOT flags & 2048)"              \
	" OR (start <= ?7 AND (kind = 2 OR NOT flags & 2048)))"

static void bind_near(const struct join *j, sqlite3_stmt *st)
{
	const int64_t before = least(minus(j->all.lo, TRACK_REACH_BEGAN),
	    minus(j->unbegun.lo, TRACK_REACH_CLOSED));
	const int64_t before_open = minus(j->late.lo, TRACK_REACH_OPEN);
	const int64_t behind = plus(j->all.hi, TRACK_REACH_CLOSED);
	const int64_t behind_open = plus(j->open.hi, TRACK_REACH_OPEN);

	sql_bind(st, "iiiiiii", j->host, least(before, before_open),
	    most(behind, behind_open), before,
	    plus(j->all.hi, TRACK_REACH_BEGAN), behind, behind_open);
}

static int load_near(struct join *j, struct err *err)
{
	int r;
	sqlite3_stmt *st;

	if (j->all.lo > j->all.hi)
		return 0;
	st = sql_get(&j->w->sql, "SELECT " TRACK_COLUMNS NEAR, &r, err);
	if (!st)
		return r;
	bind_near(j, st);
	return add_rows(j, st, err);
}

/* What those that were only tried may have become. */
static int load_became(struct join *j, struct err *err)
{
	int r;
	sqlite3_stmt *st;

	if (j->tried.lo > j->tried.hi)
		return 0;
	st = sql_get(&j->w->sql,
	    "SELECT " TRACK_COLUMNS " FROM track INDEXED BY track_host"
	    " WHERE joins = 1 AND host = ?1 AND stop >= ?2 AND start <= ?3",
	    &r, err);
	if (!st)
		return r;
	sql_bind(st, "iii", j->host, minus(j->tried.lo, TRACK_REACH_TRIED),
	    plus(j->tried.hi, TRACK_REACH_TRIED));
	return add_rows(j, st, err);
}

/* What was tried under this pid, which is one of t's. */
static int load_tried_of(
    struct join *j, const struct track *t, int64_t pid, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(&j->w->sql,
	    "SELECT " TRACK_COLUMNS " FROM track INDEXED BY track_tried"
	    " WHERE joins = 2 AND host = ?1 AND pid = ?2 AND stop >= ?3"
	    " AND stop <= ?4",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "iiii", j->host, pid, minus(t->start, TRACK_REACH_TRIED),
	    plus(t->end, 2 * TRACK_REACH_TRIED));
	return add_rows(j, st, err);
}

static int load_tried(struct join *j, struct err *err)
{
	const size_t n = j->rows.n;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct track t = j->rows.v[i].t;

		if (!j->rows.v[i].dirty || track_joins(&t) != TRACK_JOINS)
			continue;
		if (t.pid > 0)
			r = load_tried_of(j, &t, t.pid, err);
		if (r == 0 && t.child_pid > 0 && t.child_pid != t.pid)
			r = load_tried_of(j, &t, t.child_pid, err);
	}
	return r;
}

/* The other tracks of the sessions that those found are in. */
static int load_sessions(struct join *j, struct err *err)
{
	const size_t n = j->rows.n;

	for (size_t i = 0; i < n; i++) {
		uint64_t session = j->rows.v[i].old_session;
		sqlite3_stmt *st;
		int r;

		if (j->rows.v[i].dirty == TRACK_NEW)
			continue;
		st = sql_get(&j->w->sql,
		    "SELECT " TRACK_COLUMNS " FROM track WHERE session = ?1"
		    " AND session <> id",
		    &r, err);
		if (!st)
			return r;
		sql_bind(st, "u", session);
		r = add_rows(j, st, err);
		if (r < 0)
			return r;
		if (map_get(&j->known, session))
			continue;
		st = sql_get(&j->w->sql,
		    "SELECT " TRACK_COLUMNS " FROM track WHERE id = ?1", &r,
		    err);
		if (!st)
			return r;
		sql_bind(st, "u", session);
		r = add_rows(j, st, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_boots(struct join *j, struct err *err)
{
	size_t cap = 0;
	int r;
	sqlite3_stmt *st = sql_get(&j->w->sql,
	    "SELECT time, boot_id FROM boot WHERE host = ?1", &r, err);

	if (!st)
		return r;
	sql_bind(st, "i", j->host);
	while ((r = sql_step(&j->w->sql, st, err)) > 0) {
		if (j->n_boots == cap) {
			cap = cap ? cap * 2 : 16;
			void *p = realloc(j->boots, cap * sizeof *j->boots);

			if (!p) {
				sqlite3_reset(st);
				return -ENOMEM;
			}
			j->boots = p;
		}
		j->boots[j->n_boots++] = (struct boot){j->host_name,
		    arena_dup(&j->mem, sql_str(st, 1)),
		    sqlite3_column_int64(st, 0)};
	}
	return r;
}

static int cmp_session(const void *x, const void *y)
{
	const struct track_row *a = x, *b = y;

	if (a->t.session != b->t.session)
		return a->t.session < b->t.session ? -1 : 1;
	return (a->t.id > b->t.id) - (a->t.id < b->t.id);
}

/* Set sessions of all rows, and which sessions have to be written. */
static int decide(struct join *j)
{
	struct track *tracks = malloc((j->rows.n + 1) * sizeof *tracks);
	size_t n = 0;
	int r;

	if (!tracks)
		return -ENOMEM;
	for (size_t i = 0; i < j->rows.n; i++)
		if (track_joins(&j->rows.v[i].t))
			tracks[n++] = j->rows.v[i].t;
	r = join_tracks(tracks, n, j->boots, j->n_boots);
	n = 0;
	for (size_t i = 0; i < j->rows.n && r == 0; i++) {
		struct track_row *row = &j->rows.v[i];

		row->t.session = row->t.id;
		if (track_joins(&row->t))
			row->t.session = tracks[n++].session;
		if (!row->dirty && row->t.session == row->old_session)
			continue;
		if (!map_put(&j->affected, row->t.session) ||
		    !map_put(&j->affected, row->old_session))
			r = -ENOMEM;
	}
	free(tracks);
	return r;
}

static int write_chunk(struct join *j, struct err *err)
{
	struct track_row *v = j->rows.v;
	size_t end;
	int r = 0;

	qsort(v, j->rows.n, sizeof *v, cmp_session);
	for (size_t i = 0; i < j->rows.n && r == 0; i = end) {
		struct session_group g = {&v[i], 1, j->host, j->last};

		for (end = i + 1;
		     end < j->rows.n && v[end].t.session == v[i].t.session;)
			end++;
		g.n = end - i;
		if (!map_get(&j->affected, v[i].t.session))
			continue;
		map_del(&j->affected, v[i].t.session);
		r = session_write(j->w, &g, err);
	}
	/* Left are sessions that lost all their tracks to others. */
	for (size_t i = 0; i < j->affected.cap && r == 0; i++)
		if (j->affected.slots[i].used)
			r = session_remove(j->w, j->affected.slots[i].key, err);
	return r;
}

/* How many settled ones are looked at with the chunk. */
static int count_near(struct join *j, int64_t *ret, struct err *err)
{
	sqlite3_stmt *st;
	int r;

	*ret = 0;
	if (j->all.lo > j->all.hi)
		return 0;
	st = sql_get(
	    &j->w->sql, "SELECT count(*)" NEAR " AND NOT dirty", &r, err);
	if (!st)
		return r;
	bind_near(j, st);
	r = sql_step(&j->w->sql, st, err);
	if (r > 0)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return r < 0 ? r : 0;
}

/* Whether all tracks of the host changed, and a chunk holds them. */
static int find_whole(struct join *j, struct err *err)
{
	int64_t settled, n;
	int r = sql_number(&j->w->sql,
	    "SELECT EXISTS (SELECT 1 FROM track INDEXED BY track_host"
	    " WHERE joins = 1 AND host = ?1 AND NOT dirty) OR EXISTS"
	    " (SELECT 1 FROM track INDEXED BY track_tried"
	    " WHERE joins = 2 AND host = ?1 AND NOT dirty)",
	    &settled, err, "i", j->host);

	if (r < 0 || settled)
		return r;
	r = sql_number(&j->w->sql,
	    "SELECT count(*) FROM track WHERE dirty AND host = ?1", &n, err,
	    "i", j->host);
	if (r < 0)
		return r;
	j->whole = (size_t)n <= CHUNK;
	j->n_dirty = (size_t)n;
	j->last = (struct track_place){INT64_MAX, INT64_MAX};
	return 0;
}

/*
 * The next tracks that changed: fewer where they lie far apart among settled
 * ones, of which a host may have millions, too.
 */
static int next_chunk(struct join *j, struct err *err)
{
	int64_t near = 0;
	int r;

	j->limit = j->limit >= CHUNK / 2 ? CHUNK : j->limit * 2;
	for (;; j->limit = j->n_dirty / 2) {
		r = find_chunk(j, err);
		if (r == 0)
			r = count_near(j, &near, err);
		if (r < 0 || near <= NEAR_MAX || j->n_dirty < 2)
			return r;
	}
}

static int join_chunk(struct join *j, struct err *err)
{
	static int (*const load[])(struct join *, struct err *) = {
	    load_dirty, load_near, load_became, load_tried, load_sessions};
	const size_t n = j->whole ? 1 : sizeof load / sizeof *load;
	int r = track_rows_reserve(&j->rows, j->n_dirty);

	for (size_t i = 0; i < n && r == 0; i++)
		r = load[i](j, err);
	if (r == 0)
		r = decide(j);
	if (r == 0)
		r = write_chunk(j, err);
	if (r == 0)
		r = sql_run(&j->w->sql,
		    "UPDATE track SET dirty = 0 WHERE dirty AND host = ?1"
		    " AND (start, id) <= (?2, ?3)",
		    err, "iiu", j->host, j->last.start, j->last.id);
	j->rows.n = 0;
	map_clear(&j->known);
	map_clear(&j->affected);
	arena_reset(&j->rows_mem);
	return r;
}

static int join_host(struct join *j, struct err *err)
{
	int r = catalogue_host_text(
	    &j->w->sql, j->host, &j->mem, &j->host_name, err);

	if (r == 0)
		r = load_boots(j, err);
	if (r == 0)
		r = find_whole(j, err);
	if (r == 0 && j->whole)
		r = join_chunk(j, err);
	while (r == 0 && !j->whole) {
		r = next_chunk(j, err);
		if (r < 0 || j->n_dirty == 0)
			break;
		r = join_chunk(j, err);
	}
	free(j->rows.v);
	free(j->boots);
	map_free(&j->known);
	map_free(&j->affected);
	arena_free(&j->rows_mem);
	arena_free(&j->mem);
	return r;
}

#define MARK_DIVIDED(index, joins)                                             \
	"UPDATE track SET dirty = 1 WHERE id IN (SELECT t.id FROM track t"     \
	" INDEXED BY " index " JOIN track r ON r.id = t.session"               \
	" WHERE t.joins = " joins " AND t.host = ?1 AND t.stop >= ?2"          \
	" AND t.session <> t.id AND EXISTS (SELECT 1 FROM boot"                \
	" WHERE boot.host = ?1 AND time > r.start AND time <= t.start))"

/* Sessions that a start of the host, now known, lies within. */
static int mark_divided(struct writer *w, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < w->new_boots.cap && r == 0; i++) {
		const struct map_slot *s = &w->new_boots.slots[i];

		if (!s->used)
			continue;
		r = sql_run(&w->sql, MARK_DIVIDED("track_host", "1"), err, "ii",
		    (int64_t)s->key, (int64_t)s->value);
		if (r == 0)
			r = sql_run(&w->sql, MARK_DIVIDED("track_tried", "2"),
			    err, "ii", (int64_t)s->key, (int64_t)s->value);
	}
	map_clear(&w->new_boots);
	return r;
}

int writer_join(struct writer *w, struct err *err)
{
	int64_t host = 0;
	int r = mark_divided(w, err);

	if (r < 0)
		return r;

	for (;;) {
		struct join j = {.w = w, .limit = CHUNK};

		r = sql_number(&w->sql,
		    "SELECT host FROM track WHERE dirty AND host > ?1"
		    " ORDER BY host LIMIT 1",
		    &host, err, "i", host);
		if (r < 0)
			break;
		j.host = host;
		r = join_host(&j, err);
		if (r < 0)
			return r;
	}
	return r == -ENOENT ? sessions_name(w, err) : r;
}
