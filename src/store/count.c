/* SPDX-License-Identifier: Apache-2.0 */
/* Events counted by groups: whole days from the tally, the rest by scanning. */
#include <errno.h>
#include <stdlib.h>

#include "base/when.h"
#include "store/embedded.h"
#include "store/group_counts.h"
#include "store/scan.h"
#include "store/tally.h"
#include "store/writer.h"

struct counter {
	struct sql *sql;
	int blocks_fd;
	const struct query *q;
	unsigned groups;
	int64_t hosts[QUERY_VALUES_MAX];
	struct intern names;
	struct group_counts found; /* their names are numbers in `names` */
	struct map host_names, user_names; /* catalogue number to name + 1 */
	struct arena mem, block_mem;
	struct err *err;
};

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
	return r < 0 ? r : group_counts_add(&c->found, &k, e->n);
}

/* A column of texts that is counted by. */
struct named {
	const struct strings *text; /* NULL: no row has one */
	uint32_t *number;	    /* of its entries; INTERN_NONE: not asked */
};

struct columns {
	struct ints time;
	const struct shape *shapes;
	const uint32_t *shape;
	struct named user, addr;
};

static bool has_name(const struct named *col, uint32_t row)
{
	return col->text && strings_entry(col->text, row) != UINT32_MAX;
}

/* Number in `names` of the row's text; that of the empty one where it has
 * none. */
static int field_number(
    struct counter *c, const struct named *col, uint32_t row, uint32_t *ret)
{
	uint32_t e;

	*ret = 0;
	if (!has_name(col, row))
		return 0;
	e = strings_entry(col->text, row);
	if (col->number[e] == INTERN_NONE)
		col->number[e] =
		    intern_add(&c->names, strings_get(col->text, e));
	*ret = col->number[e];
	return *ret == INTERN_NONE ? -ENOMEM : 0;
}

static int load_named(
    struct counter *c, struct block *b, enum field f, struct named *ret)
{
	int r;

	*ret = (struct named){NULL, NULL};
	if (!block_has(b, COL_FIELD + f))
		return 0;
	r = block_strings(b, COL_FIELD + f, &ret->text, c->err);
	if (r < 0)
		return r;
	ret->number =
	    arena_alloc(&c->block_mem, ret->text->n * sizeof *ret->number);
	if (!ret->number)
		return -ENOMEM;
	for (uint32_t e = 0; e < ret->text->n; e++)
		ret->number[e] = INTERN_NONE;
	return 0;
}

static int load_columns(struct counter *c, struct block *b, struct columns *col)
{
	uint32_t n;
	int r = block_shapes(b, &col->shapes, &n, &col->shape, c->err);

	arena_reset(&c->block_mem);
	if (r == 0)
		r = block_ints(b, COL_TIME, &col->time, c->err);
	if (r == 0 && c->groups & GROUP_USER)
		r = load_named(c, b, F_USER, &col->user);
	if (r == 0 && c->groups & GROUP_ADDR)
		r = load_named(c, b, F_ADDR, &col->addr);
	return r;
}

/*
 * What the rows of a run have in common. The address of its session is asked
 * for when the first row comes that has none of its own: most have, and there
 * are millions of runs.
 */
struct run_facts {
	uint64_t track;
	uint32_t host, user, addr;
	bool has_user, asked_addr;
};

static int session_fact(
    struct counter *c, uint64_t track, const char *text, uint32_t *ret)
{
	int64_t name = 0;
	int r = sql_number(c->sql, text, &name, c->err, "u", track);

	if (r < 0 && r != -ENOENT)
		return r;
	return name ? name_number(c, &c->user_names, name, ret) : 0;
}

static int run_facts(struct counter *c, struct block *b, const struct run *run,
    struct run_facts *f)
{
	int r = 0;

	*f = (struct run_facts){run->track, 0, 0, 0, false, !run->track};
	if (c->groups & GROUP_HOST) {
		f->host = intern_add(&c->names, block_host(b, run->host));
		if (f->host == INTERN_NONE)
			return -ENOMEM;
	}
	if (run->track && c->groups & GROUP_USER)
		r = session_fact(c, run->track,
		    "SELECT login FROM track INDEXED BY track_login"
		    " WHERE id = ?1 AND login <> 0",
		    &f->user);
	f->has_user = f->user != 0;
	return r;
}

static int row_addr(struct counter *c, const struct columns *col, uint32_t row,
    struct run_facts *f, uint32_t *ret)
{
	int r = 0;

	if (has_name(&col->addr, row))
		return field_number(c, &col->addr, row, ret);
	if (!f->asked_addr)
		r = session_fact(c, f->track,
		    "SELECT s.addr FROM track t JOIN session s"
		    " ON s.id = t.session WHERE t.id = ?1",
		    &f->addr);
	f->asked_addr = true;
	*ret = f->addr;
	return r;
}

static int count_run(struct counter *c, const struct scan *s,
    const struct columns *col, const struct run *run, struct run_facts *f)
{
	for (uint32_t i = run->first; i < run->first + run->n; i++) {
		struct group_key k = {0, f->user, f->host, 0, 0};
		int r = 0;

		if (!s->keep[i])
			continue;
		if (c->groups & GROUP_DAY)
			k.day = tally_day(col->time.v[i]);
		if (c->groups & GROUP_KIND)
			k.kind = col->shapes[col->shape[i]].kind;
		if (c->groups & GROUP_USER && !f->has_user)
			r = field_number(c, &col->user, i, &k.user);
		if (r == 0 && c->groups & GROUP_ADDR)
			r = row_addr(c, col, i, f, &k.addr);
		if (r == 0)
			r = group_counts_add(&c->found, &k, 1);
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

static int cmp_groups(const void *x, const void *y, void *ctx)
{
	const struct intern *names = ctx;
	const struct group_count *a = x, *b = y;
	const struct group_key *k = &a->key, *l = &b->key;
	int r;

	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	if (k->day != l->day)
		return k->day < l->day ? -1 : 1;
	if (k->kind != l->kind)
		return k->kind < l->kind ? -1 : 1;
	if ((r = str_cmp(
		 intern_str(names, k->host), intern_str(names, l->host))) ||
	    (r = str_cmp(
		 intern_str(names, k->user), intern_str(names, l->user))))
		return r;
	return str_cmp(intern_str(names, k->addr), intern_str(names, l->addr));
}

static int give(struct counter *c, const struct count_sink *sink)
{
	const struct group_counts *g = &c->found;
	int r = 0;

	if (g->n)
		qsort_r(g->v, g->n, sizeof *g->v, cmp_groups, &c->names);
	for (size_t i = 0; i < g->n && g->v[i].n > 0 && r == 0; i++) {
		const struct group_key *k = &g->v[i].key;
		const struct group_row row = {intern_str(&c->names, k->user),
		    intern_str(&c->names, k->host),
		    intern_str(&c->names, k->addr),
		    c->groups & GROUP_DAY ? k->day * USEC_PER_DAY : 0, k->kind,
		    (uint64_t)g->v[i].n};

		r = sink->row(sink->ctx, &row);
	}
	return r;
}

int events_count(struct sql *s, int blocks_fd, const struct query *q,
    unsigned groups, const struct count_sink *sink, struct err *err)
{
	struct counter c = {.sql = s,
	    .blocks_fd = blocks_fd,
	    .q = q,
	    .groups = groups,
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
	group_counts_free(&c.found);
	map_free(&c.host_names);
	map_free(&c.user_names);
	arena_free(&c.mem);
	arena_free(&c.block_mem);
	return r;
}
