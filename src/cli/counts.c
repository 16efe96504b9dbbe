/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/counts.h"

#include "cli/text/table.h"
#include "core/event_json.h"

#define COUNTS_MAX 5

struct dimension {
	const char *name;
	enum group_by group;
	struct column column;
};

static const struct dimension dimensions[COUNTS_MAX] = {
    {"user", GROUP_USER, {"USER", 32, false, 10}},
    {"day", GROUP_DAY, {"DAY (UTC)", 0, false, 0}},
    {"host", GROUP_HOST, {"HOST", 24, false, 8}},
    {"kind", GROUP_KIND, {"KIND", 0, false, 0}},
    {"addr", GROUP_ADDR, {"ADDR", 40, false, 15}},
};

struct counts {
	struct cli *cli;
	struct table table;
	const struct dimension *by[COUNTS_MAX];
	struct column columns[COUNTS_MAX + 1];
	size_t n_by;
	unsigned groups;
	uint64_t limit, n;
};

static const struct dimension *dimension_find(struct str name)
{
	for (size_t i = 0; i < COUNTS_MAX; i++)
		if (str_eqz(name, dimensions[i].name))
			return &dimensions[i];
	return NULL;
}

static int choose(struct counts *k, const struct opt_list *by)
{
	k->columns[0] = (struct column){"COUNT", 0, true, 0};
	for (size_t i = 0; i < by->n; i++) {
		const struct dimension *d = dimension_find(by->v[i]);

		if (!d)
			return cli_usage(k->cli,
			    "count by \"%.*s\": use user, day, host, kind or "
			    "addr",
			    STR_ARG(by->v[i]));
		if (k->groups & d->group)
			continue;
		k->groups |= d->group;
		k->by[k->n_by++] = d;
		k->columns[k->n_by] = d->column;
	}
	return CLI_FOUND;
}

int counts_check(struct cli *c, const struct opt_list *by)
{
	struct counts k = {.cli = c};

	return choose(&k, by);
}

#define DAY_LEN 11

static struct str row_value(const struct dimension *d,
    const struct group_row *row, char day[static TIME_ISO_LEN])
{
	switch (d->group) {
	case GROUP_USER:
		return row->user;
	case GROUP_HOST:
		return row->host;
	case GROUP_ADDR:
		return row->addr;
	case GROUP_KIND:
		return str_z(event_kind_name((enum event_kind)row->kind));
	case GROUP_DAY:
		time_format_iso(row->day, day);
		return str_upto(str_z(day), DAY_LEN - 1);
	}
	return STR_NONE;
}

static bool print_json(struct counts *k, const struct group_row *row)
{
	struct buf *b = &k->cli->out.b;
	char day[TIME_ISO_LEN];

	buf_add_z(b, "{\"count\":");
	buf_add_u64(b, row->n);
	for (size_t i = 0; i < k->n_by; i++) {
		buf_printf(b, ",\"%s\":", k->by[i]->name);
		json_add_string(b, row_value(k->by[i], row, day));
	}
	buf_add_z(b, "}\n");
	return out_row(&k->cli->out);
}

static bool print_cells(struct counts *k, const struct group_row *row)
{
	char day[TIME_ISO_LEN];

	table_cell_u64(&k->table, row->n);
	for (size_t i = 0; i < k->n_by; i++)
		table_cell(
		    &k->table, row_value(k->by[i], row, day), STYLE_NONE);
	return table_row(&k->table);
}

static int counts_row(void *ctx, const struct group_row *row)
{
	struct counts *k = ctx;
	bool more;

	more = k->cli->json ? print_json(k, row) : print_cells(k, row);
	k->n++;
	return !more || (k->limit && k->n >= k->limit);
}

static int count_events(struct cli *c, const struct query *q, unsigned groups,
    int (*row)(void *ctx, const struct group_row *row), void *ctx)
{
	struct err err = {""};
	int r = c->store->ops->count(c->store, q, groups, row, ctx, &err);

	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

int counts_print_with(struct cli *c, const struct query *q,
    const struct opt_list *by, counts_fn *count)
{
	struct counts k = {.cli = c, .limit = q->limit};
	struct query all = *q;
	int r = choose(&k, by);

	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	all.limit = 0;
	if (table_begin(&k.table, &c->out, &c->term, k.columns, k.n_by + 1) < 0)
		return cli_fail(c, "cannot count: out of memory");
	r = count(c, &all, k.groups, counts_row, &k);
	if (table_end(&k.table) < 0)
		return cli_fail(c, "cannot count: out of memory");
	return r == CLI_FOUND ? cli_found(c, k.n, "event") : r;
}

int counts_print(
    struct cli *c, const struct query *q, const struct opt_list *by)
{
	return counts_print_with(c, q, by, count_events);
}
