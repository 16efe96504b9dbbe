/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session_row.h"

#include <errno.h>
#include <stdlib.h>

/* Name of a login uid on a host, 0 when not known; 0 is root everywhere. */
static int account_name(
    struct writer *w, int64_t host, int64_t auid, int64_t *ret, struct err *err)
{
	int r;

	*ret = 0;
	if (auid < 0)
		return 0;
	r = sql_number(&w->sql,
	    "SELECT name FROM account WHERE host = ?1 AND uid = ?2", ret, err,
	    "ii", host, auid);
	if (r != -ENOENT)
		return r;
	return auid == 0 ? writer_name(w, STR("root"), ret, err) : 0;
}

/* Identity map by key or certificate, certificate, comment of the key. */
static int person_of(
    struct writer *w, int64_t fp, int64_t cert, int64_t *ret, struct err *err)
{
	int r;

	*ret = 0;
	if (!fp && !cert)
		return 0;
	r = sql_number(&w->sql,
	    "SELECT coalesce("
	    "(SELECT person FROM identity WHERE what = ?1 AND rank = 0),"
	    "(SELECT person FROM identity WHERE what = ?2 AND rank = 0),"
	    "nullif(?2, 0),"
	    "(SELECT person FROM identity WHERE what = ?1 AND rank = 1), 0)",
	    ret, err, "ii", fp, cert);
	return r;
}

/* Longest common prefix, in hex digits, with the ids on both sides. */
static int widen(struct writer *w, uint64_t id, struct err *err)
{
	int64_t v, width = 4;
	int r;
	static const char *const sides[] = {
	    "SELECT id FROM session WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	    "SELECT id FROM session WHERE id > ?1 ORDER BY id LIMIT 1"};

	for (int i = 0; i < 2; i++) {
		r = sql_number(&w->sql, sides[i], &v, err, "u", id);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		v = __builtin_clzll((id ^ id_from_sql(v)) | 1) / 4 + 1;
		width = v > width ? v : width;
	}
	if (width <= w->width)
		return 0;
	w->width = width;
	return sql_run(&w->sql,
	    "INSERT OR REPLACE INTO meta VALUES('width', ?1)", err, "i", width);
}

struct session_names {
	int64_t own_user, user, person, addr, fp, cert;
};

static int find_names(struct writer *w, const struct session *s, int64_t host,
    struct session_names *n, struct err *err)
{
	int r;

	if ((r = writer_name(w, s->sum.user, &n->own_user, err)) < 0 ||
	    (r = writer_name(w, s->sum.addr, &n->addr, err)) < 0 ||
	    (r = writer_name(w, s->sum.fp, &n->fp, err)) < 0 ||
	    (r = writer_name(w, s->sum.cert_id, &n->cert, err)) < 0 ||
	    (r = person_of(w, n->fp, n->cert, &n->person, err)) < 0)
		return r;
	n->user = n->own_user;
	return n->user ? 0 : account_name(w, host, s->sum.auid, &n->user, err);
}

static int put_session(struct writer *w, const struct session *s, int64_t host,
    const struct session_names *n, struct err *err)
{
	int r = sql_run(&w->sql,
	    "INSERT INTO session(id, host, start, stop, flags, user, own_user,"
	    " person, addr, auid, fp, cert)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
	    " ON CONFLICT(id) DO UPDATE SET host = excluded.host,"
	    " start = excluded.start, stop = excluded.stop,"
	    " flags = excluded.flags, user = excluded.user,"
	    " own_user = excluded.own_user, person = excluded.person,"
	    " addr = excluded.addr, auid = excluded.auid, fp = excluded.fp,"
	    " cert = excluded.cert",
	    err, "uiiiiiiiiiii", s->sum.id, host, s->sum.start, s->sum.end,
	    (int64_t)s->sum.flags, n->user, n->own_user, n->person, n->addr,
	    s->sum.auid, n->fp, n->cert);

	if (r < 0 || w->width_stale)
		return r;
	/* Looking at all ids once costs less than at the neighbours of many. */
	if (++w->n_sessions > 1000)
		w->width_stale = true;
	return widen(w, s->sum.id, err);
}

/* Events of a track were counted under another name. */
static int recount(
    struct writer *w, uint64_t track, int64_t from, int64_t to, struct err *err)
{
	if (!w->tallied || from == to)
		return 0;
	w->recount = true;
	return sql_run(&w->sql,
	    "INSERT INTO retally SELECT block, first, n, ?2, ?3"
	    " FROM block_track WHERE track = ?1 AND"
	    " (SELECT tallied FROM block WHERE id = block)",
	    err, "uii", track, from, to);
}

static bool is_behind(const struct track *t, const struct track_place *p)
{
	const enum track_joins joins = track_joins(t);

	if (joins != p->joins)
		return joins > p->joins;
	if (t->start != p->start)
		return t->start > p->start;
	return id_to_sql(t->id) > id_to_sql(p->id);
}

/* Those up to `last` are settled all at once, see join_chunk(). */
static int settle_track(struct writer *w, const struct track_row *row,
    int64_t login, const struct track_place *last, struct err *err)
{
	const bool joined = row->dirty == TRACK_NEW && is_behind(&row->t, last);
	int r;

	if (row->t.session == row->old_session && row->login == login &&
	    !joined)
		return 0;
	r = sql_run(&w->sql,
	    "UPDATE track SET session = ?2, login = ?3, dirty = min(dirty, 1)"
	    " WHERE id = ?1",
	    err, "uui", row->t.id, row->t.session, login);
	return r < 0 ? r : recount(w, row->t.id, row->login, login, err);
}

static int merge_rows(
    struct session *ret, const struct track_row *v, size_t n, struct arena *a)
{
	struct track one = v[0].t, *tracks = &one;
	int r;

	if (n > 1)
		tracks = malloc(n * sizeof *tracks);
	if (!tracks)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		tracks[i] = v[i].t;
	r = merge_tracks(ret, tracks, n, a);
	if (n > 1)
		free(tracks);
	return r;
}

/*
 * What is more than attempts: a login or a recording was seen, or the kernel
 * tells what was done under its number for one. The journal tells that number
 * too, but of an sshd started by hand it is the admin's, and anybody may knock
 * there.
 */
static bool is_session(const struct session_group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct track *t = &g->v[i].t;

		if (t->flags & (TRACK_LOGGED_IN | TRACK_RECORDED) ||
		    (t->kind == TRACK_AUDIT && t->ses >= 0))
			return true;
	}
	return false;
}

