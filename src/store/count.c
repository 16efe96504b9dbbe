/* SPDX-License-Identifier: Apache-2.0 */
/* Events counted by groups: whole days from the tally, the rest by scanning. */
#include <errno.h>
#include <stdlib.h>

#include "base/when.h"
#include "store/embedded.h"
#include "store/scan.h"
#include "store/tally.h"
#include "store/writer.h"

struct group_key {
	int32_t day;
	uint32_t user, host, addr; /* numbers in `names` */
	int32_t kind;
};

struct counter {
	struct sql *sql;
	int blocks_fd;
	const struct query *q;
	unsigned groups;
	int64_t hosts[QUERY_VALUES_MAX];
	struct intern names;
	struct intern keys; /* bytes of struct group_key */
	uint64_t *n;	    /* by key */
	size_t cap;
	struct group_key last_key;
	uint32_t last;			   /* its number, INTERN_NONE: none */
	struct map host_names, user_names; /* catalogue number to name + 1 */
	struct arena mem;
	struct err *err;
};

static int add(struct counter *c, const struct group_key *k, int64_t n)
{
	uint32_t id = c->last;

	if (id == INTERN_NONE || memcmp(k, &c->last_key, sizeof *k) != 0) {
		id = intern_add(&c->keys, str_make(k, sizeof *k));
		if (id == INTERN_NONE)
			return -ENOMEM;
		if (id >= c->cap) {
			size_t cap = c->cap ? c->cap * 2 : 256;
			uint64_t *p = realloc(c->n, cap * sizeof *p);

			if (!p)
				return -ENOMEM;
			memset(p + c->cap, 0, (cap - c->cap) * sizeof *p);
			c->n = p;
			c->cap = cap;
		}
		c->last = id;
		c->last_key = *k;
	}
	c->n[id] += (uint64_t)n;
	return 0;
}

/* Number in `names` of a host or name of the catalogue, asked once. */
static int name_number(
    struct counter *c, struct map *known, int64_t id, uint32_t *ret)
{
	uint64_t *number = map_put(known, (uint64_t)id);
	struct str text;
	int r;

	if (!number)
		return -ENOMEM;
	if (*number == 0) {
		arena_reset(&c->mem);
		r = known == &c->host_names ? catalogue_host_text(c->sql, id,
						  &c->mem, &text, c->err)
					    : catalogue_name_text(c->sql, id,
						  &c->mem, &text, c->err);
		if (r < 0)
			return r;
		*number = (uint64_t)intern_add(&c->names, text) + 1;
	}
	*ret = (uint32_t)(*number - 1);
	return *ret == INTERN_NONE ? -ENOMEM : 0;
}

static bool host_asked(const struct counter *c, int64_t host)
{
	for (size_t i = 0; i < c->q->n_host; i++)
		if (c->hosts[i] == host)
			return true;
	return c->q->n_host == 0;
}

static int from_tally(void *ctx, const struct tally_entry *e)
{
	struct counter *c = ctx;
	struct group_key k = {0, 0, 0, 0, 0};
	int r = 0;

	if (!host_asked(c, e->host) ||
	    (c->q->kinds && !(c->q->kinds >> e->kind & 1)))
		return 0;
	if (c->groups & GROUP_DAY)
		k.day = e->day;
	if (c->groups & GROUP_KIND)
		k.kind = e->kind;
	if (c->groups & GROUP_HOST)
		r = name_number(c, &c->host_names, e->host, &k.host);
	if (r == 0 && c->groups & GROUP_USER)
		r = name_number(c, &c->user_names, e->name, &k.user);
	return r < 0 ? r : add(c, &k, e->n);
}

struct columns {
	struct ints time;
	const struct shape *shapes;
	const uint32_t *shape;
	const struct strings *user, *addr;
};

static int field_number(
    struct counter *c, const struct strings *v, uint32_t row, uint32_t *ret)
{
	uint32_t e = v ? strings_entry(v, row) : UINT32_MAX;

	*ret = intern_add(
	    &c->names, e == UINT32_MAX ? STR("") : strings_get(v, e));
	return *ret == INTERN_NONE ? -ENOMEM : 0;
}

