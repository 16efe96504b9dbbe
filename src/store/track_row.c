/* SPDX-License-Identifier: Apache-2.0 */
#include "store/track_row.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static const size_t number_at[] = {offsetof(struct track, start),
    offsetof(struct track, end), offsetof(struct track, login),
    offsetof(struct track, ses), offsetof(struct track, auid),
    offsetof(struct track, pid), offsetof(struct track, child_pid),
    offsetof(struct track, port), offsetof(struct track, n_exec),
    offsetof(struct track, n_file), offsetof(struct track, n_auth_fail),
    offsetof(struct track, n_priv), offsetof(struct track, bytes_in),
    offsetof(struct track, bytes_out)};
static const size_t text_at[] = {offsetof(struct track, boot),
    offsetof(struct track, user), offsetof(struct track, addr),
    offsetof(struct track, method), offsetof(struct track, key_type),
    offsetof(struct track, fp), offsetof(struct track, cert_id),
    offsetof(struct track, tty), offsetof(struct track, origin),
    offsetof(struct track, reason), offsetof(struct track, notes)};

/* As in the table `replaced`. */
static const size_t count_at[TRACK_N_COUNTS] = {offsetof(struct track, n_exec),
    offsetof(struct track, n_file), offsetof(struct track, n_auth_fail),
    offsetof(struct track, n_priv), offsetof(struct track, bytes_in),
    offsetof(struct track, bytes_out)};

#define N_NUMBERS ((int)(sizeof number_at / sizeof number_at[0]))
#define N_TEXTS	  ((int)(sizeof text_at / sizeof text_at[0]))

enum track_joins track_joins(const struct track *t)
{
	if (t->kind == TRACK_CONN && !(t->flags & TRACK_LOGGED_IN) &&
	    t->flags & TRACK_BEGAN && t->flags & TRACK_CLOSED)
		return TRACK_ALONE;
	if (t->flags & TRACK_RECORDED)
		return TRACK_TAPED;
	return track_tried(t) ? TRACK_TRIED : TRACK_JOINS;
}

static const char put_text[] =
    "INSERT INTO track(id, session, host, joins, dirty, login, kind, flags,"
    " start, stop, login_time, ses, auid, pid, child_pid, port, n_exec,"
    " n_file, n_auth_fail, n_priv, bytes_in, bytes_out, boot, user, addr,"
    " method, key_type, fp, cert_id, tty, origin, reason, notes)"
    " VALUES(?1, ?1, ?2, ?3, 2 * (?3 > 0), 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
    "?11, ?12,"
    " ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26,"
    " ?27, ?28, ?29, ?30)"
    " ON CONFLICT(id) DO UPDATE SET"
    " dirty = max(dirty, joins OR excluded.joins),"
    " joins = excluded.joins, kind = excluded.kind,"
    " flags = excluded.flags, start = excluded.start, stop = excluded.stop,"
    " login_time = excluded.login_time, ses = excluded.ses,"
    " auid = excluded.auid, pid = excluded.pid,"
    " child_pid = excluded.child_pid, port = excluded.port,"
    " n_exec = excluded.n_exec, n_file = excluded.n_file,"
    " n_auth_fail = excluded.n_auth_fail, n_priv = excluded.n_priv,"
    " bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out,"
    " boot = excluded.boot, user = excluded.user, addr = excluded.addr,"
    " method = excluded.method, key_type = excluded.key_type,"
    " fp = excluded.fp, cert_id = excluded.cert_id, tty = excluded.tty,"
    " origin = excluded.origin, reason = excluded.reason,"
    " notes = excluded.notes";

int track_row_put(
    struct sql *s, int64_t host, const struct track *t, struct err *err)
{
	const char *base = (const char *)t;
	int r, at = 6;
	sqlite3_stmt *st = sql_get(s, put_text, &r, err);

	if (!st)
		return r;
	sql_bind(st, "uiiii", t->id, host, (int64_t)track_joins(t),
	    (int64_t)t->kind, (int64_t)t->flags);
	for (int i = 0; i < N_NUMBERS; i++)
		sqlite3_bind_int64(st, at++,
		    *(const int64_t *)(const void *)(base + number_at[i]));
	for (int i = 0; i < N_TEXTS; i++) {
		const struct str *v =
		    (const struct str *)(const void *)(base + text_at[i]);

		/* Unknown texts take no room as NULL. */
		if (v->n)
			sqlite3_bind_blob64(
			    st, at++, v->p, v->n, SQLITE_STATIC);
		else
			sqlite3_bind_null(st, at++);
	}
	return sql_step(s, st, err);
}

