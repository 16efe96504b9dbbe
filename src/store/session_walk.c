/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions in the order of (start, id). */
#include <errno.h>
#include <stdlib.h>

#include "store/embedded.h"
#include "store/scan.h"
#include "store/session_row.h"

struct session_walk {
	struct sql *sql;
	sqlite3_stmt *st;
	struct query q;
	struct arena text; /* of q */
	struct arena mem;  /* of the session given last */
	struct track_rows rows;
	bool by_event; /* only those in `found` */
	struct map found;
	bool resume;
	struct position after, last;
	uint64_t given;
};

static bool asks_events(const struct query *q)
{
	return q->kinds || q->has_exit || q->exit_nonzero || q->cmd.n ||
	       q->path.n || q->text.n || q->key.n;
}

static int add_session(struct session_walk *w, uint64_t track, struct err *err)
{
	int64_t session;
	int r;

	if (track == 0)
		return 0;
	r = sql_number(w->sql, "SELECT session FROM track WHERE id = ?1",
	    &session, err, "u", track);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return map_put(&w->found, id_from_sql(session)) ? 0 : -ENOMEM;
}

static int add_found(struct session_walk *w, const struct scan *s,
    struct block *b, struct err *err)
{
	const struct run *runs;
	uint32_t n;
	int r = block_runs(b, &runs, &n, err);

	for (uint32_t i = 0; i < n && r == 0; i++)
		if (memchr(s->keep + runs[i].first, 1, runs[i].n))
			r = add_session(w, runs[i].track, err);
	return r;
}

static int scan_all(struct session_walk *w, const struct plan *p, int blocks_fd,
    struct err *err)
{
	struct scan s;
	int r = scan_init(&s, p);

	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n_blocks && r == 0; i++) {
		struct block *b;

		r = catalogue_block(
		    w->sql, blocks_fd, p->blocks[i].id, &b, err);
		if (r < 0)
			break;
		r = scan_block(&s, b, err);
		if (r == 0 && s.n_keep)
			r = add_found(w, &s, b, err);
		block_close(b);
	}
	scan_free(&s);
	return r;
}

/* The sessions that have an event such as the query asks for. */
static int find_by_events(
    struct session_walk *w, int blocks_fd, struct err *err)
{
	struct query q = w->q;
	struct plan p;
	int r;

	/* User, person and address are asked of the session, not the event. */
	q.n_user = q.n_person = q.n_addr = 0;
	q.cursor = STR_NONE;
	r = plan_make(&p, w->sql, &q, err);
	if (r < 0)
		return r;
	r = scan_all(w, &p, blocks_fd, err);
	plan_free(&p);
	w->by_event = true;
	return r;
}

static void put_blob(struct buf *b, struct str s)
{
	buf_add_z(b, "x'");
	for (size_t i = 0; i < s.n; i++)
		buf_printf(b, "%02x", (unsigned char)s.p[i]);
	buf_add_z(b, "'");
}

static void put_list(struct buf *b, const char *column, const char *table,
    const struct str *v, size_t n)
{
	if (n == 0)
		return;
	buf_printf(
	    b, " AND %s IN (SELECT id FROM %s WHERE name IN (", column, table);
	for (size_t i = 0; i < n; i++) {
		buf_add_z(b, i ? "," : "");
		put_blob(b, v[i]);
	}
	buf_add_z(b, "))");
}

static void put_addrs(struct buf *b, const struct query *q)
{
	for (size_t i = 0; i < q->n_addr; i++) {
		struct str a = q->addr[i];
		char last = a.n ? a.p[a.n - 1] : 0;

		buf_add_z(
		    b, i ? " OR " : " AND addr IN (SELECT id FROM name WHERE ");
		buf_add_z(b, "name = ");
		put_blob(b, a);
		if (last != '.' && last != ':')
			continue;
		buf_add_z(b, " OR (name > ");
		put_blob(b, a);
		buf_add_z(b, " AND name < x'");
		for (size_t k = 0; k + 1 < a.n; k++)
			buf_printf(b, "%02x", (unsigned char)a.p[k]);
		buf_printf(b, "%02x')", (unsigned char)last + 1u);
	}
	buf_add_z(b, q->n_addr ? ")" : "");
}