static int put_group(struct writer *w, const struct session_group *g,
    int64_t *ret_user, struct err *err)
{
	struct session_names names = {0, 0, 0, 0, 0, 0};
	struct arena mem = ARENA_INIT;
	struct session s;
	int r = merge_rows(&s, g->v, g->n, &mem);

	if (r == 0) {
		s.sum.id = g->v[0].t.session;
		r = find_names(w, &s, g->host, &names, err);
	}
	if (r == 0)
		r = put_session(w, &s, g->host, &names, err);
	*ret_user = names.user;
	arena_free(&mem);
	return r;
}

int session_write(
    struct writer *w, const struct session_group *g, struct err *err)
{
	int64_t user = 0;
	int r = 0;

	if (is_session(g))
		r = put_group(w, g, &user, err);
	else if (g->n > 1 || g->v[0].dirty != TRACK_NEW)
		r = session_remove(w, g->v[0].t.session, err);
	for (size_t i = 0; i < g->n && r == 0; i++)
		r = settle_track(w, &g->v[i], user, &g->last, err);
	return r;
}

int session_remove(struct writer *w, uint64_t id, struct err *err)
{
	int r =
	    sql_run(&w->sql, "DELETE FROM session WHERE id = ?1", err, "u", id);

	if (sqlite3_changes(w->sql.db) > 0)
		w->width_stale = true;
	return r;
}

/* Give all tracks of a session another name to be counted under. */
static int rename_session(
    struct writer *w, uint64_t id, int64_t user, struct err *err)
{
	const struct track_place all = {TRACK_TAPED, INT64_MAX, INT64_MAX};
	struct track_rows rows = {NULL, 0, 0};
	struct arena mem = ARENA_INIT;
	int r = track_rows_of_session(&w->sql, id, STR_NONE, &rows, &mem, err);

	if (r == 0)
		r = sql_run(&w->sql,
		    "UPDATE session SET user = ?2 WHERE id = ?1", err, "ui", id,
		    user);
	for (size_t i = 0; i < rows.n && r == 0; i++)
		r = settle_track(w, &rows.v[i], user, &all, err);
	free(rows.v);
	arena_free(&mem);
	return r;
}

