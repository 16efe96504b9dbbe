/* SPDX-License-Identifier: Apache-2.0 */
#include "store/near.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "core/reach.h"

/* Those that begin next to a track: join_tracks() compares six of these. */
#define FIND(index, where, order)                                              \
	"SELECT " TRACK_COLUMNS " FROM track INDEXED BY " index                \
	" WHERE joins = 1 AND host = ?1 AND " where " AND start " order        \
	" LIMIT 16"
#define FIND_BOTH(index, where)                                                \
	{                                                                      \
		FIND(index, where, "<= ?2 ORDER BY start DESC"),               \
		    FIND(index, where, "> ?2 ORDER BY start")                  \
	}

#define BIT(joins) (1u << (joins))
#define AT(member) offsetof(struct track, member)

/* What tracks are found by: a number of 0 or more, or a text. */
static const struct key {
	unsigned of; /* BIT() of those that are found so */
	size_t number, text;
	int64_t least;
	const char *find[2];
} keys[] = {
    {BIT(TRACK_JOINS) | BIT(TRACK_TRIED), AT(pid), 0, 1,
	FIND_BOTH("track_pid", "pid = ?3 AND pid <> -1")},
    {BIT(TRACK_JOINS) | BIT(TRACK_TRIED), AT(pid), 0, 1,
	FIND_BOTH("track_child", "child_pid = ?3 AND child_pid <> -1")},
    {BIT(TRACK_JOINS), AT(child_pid), 0, 1,
	FIND_BOTH("track_pid", "pid = ?3 AND pid <> -1")},
    {BIT(TRACK_JOINS), AT(child_pid), 0, 1,
	FIND_BOTH("track_child", "child_pid = ?3 AND child_pid <> -1")},
    {BIT(TRACK_JOINS) | BIT(TRACK_TAPED), AT(ses), 0, 0,
	FIND_BOTH("track_ses", "ses = ?3 AND ses <> -1")},
    {BIT(TRACK_JOINS), AT(port), AT(addr), 0,
	FIND_BOTH("track_peer", "port = ?3 AND port <> -1 AND addr = ?4")},
    {BIT(TRACK_JOINS) | BIT(TRACK_TAPED), 0, AT(tty), 0,
	FIND_BOTH("track_tty", "tty = ?4")},
};

static int64_t number_of(const struct track *t, size_t at)
{
	return at ? *(const int64_t *)(const void *)((const char *)t + at) : 0;
}

static struct str text_of(const struct track *t, size_t at)
{
	return at ? *(const struct str *)(const void *)((const char *)t + at)
		  : STR_NONE;
}

static int64_t minus(int64_t t, int64_t d)
{
	return t < INT64_MIN + d ? INT64_MIN : t - d;
}

static int64_t plus(int64_t t, int64_t d)
{
	return t > INT64_MAX - d ? INT64_MAX : t + d;
}

static int add_row(struct near *n, sqlite3_stmt *st, uint64_t changed)
{
	uint64_t id = id_from_sql(sqlite3_column_int64(st, 0));
	struct track_row *row;
	uint64_t *known = map_get(&n->known, id);

	if (known)
		return 0;
	known = map_put(&n->known, id);
	row = track_rows_add(&n->rows);
	if (!known || !row)
		return -ENOMEM;
	*known = changed;
	return track_row_read(st, n->host_name, row, &n->mem);
}

static int add_rows(
    struct near *n, sqlite3_stmt *st, uint64_t changed, struct err *err)
{
	int r;

	while ((r = sql_step(n->sql, st, err)) > 0)
		if (add_row(n, st, changed) < 0) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	return r;
}

static void clear(struct near *n)
{
	n->rows.n = n->n_changed = 0;
	map_clear(&n->known);
	map_clear(&n->marked);
	arena_reset(&n->mem);
}