static int load_columns(
    const struct counter *c, struct block *b, struct columns *col)
{
	uint32_t n;
	int r = block_shapes(b, &col->shapes, &n, &col->shape, c->err);

	col->user = col->addr = NULL;
	if (r == 0)
		r = block_ints(b, COL_TIME, &col->time, c->err);
	if (r == 0 && c->groups & GROUP_USER &&
	    block_has(b, COL_FIELD + F_USER))
		r = block_strings(b, COL_FIELD + F_USER, &col->user, c->err);
	if (r == 0 && c->groups & GROUP_ADDR &&
	    block_has(b, COL_FIELD + F_ADDR))
		r = block_strings(b, COL_FIELD + F_ADDR, &col->addr, c->err);
	return r;
}

/* What all rows of a run have in common: 0 where each row has its own. */
struct run_facts {
	uint32_t host, user, addr;
	bool has_user, has_addr;
};

static int session_fact(struct counter *c, uint64_t track, const char *text,
    uint32_t *ret, bool *has)
{
	int64_t name = 0;
	int r = sql_number(c->sql, text, &name, c->err, "u", track);

	if (r < 0 && r != -ENOENT)
		return r;
	*has = name != 0;
	return name ? name_number(c, &c->user_names, name, ret) : 0;
}

static int run_facts(struct counter *c, struct block *b, const struct run *run,
    struct run_facts *f)
{
	int r = 0;

	*f = (struct run_facts){0, 0, 0, false, false};
	if (c->groups & GROUP_HOST) {
		f->host = intern_add(&c->names, block_host(b, run->host));
		if (f->host == INTERN_NONE)
			return -ENOMEM;
	}
	if (run->track && c->groups & GROUP_USER)
		r = session_fact(c, run->track,
		    "SELECT login FROM track WHERE id = ?1", &f->user,
		    &f->has_user);
	if (r == 0 && run->track && c->groups & GROUP_ADDR)
		r = session_fact(c, run->track,
		    "SELECT s.addr FROM track t JOIN session s"
		    " ON s.id = t.session WHERE t.id = ?1",
		    &f->addr, &f->has_addr);
	return r;
}

