/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/event_table.h"

#include "cli/cli.h"
#include "cli/rows.h"
#include "core/event_text.h"
#include "core/session_text.h"

static const struct column event_columns[] = {
    {"TIME", 0, false, 0},
    {"HOST", 24, false, 8},
    {"USER", 24, false, 10},
    {"SESSION", 0, false, 0},
    {"KIND", 0, false, 0},
    {"TEXT", 0, false, 0},
};

static const enum style kind_styles[EVENT_N_KINDS] = {
    [EVENT_AUTH_OK] = STYLE_GREEN,
    [EVENT_SESSION_OPEN] = STYLE_GREEN,
    [EVENT_AUTH_FAIL] = STYLE_RED,
    [EVENT_GAP] = STYLE_RED,
    [EVENT_ALERT] = STYLE_RED,
    [EVENT_PRIV] = STYLE_YELLOW,
};

bool event_table_row(void *t, const struct event *ev)
{
	struct event_table *s = t;
	char time[TIME_LOCAL_LEN], id[SESSION_ID_LEN];
	struct str user = event_str(ev, F_LOGIN_USER);
	uint64_t session = event_session(ev);

	table_cell(&s->table, clock_format(&s->cli->clock, ev->time, time),
	    STYLE_NONE);
	table_cell(&s->table, ev->host, STYLE_NONE);
	table_cell(
	    &s->table, user.n ? user : event_str(ev, F_USER), STYLE_NONE);
	table_cell(&s->table,
	    session ? session_id_text(session, s->id_width, id) : STR_NONE,
	    STYLE_YELLOW);
	table_cell_z(
	    &s->table, event_kind_name(ev->kind), kind_styles[ev->kind]);
	buf_clear(&s->text);
	event_describe(ev, &s->text);
	table_cell(&s->table, buf_str(&s->text), STYLE_NONE);
	return table_row(&s->table);
}

void event_table_want(struct query *q)
{
	event_describe_want(q->want);
	query_want(q, F_USER);
	query_want(q, F_LOGIN_USER);
}

int event_table_begin(struct event_table *t, struct cli *c)
{
	*t = (struct event_table){.cli = c, .id_width = rows_id_width(c)};
	if (table_begin(&t->table, &c->out, &c->term, event_columns,
		sizeof event_columns / sizeof *event_columns) < 0)
		return cli_fail(c, "cannot list events: out of memory");
	return CLI_FOUND;
}

int event_table_end(struct event_table *t)
{
	buf_free(&t->text);
	if (table_end(&t->table) < 0)
		return cli_fail(t->cli, "cannot list events: out of memory");
	return CLI_FOUND;
}

int event_table_print(
    struct cli *c, struct query *q, uint64_t *ret_n, struct buf *mark)
{
	struct event_table t;
	int r = event_table_begin(&t, c), ended;

	if (r != CLI_FOUND)
		return r;
	event_table_want(q);
	r = rows_events(c, q, event_table_row, &t, ret_n, mark);
	ended = event_table_end(&t);
	return ended != CLI_FOUND ? ended : r;
}