int near_load_changed(struct near *n, size_t limit, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(n->sql,
	    "SELECT " TRACK_COLUMNS " FROM track INDEXED BY track_dirty"
	    " WHERE dirty AND host = ?1 ORDER BY joins, start, id LIMIT ?2",
	    &r, err);

	if (!st)
		return r;
	clear(n);
	sql_bind(st, "ii", n->host, (int64_t)limit);
	r = add_rows(n, st, 1, err);
	n->n_changed = n->rows.n;
	if (n->rows.n) {
		const struct track *t = &n->rows.v[n->rows.n - 1].t;

		n->last = (struct track_place){track_joins(t), t->start, t->id};
	}
	return r;
}

/* One found by a key of t: whether it may be one session with it. */
static bool in_reach(
    const struct track *t, const struct key *key, sqlite3_stmt *st)
{
	const struct track other = {
	    .kind = (enum track_kind)sqlite3_column_int(st, 2),
	    .flags = (unsigned)sqlite3_column_int(st, 3),
	    .start = sqlite3_column_int64(st, 4),
	    .end = sqlite3_column_int64(st, 5)};
	const enum track_joins joins = track_joins(t);

	if (joins == TRACK_TRIED)
		return other.end >= minus(t->start, TRACK_REACH_TRIED) &&
		       other.start <= plus(t->end, TRACK_REACH_TRIED);
	/* All have had the same terminals. */
	if (joins == TRACK_JOINS && key->text == AT(tty) &&
	    ((other.kind == TRACK_LOGIN) == (t->kind == TRACK_LOGIN) ||
		other.start < minus(t->start, TRACK_REACH_BEGAN) ||
		other.start > plus(t->login > t->start ? t->login : t->start,
				  TRACK_REACH_BEGAN)))
		return false;
	return other.start <= t->start ? track_in_reach(&other, t)
				       : track_in_reach(t, &other);
}

static int load_by(struct near *n, const struct track *t, const struct key *key,
    const char *find, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(n->sql, find, &r, err);

	if (!st)
		return r;
	sql_bind(st, key->text ? "iiis" : "iii", n->host, t->start,
	    number_of(t, key->number), text_of(t, key->text));
	while ((r = sql_step(n->sql, st, err)) > 0)
		if (in_reach(t, key, st) && add_row(n, st, 0) < 0) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	return r;
}

static int load_near(struct near *n, const struct track *t, struct err *err)
{
	const unsigned joins = BIT(track_joins(t));
	int r = 0;

	for (size_t i = 0; i < sizeof keys / sizeof *keys && r == 0; i++) {
		const struct key *key = &keys[i];

		if (!(key->of & joins) ||
		    (key->number && number_of(t, key->number) < key->least) ||
		    (key->text && !text_of(t, key->text).n))
			continue;
		r = load_by(n, t, key, key->find[0], err);
		if (r == 0)
			r = load_by(n, t, key, key->find[1], err);
	}
	return r;
}

static int load_all(
    struct near *n, const char *text, uint64_t id, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(n->sql, text, &r, err);

	if (!st)
		return r;
	sql_bind(st, "u", id);
	return add_rows(n, st, 0, err);
}

/* The other tracks of the session that one found is in. */
static int load_session(
    struct near *n, const struct track_row *row, struct err *err)
{
	const uint64_t session = row->old_session;
	int r;

	if (row->dirty == TRACK_NEW)
		return 0;
	r = load_all(n,
	    "SELECT " TRACK_COLUMNS " FROM track WHERE session = ?1"
	    " AND session <> id",
	    session, err);
	if (r < 0 || map_get(&n->known, session))
		return r;
	return load_all(n, "SELECT " TRACK_COLUMNS " FROM track WHERE id = ?1",
	    session, err);
}

static int load_each(struct near *n, size_t from,
    int load(struct near *n, const struct track_row *row, struct err *err),
    size_t max, struct err *err)
{
	const size_t end = n->rows.n;
	int r = 0;

	for (size_t i = from; i < end && r == 0; i++) {
		const struct track_row row = n->rows.v[i];

		r = n->rows.n > max ? 1 : load(n, &row, err);
	}
	return r;
}

static int load_row(
    struct near *n, const struct track_row *row, struct err *err)
{
	return load_near(n, &row->t, err);
}

int near_load_others(struct near *n, size_t max, struct err *err)
{
	const size_t found = n->rows.n;
	int r = load_each(n, 0, load_row, max, err);

	/* What those found could have been one with instead. */
	if (r == 0)
		r = load_each(n, found, load_row, max, err);
	return r == 0 ? load_each(n, 0, load_session, max, err) : r;
}