static int count_run(struct counter *c, const struct scan *s,
    const struct columns *col, const struct run *run, const struct run_facts *f)
{
	for (uint32_t i = run->first; i < run->first + run->n; i++) {
		struct group_key k = {0, f->user, f->host, f->addr, 0};
		bool own_addr = c->groups & GROUP_ADDR && col->addr &&
				strings_entry(col->addr, i) != UINT32_MAX;
		int r = 0;

		if (!s->keep[i])
			continue;
		if (c->groups & GROUP_DAY)
			k.day = tally_day(col->time.v[i]);
		if (c->groups & GROUP_KIND)
			k.kind = col->shapes[col->shape[i]].kind;
		if (c->groups & GROUP_USER && !f->has_user)
			r = field_number(c, col->user, i, &k.user);
		if (r == 0 && c->groups & GROUP_ADDR &&
		    (own_addr || !f->has_addr))
			r = field_number(c, col->addr, i, &k.addr);
		if (r == 0)
			r = add(c, &k, 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static int count_block(struct counter *c, struct scan *s, int64_t id)
{
	const struct run *runs;
	struct columns col;
	struct block *b;
	uint32_t n = 0;
	int r = catalogue_block(c->sql, c->blocks_fd, id, &b, c->err);

	if (r < 0)
		return r;
	r = scan_block(s, b, c->err);
	if (r == 0 && s->n_keep)
		r = load_columns(c, b, &col);
	if (r == 0 && s->n_keep)
		r = block_runs(b, &runs, &n, c->err);
	for (uint32_t i = 0; i < n && r == 0; i++) {
		struct run_facts f;

		if (!memchr(s->keep + runs[i].first, 1, runs[i].n))
			continue;
		r = run_facts(c, b, &runs[i], &f);
		if (r == 0)
			r = count_run(c, s, &col, &runs[i], &f);
	}
	block_close(b);
	return r;
}

static int by_scan(struct counter *c, int64_t since, int64_t until)
{
	struct query q = *c->q;
	struct plan p;
	struct scan s;
	int r;

	if (since >= until)
		return 0;
	q.since = since;
	q.until = until;
	q.cursor = STR_NONE;
	r = plan_make(&p, c->sql, &q, c->err);
	if (r < 0)
		return r;
	r = scan_init(&s, &p);
	if (r < 0) {
		plan_free(&p);
		return r;
	}
	for (size_t i = 0; i < p.n_blocks && r == 0; i++)
		r = count_block(c, &s, p.blocks[i].id);
	scan_free(&s);
	plan_free(&p);
	return r;
}

static bool tally_answers(const struct query *q, unsigned groups)
{
	return !(groups & GROUP_ADDR) && !q->n_user && !q->n_person &&
	       !q->n_addr && !q->session && !q->has_exit && !q->exit_nonzero &&
	       !q->cmd.n && !q->path.n && !q->text.n && !q->key.n &&
	       !q->n_windows;
}

static int count_all(struct counter *c)
{
	const struct query *q = c->q;
	int32_t from = tally_day(q->since), to = tally_day(q->until);
	int r;

	/* The first and the last day may be asked for in part. */
	if (q->since == INT64_MIN)
		from = INT32_MIN;
	else if (q->since % USEC_PER_DAY)
		from++;
	if (q->until == INT64_MAX)
		to = INT32_MAX;
	if (!tally_answers(q, c->groups) || from >= to)
		return by_scan(c, q->since, q->until);
	r = tally_read(c->sql, from, to, from_tally, c, c->err);
	if (r == 0 && from != INT32_MIN)
		r = by_scan(c, q->since, from * USEC_PER_DAY);
	if (r == 0 && to != INT32_MAX)
		r = by_scan(c, to * USEC_PER_DAY, q->until);
	return r;
}

static int cmp_groups(const void *x, const void *y)
{
	const struct group_row *a = x, *b = y;
	int r;

	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if ((r = str_cmp(a->host, b->host)) || (r = str_cmp(a->user, b->user)))
		return r;
	return str_cmp(a->addr, b->addr);
}

static int give(const struct counter *c, const struct count_sink *sink)
{
	struct group_row *rows = calloc(c->keys.n + 1, sizeof *rows);
	size_t n = 0;
	int r = 0;

	if (!rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->keys.n; i++) {
		struct group_key k;

		memcpy(&k, intern_str(&c->keys, i).p, sizeof k);
		if (c->n[i])
			rows[n++] = (struct group_row){
			    intern_str(&c->names, k.user),
			    intern_str(&c->names, k.host),
			    intern_str(&c->names, k.addr),
			    c->groups & GROUP_DAY ? k.day * USEC_PER_DAY : 0,
			    k.kind, c->n[i]};
	}
	qsort(rows, n, sizeof *rows, cmp_groups);
	for (size_t i = 0; i < n && r == 0; i++)
		r = sink->row(sink->ctx, &rows[i]);
	free(rows);
	return r;
}

int events_count(struct sql *s, int blocks_fd, const struct query *q,
    unsigned groups, const struct count_sink *sink, struct err *err)
{
	struct counter c = {.sql = s,
	    .blocks_fd = blocks_fd,
	    .q = q,
	    .groups = groups,
	    .last = INTERN_NONE,
	    .err = err};
	int r = 0;

	/* Number 0 is the empty name. */
	if (intern_add(&c.names, STR("")) == INTERN_NONE)
		r = -ENOMEM;
	if (q->n_host > QUERY_VALUES_MAX)
		r = -E2BIG;
	for (size_t i = 0; i < q->n_host && r == 0; i++)
		r = catalogue_find_host(s, q->host[i], &c.hosts[i], err);
	if (r == 0)
		r = count_all(&c);
	if (r == 0)
		r = give(&c, sink);
	intern_free(&c.names);
	intern_free(&c.keys);
	map_free(&c.host_names);
	map_free(&c.user_names);
	arena_free(&c.mem);
	free(c.n);
	return r;
}
