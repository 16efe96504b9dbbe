/* SPDX-License-Identifier: Apache-2.0 */
#include "store/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "store/gram.h"
#include "store/plan_sets.h"
#include "store/writer.h"

static struct str fold_copy(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 1);

	if (!p)
		return STR_NONE;
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)fold_byte((unsigned char)s.p[i]);
	return str_make(p, s.n);
}

/*
 * Bytes that a command shows as the argument has them; what is left out may
 * be put there, or be changed, by quoting.
 */
static bool is_plain(unsigned char c)
{
	return c > ' ' && c != '\'' && c != '"' && c != '\\' && c != 0x7f;
}

static int needle_make(struct needle *n, struct str text, struct arena *a)
{
	*n = (struct needle){.text = fold_copy(text, a)};
	if (!n->text.p)
		return -ENOMEM;
	fold_init(&n->fold, n->text);
	n->n_bits = gram_bits(n->text, n->bits, NEEDLE_BITS);
	for (size_t i = 0; i < n->text.n;) {
		size_t end = i;
		struct str part;

		while (
		    end < n->text.n && is_plain((unsigned char)n->text.p[end]))
			end++;
		part = str_make(n->text.p + i, end - i);
		n->n_cmd_bits += gram_bits(part, n->cmd_bits + n->n_cmd_bits,
		    NEEDLE_BITS - n->n_cmd_bits);
		if (part.n > n->plain.n)
			n->plain = part;
		i = end + 1;
	}
	fold_init(&n->plain_fold, n->plain);
	return 0;
}

static bool copy_list(struct str *v, size_t n, struct arena *a)
{
	for (size_t i = 0; i < n && i < QUERY_VALUES_MAX; i++) {
		v[i] = arena_dup(a, v[i]);
		if (!v[i].p)
			return false;
	}
	return true;
}

int query_copy(struct query *dst, const struct query *src, struct arena *a)
{
	*dst = *src;
	if (src->n_host > QUERY_VALUES_MAX || src->n_user > QUERY_VALUES_MAX ||
	    src->n_person > QUERY_VALUES_MAX || src->n_addr > QUERY_VALUES_MAX)
		return -E2BIG;
	dst->key = arena_dup(a, src->key);
	dst->cmd = arena_dup(a, src->cmd);
	dst->path = arena_dup(a, src->path);
	dst->text = arena_dup(a, src->text);
	if (!dst->key.p || !dst->cmd.p || !dst->path.p || !dst->text.p ||
	    !copy_list(dst->host, dst->n_host, a) ||
	    !copy_list(dst->user, dst->n_user, a) ||
	    !copy_list(dst->person, dst->n_person, a) ||
	    !copy_list(dst->addr, dst->n_addr, a))
		return -ENOMEM;
	return 0;
}

bool addr_match(struct str addr, struct str value)
{
	char last = addr.n ? addr.p[addr.n - 1] : 0;

	return last == '.' || last == ':' ? str_starts(value, addr)
					  : str_eq(value, addr);
}

bool mark_parse(struct str mark, char kind, struct position *ret)
{
	struct str time, chain;

	if (mark.n < 2 || mark.p[0] != kind || mark.p[1] != '.')
		return false;
	mark = str_from(mark, 2);
	return str_cut(&mark, '.', &time) && str_cut(&mark, '.', &chain) &&
	       str_i64(time, &ret->time) && str_hex64(chain, &ret->chain) &&
	       str_u64(mark, &ret->seq);
}

void mark_write(struct buf *b, char kind, const struct position *at)
{
	buf_printf(b, "%c.%lld.%llx.%llu", kind, (long long)at->time,
	    (unsigned long long)at->chain, (unsigned long long)at->seq);
}

static int cmp_up(const struct position *a, const struct position *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->chain != b->chain)
		return a->chain < b->chain ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

int position_cmp(
    const struct plan *p, const struct position *a, const struct position *b)
{
	int r = cmp_up(a, b);

	return p->q.order == ORDER_NEWEST_FIRST ? -r : r;
}

int window_cmp(const void *x, const void *y)
{
	const struct query_window *a = x, *b = y;

	return (a->chain > b->chain) - (a->chain < b->chain);
}

const struct query_window *window_of(const struct query *q, uint64_t chain)
{
	const struct query_window key = {.chain = chain};

	if (q->n_windows == 0)
		return NULL;
	return bsearch(&key, q->windows, q->n_windows, sizeof key, window_cmp);
}

/* Whether a block with these chains reaches into a window; see put_chains(). */
static bool in_windows(const struct query *q, struct str chains)
{
	uint64_t chain, least, range;

	while (varint_get(&chains, &chain) && varint_get(&chains, &least) &&
	       varint_get(&chains, &range)) {
		const struct query_window *w = window_of(q, chain);

		if (w && least <= w->upto && least + range > w->after)
			return true;
	}
	return false;
}

