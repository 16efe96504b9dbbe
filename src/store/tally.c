/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tally.h"

#include <errno.h>
#include <stdlib.h>

#include "base/when.h"
#include "store/column.h"

/* 6 MiB of entries before they are written out. */
#define TALLY_MAX  262144
/* Events of one session come together, with few kinds and names. */
#define TALLY_NEAR 16

int32_t tally_day(int64_t time)
{
	int64_t day = time / USEC_PER_DAY;

	return (int32_t)(day - (time % USEC_PER_DAY < 0));
}

static int cmp(const void *x, const void *y)
{
	const struct tally_entry *a = x, *b = y;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

/* Sort and add up equal ones. */
static void settle(struct tally *t)
{
	size_t n = 0;

	if (t->n == 0)
		return;
	qsort(t->v, t->n, sizeof *t->v, cmp);
	for (size_t i = 1; i < t->n; i++)
		if (cmp(&t->v[n], &t->v[i]) == 0)
			t->v[n].n += t->v[i].n;
		else
			t->v[++n] = t->v[i];
	t->n = n + 1;
}

/* Add to an equal entry among the last ones. */
static bool add_near(struct tally *t, const struct tally_entry *e)
{
	for (size_t i = t->n; i > 0 && i + TALLY_NEAR > t->n; i--)
		if (cmp(&t->v[i - 1], e) == 0) {
			t->v[i - 1].n += e->n;
			return true;
		}
	return false;
}

int tally_add(struct tally *t, struct sql *s, const struct tally_entry *e,
    struct err *err)
{
	if (add_near(t, e))
		return 0;
	if (t->n == t->cap && t->cap < TALLY_MAX) {
		size_t cap = t->cap ? t->cap * 2 : 1024;
		struct tally_entry *v = realloc(t->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		t->v = v;
		t->cap = cap;
	}
	if (t->n == t->cap) {
		settle(t);
		if (t->n > t->cap / 2) {
			int r = tally_flush(t, s, err);

			if (r < 0)
				return r;
		}
	}
	t->v[t->n++] = *e;
	return 0;
}

static bool read_entry(struct str *data, struct tally_entry *e)
{
	uint64_t kind, name, n;

	if (!varint_get(data, &kind) || !varint_get(data, &name) ||
	    !varint_get(data, &n))
		return false;
	e->kind = (int32_t)kind;
	e->name = (int32_t)name;
	e->n = (int64_t)n;
	return true;
}

static void put_entry(struct buf *b, const struct tally_entry *e)
{
	if (e->n <= 0)
		return;
	buf_add_varint(b, (uint64_t)e->kind);
	buf_add_varint(b, (uint64_t)e->name);
	buf_add_varint(b, (uint64_t)e->n);
}

/* Merge the sorted entries v[0..n) of one day and host into its row. */
static int write_row(struct sql *s, const struct tally_entry *v, size_t n,
    struct buf *b, struct err *err)
{
	struct tally_entry old = v[0];
	struct str data = STR_NONE;
	bool have;
	int r;
	sqlite3_stmt *st = sql_get(
	    s, "SELECT data FROM tally WHERE day = ?1 AND host = ?2", &r, err);

	if (!st)
		return r;
	sql_bind(st, "ii", (int64_t)v->day, (int64_t)v->host);
	r = sql_step(s, st, err);
	if (r < 0)
		return r;
	if (r > 0)
		data = sql_str(st, 0);
	buf_clear(b);
	have = read_entry(&data, &old);
	for (size_t i = 0; i < n || have;) {
		int c = !have ? 1 : i == n ? -1 : cmp(&old, &v[i]);
		struct tally_entry e = c <= 0 ? old : v[i];

		if (c == 0)
			e.n += v[i].n;
		put_entry(b, &e);
		if (c >= 0)
			i++;
		if (c <= 0)
			have = read_entry(&data, &old);
	}
	sqlite3_reset(st);
	if (b->error)
		return b->error;
	return sql_run(s,
	    "INSERT INTO tally VALUES(?1, ?2, ?3)"
	    " ON CONFLICT DO UPDATE SET data = excluded.data",
	    err, "iis", (int64_t)v->day, (int64_t)v->host, buf_str(b));
}

int tally_flush(struct tally *t, struct sql *s, struct err *err)
{
	struct buf b = BUF_INIT;
	size_t end;
	int r = 0;

	settle(t);
	for (size_t i = 0; i < t->n && r == 0; i = end) {
		for (end = i + 1; end < t->n && t->v[end].day == t->v[i].day &&
				  t->v[end].host == t->v[i].host;)
			end++;
		r = write_row(s, &t->v[i], end - i, &b, err);
	}
	t->n = 0;
	buf_free(&b);
	return r;
}

void tally_free(struct tally *t)
{
	free(t->v);
	*t = (struct tally){NULL, 0, 0};
}

int tally_read(struct sql *s, int32_t from, int32_t to,
    int (*fn)(void *ctx, const struct tally_entry *e), void *ctx,
    struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(s,
	    "SELECT day, host, data FROM tally WHERE day >= ?1 AND day < ?2",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "ii", (int64_t)from, (int64_t)to);
	while ((r = sql_step(s, st, err)) > 0) {
		struct tally_entry e = {sqlite3_column_int(st, 0),
		    sqlite3_column_int(st, 1), 0, 0, 0};
		struct str data = sql_str(st, 2);

		while (read_entry(&data, &e)) {
			r = fn(ctx, &e);
			if (r) {
				sqlite3_reset(st);
				return r;
			}
		}
	}
	return r;
}