/*
 * No session outlives its boot. That a boot began after it shows in a record of
 * that, or in another boot id; its own id may have been seen late.
 */
static void put_open(struct buf *b)
{
	buf_printf(b,
	    " AND flags & %u = 0 AND NOT EXISTS (SELECT 1 FROM boot"
	    " LEFT JOIN track t ON t.id = session.id"
	    " WHERE boot.host = session.host AND boot.time > session.start"
	    " AND (boot.boot_id = x'' OR boot.boot_id IS NOT t.boot))",
	    (unsigned)TRACK_CLOSED);
}

/* Values are numbers or hexadecimal here: nothing can be injected. */
static void put_query(struct buf *b, const struct session_walk *w)
{
	const struct query *q = &w->q;
	const bool up = q->order == ORDER_OLDEST_FIRST;
	unsigned flags = q->session_flags | (q->ssh_only ? TRACK_SSH : 0u);

	buf_printf(b,
	    "SELECT id, start FROM session WHERE start < %lld"
	    " AND stop >= %lld",
	    (long long)(q->until == INT64_MIN ? q->until + 1 : q->until),
	    (long long)q->since + (q->since == INT64_MIN));
	put_list(b, "host", "host", q->host, q->n_host);
	put_list(b, "user", "name", q->user, q->n_user);
	put_list(b, "person", "name", q->person, q->n_person);
	put_addrs(b, q);
	if (flags)
		buf_printf(b, " AND flags & %u = %u", flags, flags);
	if (q->open_only)
		put_open(b);
	if (q->session)
		buf_printf(b, " AND id = (SELECT session FROM track"
			      " WHERE id = ?1)");
	if (w->resume)
		buf_printf(b, " AND (start, id) %s (?2, ?3)", up ? ">" : "<");
	buf_printf(b, " ORDER BY start %s, id %s", up ? "ASC" : "DESC",
	    up ? "ASC" : "DESC");
	buf_add_char(b, 0);
}

static int prepare(struct session_walk *w, struct err *err)
{
	struct buf b = BUF_INIT;
	int r;

	put_query(&b, w);
	r = buf_error(&b);
	if (r == 0)
		w->st = sql_make(w->sql, b.p, &r, err);
	buf_free(&b);
	if (!w->st)
		return r;
	sql_bind(w->st, "uiu", w->q.session, w->after.time, w->after.chain);
	return 0;
}

int session_walk_open(struct session_walk **ret, struct sql *s, int blocks_fd,
    const struct query *q, struct err *err)
{
	struct session_walk *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->sql = s;
	r = query_copy(&w->q, q, &w->text);
	if (r == 0 && q->cursor.n) {
		w->resume = true;
		if (!mark_parse(q->cursor, 's', &w->after))
			r = err_set(err, -EINVAL, "not a cursor of sessions");
	}
	if (r == 0 && asks_events(q))
		r = find_by_events(w, blocks_fd, err);
	if (r == 0)
		r = prepare(w, err);
	if (r < 0) {
		session_walk_close(w);
		return r;
	}
	*ret = w;
	return 0;
}

int session_walk_next(
    struct session_walk *w, struct session *ret, struct err *err)
{
	if (w->q.limit && w->given >= w->q.limit)
		return 0;
	for (;;) {
		uint64_t id;
		int r = sql_step(w->sql, w->st, err);

		if (r <= 0)
			return r;
		id = id_from_sql(sqlite3_column_int64(w->st, 0));
		if (w->by_event && !map_get(&w->found, id))
			continue;
		w->last =
		    (struct position){sqlite3_column_int64(w->st, 1), id, 0};
		w->given++;
		arena_reset(&w->mem);
		r = session_read(w->sql, id, ret, &w->rows, &w->mem, err);
		return r < 0 ? r : 1;
	}
}

int session_walk_mark(const struct session_walk *w, struct buf *ret)
{
	if (w->given)
		mark_write(ret, 's', &w->last);
	else if (w->resume)
		mark_write(ret, 's', &w->after);
	return buf_error(ret);
}

void session_walk_close(struct session_walk *w)
{
	if (!w)
		return;
	sqlite3_finalize(w->st);
	map_free(&w->found);
	free(w->rows.v);
	arena_free(&w->text);
	arena_free(&w->mem);
	free(w);
}