/* What was tried or recorded, under one key, in a while. */
static const struct mark {
	size_t number, text;
	int64_t least, behind_open; /* its end was not seen: so far behind */
	const char *find;
} marks[] = {
    {AT(pid), 0, 1, 2 * TRACK_REACH_TRIED,
	"SELECT id FROM track INDEXED BY track_tried WHERE joins = 2"
	" AND host = ?1 AND pid = ?4 AND stop BETWEEN ?2 AND ?3 AND NOT dirty"},
    {AT(child_pid), 0, 1, 2 * TRACK_REACH_TRIED,
	"SELECT id FROM track INDEXED BY track_tried WHERE joins = 2"
	" AND host = ?1 AND pid = ?4 AND stop BETWEEN ?2 AND ?3 AND NOT dirty"},
    {AT(ses), 0, 0, TRACK_REACH_OPEN,
	"SELECT id FROM track INDEXED BY track_taped_ses WHERE joins = 3"
	" AND host = ?1 AND ses = ?4 AND start BETWEEN ?2 AND ?3"
	" AND NOT dirty"},
    {0, AT(tty), 0, TRACK_REACH_OPEN,
	"SELECT id FROM track INDEXED BY track_taped_tty WHERE joins = 3"
	" AND host = ?1 AND tty = ?5 AND start BETWEEN ?2 AND ?3"
	" AND NOT dirty"},
};

static int mark_found(struct near *n, sqlite3_stmt *st, struct err *err)
{
	int r;

	while ((r = sql_step(n->sql, st, err)) > 0) {
		int64_t id = sqlite3_column_int64(st, 0);
		const uint64_t *known = map_get(&n->known, id_from_sql(id));

		if (known && *known)
			continue;
		r = sql_run(n->sql, "UPDATE track SET dirty = 1 WHERE id = ?1",
		    err, "i", id);
		if (r < 0) {
			sqlite3_reset(st);
			return r;
		}
	}
	return r;
}

/*
 * Where what was tried ended, or what was recorded began, to be of t. Tracks
 * come by their start, so a while that was looked at reaches into the next.
 */
static int mark_near(struct near *n, const struct track *t,
    const struct mark *mark, struct err *err)
{
	const uint64_t key = hash_u64((uint64_t)(mark - marks)) ^
			     hash_u64((uint64_t)number_of(t, mark->number)) ^
			     hash_bytes(text_of(t, mark->text));
	int64_t from = minus(t->start, TRACK_REACH_TRIED);
	const int64_t until =
	    plus(t->end, t->flags & TRACK_CLOSED ? 2 * TRACK_REACH_TRIED
						 : mark->behind_open);
	const bool again = map_get(&n->marked, key) != NULL;
	uint64_t *done = map_put(&n->marked, key);
	sqlite3_stmt *st;
	int r = 0;

	if (!done)
		return -ENOMEM;
	if (again && (int64_t)*done >= from)
		from = plus((int64_t)*done, 1);
	if (from > until)
		return 0;
	*done = (uint64_t)until;
	st = sql_get(n->sql, mark->find, &r, err);
	if (!st)
		return r;
	sql_bind(st, mark->text ? "iiiis" : "iiii", n->host, from, until,
	    number_of(t, mark->number), text_of(t, mark->text));
	return mark_found(n, st, err);
}

int near_mark(struct near *n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < n->n_changed && r == 0; i++) {
		const struct track *t = &n->rows.v[i].t;

		if (track_joins(t) != TRACK_JOINS)
			continue;
		for (size_t k = 0; k < sizeof marks / sizeof *marks && r == 0;
		     k++)
			if (number_of(t, marks[k].number) >= marks[k].least &&
			    (!marks[k].text || text_of(t, marks[k].text).n))
				r = mark_near(n, t, &marks[k], err);
	}
	return r;
}

void near_free(struct near *n)
{
	free(n->rows.v);
	map_free(&n->known);
	map_free(&n->marked);
	arena_free(&n->mem);
}
