/* SPDX-License-Identifier: Apache-2.0 */
/* Which tracks make up which session, once more for those that changed. */
#include <errno.h>
#include <stdlib.h>

#include "store/near.h"

/* Tracks looked at together, and with those near to them: some 70 MiB. A host
 * may have millions. */
#define CHUNK	 20000
#define ROWS_MAX 40000

struct join {
	struct writer *w;
	struct near near;
	struct map affected; /* sessions to be written */
	struct boot *boots;
	size_t n_boots;
	struct arena mem;
};

static int load_boots(struct join *j, struct err *err)
{
	size_t cap = 0;
	int r;
	sqlite3_stmt *st = sql_get(&j->w->sql,
	    "SELECT time, boot_id FROM boot WHERE host = ?1", &r, err);

	if (!st)
		return r;
	sql_bind(st, "i", j->near.host);
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
		j->boots[j->n_boots++] = (struct boot){j->near.host_name,
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
	struct track *tracks = malloc((j->near.rows.n + 1) * sizeof *tracks);
	size_t n = 0;
	int r;

	if (!tracks)
		return -ENOMEM;
	for (size_t i = 0; i < j->near.rows.n; i++)
		if (track_joins(&j->near.rows.v[i].t))
			tracks[n++] = j->near.rows.v[i].t;
	r = join_tracks(tracks, n, j->boots, j->n_boots);
	n = 0;
	for (size_t i = 0; i < j->near.rows.n && r == 0; i++) {
		struct track_row *row = &j->near.rows.v[i];

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
	struct track_row *v = j->near.rows.v;
	size_t end;
	int r = 0;

	qsort(v, j->near.rows.n, sizeof *v, cmp_session);
	for (size_t i = 0; i < j->near.rows.n && r == 0; i = end) {
		struct session_group g = {&v[i], 1, j->near.host, j->near.last};

		for (end = i + 1; end < j->near.rows.n &&
				  v[end].t.session == v[i].t.session;)
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

/* All that changed up to the last of the chunk. */
static int settle(struct join *j, struct err *err)
{
	return sql_run(&j->w->sql,
	    "UPDATE track SET dirty = 0 WHERE dirty AND host = ?1"
	    " AND (joins, start, id) <= (?2, ?3, ?4)",
	    err, "iiiu", j->near.host, (int64_t)j->near.last.joins,
	    j->near.last.start, j->near.last.id);
}

/* `alone`: the host has no other tracks. */
static int join_chunk(struct join *j, bool alone, struct err *err)
{
	int r = decide(j);

	if (r == 0)
		r = settle(j, err);
	if (r == 0 && !alone)
		r = near_mark(&j->near, err);
	if (r == 0)
		r = write_chunk(j, err);
	map_clear(&j->affected);
	return r;
}

/* Chunk by chunk; a smaller one where too much is near to it. */
static int join_chunks(struct join *j, bool joined, struct err *err)
{
	size_t limit = CHUNK;
	int r = 0;

	for (;;) {
		struct near *n = &j->near;
		bool alone;

		r = near_load_changed(n, limit, err);
		if (r < 0 || n->n_changed == 0)
			return r;
		alone = !joined && n->n_changed < limit;
		if (!alone)
			r = near_load_others(
			    n, n->n_changed > 1 ? ROWS_MAX : SIZE_MAX, err);
		if (r == 1) {
			limit = n->n_changed / 2;
			continue;
		}
		if (r == 0)
			r = join_chunk(j, alone, err);
		if (r < 0)
			return r;
		joined = true;
		limit = limit < CHUNK / 2 ? limit * 2 : CHUNK;
	}
}

static int join_host(struct writer *w, int64_t host, struct err *err)
{
	struct join j = {.w = w, .near = {.sql = &w->sql, .host = host}};
	int64_t joined = 0;
	int r =
	    catalogue_host_text(&w->sql, host, &j.mem, &j.near.host_name, err);

	if (r == 0)
		r = load_boots(&j, err);
	if (r == 0)
		r = sql_number(&w->sql, "SELECT joined FROM host WHERE id = ?1",
		    &joined, err, "i", host);
	if (r == 0)
		r = join_chunks(&j, joined, err);
	if (r == 0 && !joined)
		r = sql_run(&w->sql, "UPDATE host SET joined = 1 WHERE id = ?1",
		    err, "i", host);
	free(j.boots);
	near_free(&j.near);
	map_free(&j.affected);
	arena_free(&j.mem);
	return r;
}

/* Sessions that a start of the host, now known, lies within. */
static int mark_divided(struct writer *w, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < w->new_boots.cap && r == 0; i++) {
		const struct map_slot *s = &w->new_boots.slots[i];

		if (!s->used)
			continue;
		r = sql_run(&w->sql,
		    "UPDATE track SET dirty = 1 WHERE id IN (SELECT t.id"
		    " FROM track t INDEXED BY track_session"
		    " JOIN track r ON r.id = t.session"
		    " WHERE t.session <> t.id AND t.host = ?1 AND t.stop >= ?2"
		    " AND EXISTS (SELECT 1 FROM boot WHERE boot.host = ?1"
		    " AND time > r.start AND time <= t.start))",
		    err, "ii", (int64_t)s->key, (int64_t)s->value);
	}
	map_clear(&w->new_boots);
	return r;
}

int writer_join(struct writer *w, struct err *err)
{
	int64_t host = 0;
	int r = mark_divided(w, err);

	while (r == 0) {
		r = sql_number(&w->sql,
		    "SELECT host FROM track WHERE dirty AND host > ?1"
		    " ORDER BY host LIMIT 1",
		    &host, err, "i", host);
		if (r == 0)
			r = join_host(w, host, err);
	}
	return r == -ENOENT ? sessions_name(w, err) : r;
}