static bool any_of(struct str set, const int64_t *ids, size_t n)
{
	for (size_t at = 0; at + 4 <= set.n; at += 4) {
		const unsigned char *c = (const unsigned char *)set.p + at;
		int64_t id =
		    (int64_t)((uint32_t)c[0] | (uint32_t)c[1] << 8 |
			      (uint32_t)c[2] << 16 | (uint32_t)c[3] << 24);

		for (size_t i = 0; i < n; i++)
			if (ids[i] == id)
				return true;
	}
	return false;
}

static bool block_matters(
    const struct plan *p, const struct plan_sets *sets, sqlite3_stmt *st)
{
	const int64_t id = sqlite3_column_int64(st, 0);
	const uint64_t kinds = (uint64_t)sqlite3_column_int64(st, 3);

	if (p->q.kinds && !(p->q.kinds & kinds))
		return false;
	if (p->q.n_host && !any_of(sql_str(st, 4), sets->hosts, p->q.n_host))
		return false;
	if (p->q.n_windows && !in_windows(&p->q, sql_str(st, 6)))
		return false;
	if (sets->must.on && !map_get(&sets->must.ids, (uint64_t)id))
		return false;
	if (p->q.n_user && sets->user.on &&
	    sqlite3_column_type(st, 5) != SQLITE_NULL &&
	    !any_of(sql_str(st, 5), sets->users, p->q.n_user) &&
	    !map_get(&sets->user.ids, (uint64_t)id))
		return false;
	/* A block wholly before the cursor has nothing left. */
	if (p->resume)
		return p->q.order == ORDER_NEWEST_FIRST
			   ? sqlite3_column_int64(st, 1) <= p->after.time
			   : sqlite3_column_int64(st, 2) >= p->after.time;
	return true;
}

static int cmp_old(const void *x, const void *y)
{
	const struct plan_block *a = x, *b = y;

	if (a->min != b->min)
		return a->min < b->min ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int cmp_new(const void *x, const void *y)
{
	const struct plan_block *a = x, *b = y;

	if (a->max != b->max)
		return a->max > b->max ? -1 : 1;
	return (a->id < b->id) - (a->id > b->id);
}

static int find_blocks(struct plan *p, struct sql *s,
    const struct plan_sets *sets, struct err *err)
{
	size_t cap = 0;
	int r;
	sqlite3_stmt *st = sql_get(s,
	    "SELECT id, min_time, max_time, kinds, hosts, users, chains"
	    " FROM block"
	    " WHERE max_time >= ?1 AND min_time < ?2",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "ii", p->q.since, p->q.until);
	while ((r = sql_step(s, st, err)) > 0) {
		if (!block_matters(p, sets, st))
			continue;
		if (p->n_blocks == cap) {
			cap = cap ? cap * 2 : 64;
			void *v = realloc(p->blocks, cap * sizeof *p->blocks);

			if (!v) {
				sqlite3_reset(st);
				return -ENOMEM;
			}
			p->blocks = v;
		}
		p->blocks[p->n_blocks++] = (struct plan_block){
		    sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
		    sqlite3_column_int64(st, 2)};
	}
	if (p->n_blocks)
		qsort(p->blocks, p->n_blocks, sizeof *p->blocks,
		    p->q.order == ORDER_NEWEST_FIRST ? cmp_new : cmp_old);
	return r;
}

static int load_hidden(struct plan *p, struct sql *s, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(s, "SELECT chain, seq FROM hidden", &r, err);

	if (!st)
		return r;
	while ((r = sql_step(s, st, err)) > 0)
		if (!map_put(&p->hidden,
			hidden_hash(id_from_sql(sqlite3_column_int64(st, 0)),
			    id_from_sql(sqlite3_column_int64(st, 1))))) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	return r;
}

int plan_make(
    struct plan *p, struct sql *s, const struct query *q, struct err *err)
{
	struct plan_sets sets;
	int r;

	*p = (struct plan){.mem = ARENA_INIT};
	memset(&sets, 0, sizeof sets);
	r = query_copy(&p->q, q, &p->mem);
	if (r == 0)
		r = needle_make(&p->cmd, q->cmd, &p->mem);
	if (r == 0)
		r = needle_make(&p->path, q->path, &p->mem);
	if (r == 0)
		r = needle_make(&p->text, q->text, &p->mem);
	if (r == 0 && q->cursor.n) {
		p->resume = true;
		if (!mark_parse(q->cursor, 'e', &p->after))
			r = err_set(err, -EINVAL, "not a cursor of events");
	}
	if (r == 0)
		r = plan_find_sets(p, &sets, s, err);
	if (r == 0)
		r = find_blocks(p, s, &sets, err);
	if (r == 0)
		r = load_hidden(p, s, err);
	map_free(&sets.must.ids);
	map_free(&sets.user.ids);
	if (r < 0)
		plan_free(p);
	return r;
}

void plan_free(struct plan *p)
{
	map_free(&p->session.ids);
	map_free(&p->person.ids);
	map_free(&p->user.ids);
	map_free(&p->addr.ids);
	map_free(&p->hidden);
	arena_free(&p->mem);
	free(p->blocks);
	p->blocks = NULL;
}
