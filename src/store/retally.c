/* SPDX-License-Identifier: Apache-2.0 */
/* Counting the events of blocks, and correcting counts. */
#include <errno.h>
#include <stdlib.h>

#include "store/writer.h"

struct count {
	struct writer *w;
	struct block *b;
	const struct shape *shapes;
	const uint32_t *shape;
	struct ints time, seq, chain;
	const struct strings *user; /* NULL: no row has one */
	int64_t *names;		    /* of user's entries; -1: not asked */
};

static int open_count(struct count *c, int64_t block, struct err *err)
{
	struct writer *w = c->w;
	uint32_t n;
	int r = catalogue_block(&w->sql, w->blocks_fd, block, &c->b, err);

	if (r < 0)
		return r;
	r = block_shapes(c->b, &c->shapes, &n, &c->shape, err);
	if (r == 0)
		r = block_ints(c->b, COL_TIME, &c->time, err);
	if (r == 0)
		r = block_ints(c->b, COL_SEQ, &c->seq, err);
	if (r == 0)
		r = block_ints(c->b, COL_CHAIN, &c->chain, err);
	if (r < 0 || !block_has(c->b, COL_FIELD + F_USER))
		return r;
	r = block_strings(c->b, COL_FIELD + F_USER, &c->user, err);
	if (r < 0)
		return r;
	c->names = malloc((c->user->n + 1) * sizeof *c->names);
	if (!c->names)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->user->n; i++)
		c->names[i] = -1;
	return 0;
}

static void close_count(struct count *c)
{
	block_close(c->b);
	free(c->names);
	*c = (struct count){.w = c->w};
}

/* The name that a row is counted under. */
static int row_name(
    struct count *c, uint32_t row, int64_t login, int64_t *ret, struct err *err)
{
	uint32_t e = c->user ? strings_entry(c->user, row) : UINT32_MAX;
	int r = 0;

	*ret = login;
	if (login || e == UINT32_MAX)
		return 0;
	if (c->names[e] < 0)
		r = writer_name(
		    c->w, strings_get(c->user, e), &c->names[e], err);
	*ret = c->names[e];
	return r;
}

static bool row_hidden(const struct count *c, uint32_t row)
{
	return c->w->hidden.n &&
	       map_get(&c->w->hidden, hidden_hash((uint64_t)c->chain.v[row],
					  (uint64_t)c->seq.v[row]));
}

/* Rows of one host; equal ones in a row are added together. */
static int count_rows(struct count *c, int64_t host, uint32_t first, uint32_t n,
    const int64_t login_sign[static 2], struct err *err)
{
	struct tally_entry e = {0, (int32_t)host, 0, -1, 0};
	int r = 0;

	for (uint32_t row = first; row < first + n && r == 0; row++) {
		const int32_t day = tally_day(c->time.v[row]);
		const int32_t kind = c->shapes[c->shape[row]].kind;
		int64_t name;

		if (row_hidden(c, row))
			continue;
		r = row_name(c, row, login_sign[0], &name, err);
		if (r < 0)
			break;
		if (e.kind != kind || e.day != day || e.name != name) {
			if (e.n)
				r = tally_add(
				    &c->w->tally, &c->w->sql, &e, err);
			e.day = day;
			e.kind = kind;
			e.name = (int32_t)name;
			e.n = 0;
		}
		e.n += login_sign[1];
	}
	if (r == 0 && e.n)
		r = tally_add(&c->w->tally, &c->w->sql, &e, err);
	return r;
}

int writer_track_login(
    struct writer *w, uint64_t track, int64_t *ret, struct err *err)
{
	int r = 0;

	*ret = 0;
	if (track)
		r = sql_number(&w->sql,
		    "SELECT login FROM track INDEXED BY track_login"
		    " WHERE id = ?1 AND login <> 0",
		    ret, err, "u", track);
	return r == -ENOENT ? 0 : r;
}

static int count_block(struct count *c, struct err *err)
{
	const struct run *runs;
	uint32_t n;
	int r = block_runs(c->b, &runs, &n, err);

	for (uint32_t i = 0; i < n && r == 0; i++) {
		int64_t login_sign[2] = {0, 1};
		int64_t host;

		r = writer_host(
		    c->w, block_host(c->b, runs[i].host), &host, err);
		if (r == 0)
			r = writer_track_login(
			    c->w, runs[i].track, &login_sign[0], err);
		if (r == 0)
			r = count_rows(
			    c, host, runs[i].first, runs[i].n, login_sign, err);
	}
	return r;
}

int writer_tally_new(struct writer *w, struct err *err)
{
	struct count c = {.w = w};
	int64_t id = 0;
	int r;

	for (;;) {
		r = sql_number(&w->sql,
		    "SELECT id FROM block WHERE NOT tallied AND id > ?1"
		    " ORDER BY id LIMIT 1",
		    &id, err, "i", id);
		if (r < 0)
			break;
		r = open_count(&c, id, err);
		if (r == 0)
			r = count_block(&c, err);
		close_count(&c);
		if (r == 0)
			r = sql_run(&w->sql,
			    "UPDATE block SET tallied = 1 WHERE id = ?1", err,
			    "i", id);
		if (r < 0)
			return r;
		w->tallied = true;
	}
	return r == -ENOENT ? 0 : r;
}

/* One stretch of a track: away from the old name, to the new one. */
static int move_rows(struct count *c, sqlite3_stmt *st, struct err *err)
{
	const uint32_t first = (uint32_t)sqlite3_column_int64(st, 1);
	const uint32_t n = (uint32_t)sqlite3_column_int64(st, 2);
	const int64_t from[2] = {sqlite3_column_int64(st, 3), -1};
	const int64_t to[2] = {sqlite3_column_int64(st, 4), 1};
	const struct run *runs;
	uint32_t n_runs;
	int64_t host = 0;
	int r = block_runs(c->b, &runs, &n_runs, err);

	for (uint32_t i = 0; i < n_runs && r == 0; i++)
		if (runs[i].first == first && runs[i].n == n)
			r = writer_host(
			    c->w, block_host(c->b, runs[i].host), &host, err);
	if (r < 0)
		return r;
	if (host == 0)
		return err_set(err, -EBADMSG,
		    "the index is damaged; run: sshtrail reindex");
	r = count_rows(c, host, first, n, from, err);
	return r < 0 ? r : count_rows(c, host, first, n, to, err);
}

int writer_retally(struct writer *w, struct err *err)
{
	struct count c = {.w = w};
	int64_t open = 0;
	int r;
	sqlite3_stmt *st;

	if (!w->recount)
		return 0;
	st = sql_get(&w->sql,
	    "SELECT block, first, n, old, new FROM retally ORDER BY block", &r,
	    err);
	if (!st)
		return r;
	while ((r = sql_step(&w->sql, st, err)) > 0) {
		int64_t block = sqlite3_column_int64(st, 0);

		if (block != open) {
			close_count(&c);
			r = open_count(&c, block, err);
		} else {
			r = 0;
		}
		open = block;
		if (r == 0)
			r = move_rows(&c, st, err);
		if (r < 0) {
			sqlite3_reset(st);
			break;
		}
	}
	close_count(&c);
	w->recount = false;
	return r < 0 ? r : sql_exec(&w->sql, "DELETE FROM retally", err);
}