int track_row_read(
    sqlite3_stmt *st, struct str host, struct track_row *ret, struct arena *a)
{
	struct track *t = &ret->t;
	char *base = (char *)t;
	int at = 4;

	t->id = id_from_sql(sqlite3_column_int64(st, 0));
	t->session = ret->old_session =
	    id_from_sql(sqlite3_column_int64(st, 1));
	t->kind = (enum track_kind)sqlite3_column_int(st, 2);
	t->flags = (unsigned)sqlite3_column_int(st, 3);
	t->host = host;
	for (int i = 0; i < N_NUMBERS; i++)
		*(int64_t *)(void *)(base + number_at[i]) =
		    sqlite3_column_int64(st, at++);
	ret->login = sqlite3_column_int64(st, at++);
	ret->dirty = (enum track_dirty)sqlite3_column_int(st, at++);
	for (int i = 0; i < N_TEXTS; i++) {
		struct str *v = (struct str *)(void *)(base + text_at[i]);

		*v = sql_str(st, at++);
		if (v->n)
			*v = arena_dup(a, *v);
		else
			*v = STR("");
		if (!v->p)
			return -ENOMEM;
	}
	return 0;
}

void track_share_of(struct track_share *ret, const struct event *ev)
{
	struct track one = {.bytes_in = -1, .bytes_out = -1};

	*ret = (struct track_share){.track = ev->track};
	track_count(&one, ev);
	for (int i = 0; i < TRACK_N_COUNTS; i++) {
		int64_t n =
		    *(const int64_t *)(const void *)((const char *)&one +
						     count_at[i]);

		ret->n[i] = n > 0 ? n : 0;
	}
}

int track_row_uncount(
    struct sql *s, const struct track_share *share, struct err *err)
{
	const int64_t *n = share->n;

	if (!share->track)
		return 0;
	return sql_run(s,
	    "INSERT INTO replaced VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	    " ON CONFLICT DO UPDATE SET n_exec = n_exec + excluded.n_exec,"
	    " n_file = n_file + excluded.n_file,"
	    " n_auth_fail = n_auth_fail + excluded.n_auth_fail,"
	    " n_priv = n_priv + excluded.n_priv,"
	    " bytes_in = bytes_in + excluded.bytes_in,"
	    " bytes_out = bytes_out + excluded.bytes_out",
	    err, "uiiiiii", share->track, n[0], n[1], n[2], n[3], n[4], n[5]);
}

static int leave_out_hidden(struct sql *s, struct track *t, struct err *err)
{
	char *base = (char *)t;
	int r;
	sqlite3_stmt *st = sql_get(s,
	    "SELECT n_exec, n_file, n_auth_fail, n_priv, bytes_in, bytes_out"
	    " FROM replaced WHERE track = ?1",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "u", t->id);
	r = sql_step(s, st, err);
	if (r <= 0)
		return r;
	for (int i = 0; i < TRACK_N_COUNTS; i++) {
		int64_t *n = (int64_t *)(void *)(base + count_at[i]);
		int64_t less = sqlite3_column_int64(st, i);

		/* Byte counts that hostile events drove to the bound. */
		if (less > 0 && *n > 0)
			*n = less < *n ? *n - less : 0;
	}
	sqlite3_reset(st);
	return 0;
}

int track_rows_reserve(struct track_rows *rows, size_t n)
{
	struct track_row *v;

	if (n <= rows->cap)
		return 0;
	v = reallocarray(rows->v, n, sizeof *v);
	if (!v)
		return -ENOMEM;
	rows->v = v;
	rows->cap = n;
	return 0;
}

struct track_row *track_rows_add(struct track_rows *rows)
{
	if (rows->n == rows->cap &&
	    track_rows_reserve(rows, rows->cap ? rows->cap * 2 : 16) < 0)
		return NULL;
	return &rows->v[rows->n++];
}

int track_rows_of_session(struct sql *s, uint64_t session, struct str host,
    struct track_rows *rows, struct arena *a, struct err *err)
{
	const size_t before = rows->n;
	int r;
	sqlite3_stmt *st = sql_get(s,
	    "SELECT " TRACK_COLUMNS " FROM track WHERE id = ?1 AND session = ?1"
	    " UNION ALL SELECT " TRACK_COLUMNS
	    " FROM track WHERE session = ?1 AND session <> id ORDER BY id",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "u", session);
	while ((r = sql_step(s, st, err)) > 0) {
		struct track_row *row = track_rows_add(rows);

		if (!row || track_row_read(st, host, row, a) < 0) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	}
	for (size_t i = before; i < rows->n && r == 0; i++)
		r = leave_out_hidden(s, &rows->v[i].t, err);
	return r;
}