static int name_accounts(struct writer *w, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(&w->sql,
	    "SELECT s.id, a.name FROM account a JOIN session s"
	    " ON s.host = a.host AND s.auid = a.uid AND s.own_user = 0"
	    " WHERE s.user <> a.name",
	    &r, err);
	struct map changed = MAP_INIT;

	if (!st)
		return r;
	while ((r = sql_step(&w->sql, st, err)) > 0) {
		uint64_t *user =
		    map_put(&changed, id_from_sql(sqlite3_column_int64(st, 0)));

		if (!user) {
			sqlite3_reset(st);
			r = -ENOMEM;
			break;
		}
		*user = (uint64_t)sqlite3_column_int64(st, 1);
	}
	for (size_t i = 0; i < changed.cap && r == 0; i++)
		if (changed.slots[i].used)
			r = rename_session(w, changed.slots[i].key,
			    (int64_t)changed.slots[i].value, err);
	map_free(&changed);
	return r;
}

int sessions_name(struct writer *w, struct err *err)
{
	int r = 0;

	if (w->accounts_changed)
		r = name_accounts(w, err);
	if (r == 0 && w->persons_changed)
		r = sql_exec(&w->sql,
		    "UPDATE session SET person = coalesce("
		    "(SELECT person FROM identity WHERE what = fp AND rank = "
		    "0),"
		    "(SELECT person FROM identity WHERE what = cert AND rank = "
		    "0),"
		    "nullif(cert, 0),"
		    "(SELECT person FROM identity WHERE what = fp AND rank = "
		    "1),"
		    " 0) WHERE fp IN (SELECT what FROM identity)"
		    " OR cert IN (SELECT what FROM identity)",
		    err);
	if (r == 0 && w->width_stale) {
		unsigned width;

		r = session_id_width(&w->sql, &width, err);
		if (r == 0)
			r = sql_run(&w->sql,
			    "INSERT OR REPLACE INTO meta VALUES('width', ?1)",
			    err, "i", (int64_t)width);
		w->width = (int64_t)width;
	}
	w->n_sessions = 0;
	w->accounts_changed = w->persons_changed = w->width_stale = false;
	return r;
}

int session_id_width(struct sql *s, unsigned *ret, struct err *err)
{
	uint64_t before = 0;
	bool first = true;
	int r;
	sqlite3_stmt *st =
	    sql_get(s, "SELECT id FROM session ORDER BY id", &r, err);

	*ret = 4;
	if (!st)
		return r;
	while ((r = sql_step(s, st, err)) > 0) {
		uint64_t id = id_from_sql(sqlite3_column_int64(st, 0));
		unsigned n = (unsigned)__builtin_clzll((id ^ before) | 1) / 4;

		if (!first && n + 1 > *ret)
			*ret = n + 1;
		first = false;
		before = id;
	}
	return r;
}

static int copy_text(
    sqlite3_stmt *st, int column, struct arena *a, struct str *ret)
{
	*ret = arena_dup(a, sql_str(st, column));
	return ret->p ? 0 : -ENOMEM;
}

/* Host, user and person. */
static int read_names(struct sql *s, uint64_t id, struct arena *a,
    struct str ret[static 3], struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(s,
	    "SELECT h.name, u.name, p.name FROM session s"
	    " JOIN host h ON h.id = s.host LEFT JOIN name u ON u.id = s.user"
	    " LEFT JOIN name p ON p.id = s.person WHERE s.id = ?1",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "u", id);
	r = sql_step(s, st, err);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = 0;
	for (int i = 0; i < 3 && r == 0; i++)
		r = copy_text(st, i, a, &ret[i]);
	sqlite3_reset(st);
	return r;
}

int session_read(struct sql *s, uint64_t id, struct session *ret,
    struct track_rows *rows, struct arena *a, struct err *err)
{
	struct str names[3];
	struct track *tracks;
	int r = read_names(s, id, a, names, err);

	if (r < 0)
		return r;
	rows->n = 0;
	r = track_rows_of_session(s, id, names[0], rows, a, err);
	if (r < 0)
		return r;
	/* The result may point into the tracks: they must stay with it. */
	tracks = arena_alloc(a, (rows->n + 1) * sizeof *tracks);
	if (!tracks)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n; i++)
		tracks[i] = rows->v[i].t;
	r = merge_tracks(ret, tracks, rows->n, a);
	if (r < 0)
		return r;
	ret->sum.id = id;
	ret->sum.host = names[0];
	ret->person = names[2];
	if (names[1].n)
		ret->sum.user = names[1];
	return 0;
}
