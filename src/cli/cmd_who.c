/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/boots.h"
#include "cli/command.h"
#include "cli/rows.h"
#include "cli/text/table.h"
#include "core/event_text.h"
#include "core/session_json.h"
#include "core/session_text.h"

struct who_options {
	bool local, all;
};

static const struct opt who_opts[] = {
    {"local", 'l', OPT_FLAG,
	.help = "also sessions that did not come over SSH: console, cron, su",
	.at = offsetof(struct who_options, local)},
    {"all", 'a', OPT_FLAG, .help = "these too, and since when each host runs",
	.at = offsetof(struct who_options, all)},
    {.name = NULL},
};

static const struct column who_columns[] = {
    {"USER", 32, false, 10},
    {"TTY", 12, false, 0},
    {"FROM", 40, false, 15},
    {"HOST", 24, false, 8},
    {"SESSION", 0, false, 0},
    {"LOGIN", 0, false, 0},
    {"LAST SEEN", 0, false, 0},
    {"LAST COMMAND", 0, false, 0},
};

struct who {
	struct cli *cli;
	struct table table;
	struct buf command;
	unsigned id_width;
	uint64_t n;
};

static bool keep_command(void *ctx, const struct event *ev)
{
	struct who *w = ctx;

	event_describe(ev, &w->command);
	return false;
}

/* The newest command of a session; empty when none was seen. */
static int last_command(struct who *w, const struct session *s)
{
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .kinds = (uint64_t)1 << EVENT_EXEC,
	    .session = s->sum.id,
	    .order = ORDER_NEWEST_FIRST,
	    .limit = 1};

	buf_clear(&w->command);
	if (s->sum.n_exec <= 0)
		return CLI_FOUND;
	event_describe_want(q.want);
	return rows_events(w->cli, &q, keep_command, w, NULL, NULL);
}

static bool who_row(struct who *w, const struct session *s)
{
	const struct track *t = &s->sum;
	char id[SESSION_ID_LEN], time[TIME_LOCAL_LEN];
	struct clock_text *clock = &w->cli->clock;
	int64_t login = t->login >= 0 ? t->login : t->start;

	table_cell(&w->table, t->user, STYLE_NONE);
	table_cell(&w->table, t->tty, STYLE_NONE);
	table_cell(&w->table, t->addr, STYLE_CYAN);
	table_cell(&w->table, t->host, STYLE_NONE);
	table_cell(
	    &w->table, session_id_text(t->id, w->id_width, id), STYLE_YELLOW);
	table_cell(&w->table, clock_format(clock, login, time), STYLE_NONE);
	table_cell(&w->table, clock_format(clock, t->end, time), STYLE_NONE);
	table_cell(&w->table, buf_str(&w->command), STYLE_NONE);
	return table_row(&w->table);
}

/* Since when a host runs, if it does: of starts and stops the newest. */
static bool boot_row(struct who *w, const struct boot_row *b)
{
	char time[TIME_LOCAL_LEN];

	table_cell_z(&w->table, "reboot", STYLE_DIM);
	table_cell_z(&w->table, "system boot", STYLE_DIM);
	table_cell(&w->table, b->what, STYLE_DIM);
	table_cell(&w->table, b->host, STYLE_DIM);
	table_cell(&w->table, STR_NONE, STYLE_NONE);
	table_cell(
	    &w->table, clock_format(&w->cli->clock, b->time, time), STYLE_DIM);
	table_cell(&w->table, STR_NONE, STYLE_NONE);
	table_cell(&w->table, STR_NONE, STYLE_NONE);
	w->n++;
	return table_row(&w->table);
}

static int print_boots(struct who *w, const struct query *asked)
{
	struct boots boots = BOOTS_INIT;
	struct query q = *asked;
	int r;

	q.since = INT64_MIN;
	q.order = ORDER_NEWEST_FIRST;
	r = boots_read(&boots, w->cli, &q);
	for (size_t i = 0; r == CLI_FOUND && i < boots_count(&boots); i++) {
		const struct boot_row *b = boots_at(&boots, i);

		if (!b->down && !boots_next(&boots, i) && !boot_row(w, b))
			break;
	}
	boots_free(&boots);
	return r;
}

static int print_row(struct who *w, const struct session *s, bool *ret_more)
{
	struct cli *c = w->cli;
	int r;

	*ret_more = true;
	w->n++;
	if (c->json) {
		session_to_json(&c->out.b, s);
		buf_add_char(&c->out.b, '\n');
		*ret_more = out_row(&c->out);
		return CLI_FOUND;
	}
	r = last_command(w, s);
	if (r == CLI_FOUND)
		*ret_more = who_row(w, s);
	return r;
}

static int print_rows(struct who *w, struct session_rows *rows)
{
	struct session s;
	bool more = true;
	int r = 0, code = CLI_FOUND;

	while (
	    more && code == CLI_FOUND && (r = session_rows_next(rows, &s)) > 0)
		code = print_row(w, &s, &more);
	return r < 0 ? CLI_FAILED : code;
}

static int print_who(struct who *w, struct query *q, bool boots)
{
	struct cli *c = w->cli;
	struct session_rows rows;
	int r = session_rows_open(&rows, c, q, false);

	if (r != CLI_FOUND)
		return r;
	if (table_begin(&w->table, &c->out, &c->term, who_columns,
		sizeof who_columns / sizeof *who_columns) < 0) {
		session_rows_close(&rows);
		return cli_fail(c, "cannot list sessions: out of memory");
	}
	if (boots)
		r = print_boots(w, q);
	if (r == CLI_FOUND)
		r = print_rows(w, &rows);
	session_rows_close(&rows);
	buf_free(&w->command);
	if (table_end(&w->table) < 0)
		return cli_fail(c, "cannot list sessions: out of memory");
	return r;
}

static int who_run(const struct invocation *inv)
{
	const struct who_options *own = inv->own;
	struct cli *c = inv->cli;
	struct who w = {.cli = c};
	struct query q;
	int r = filters_query(inv->filters, c, RANGE_ALL, &q);

	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	q.open_only = true;
	q.ssh_only = !own->local && !own->all;
	w.id_width = rows_id_width(c);
	r = print_who(
	    &w, &q, own->all && !c->json && boots_wanted(&q, inv->filters));
	return r == CLI_FOUND ? cli_found(c, w.n, "open session") : r;
}

const struct command cmd_who = {
    .name = "who",
    .operands = "",
    .summary = "list sessions that are open, with their last command",
    .help = "A session is open when its end was not seen; in imported logs "
	    "that is the state at the end of the logs. A start or stop of its "
	    "host ends it. LAST SEEN is the time "
	    "of the newest event in it.",
    .examples = "  sshtrail who --host web-01\n",
    .opts = who_opts,
    .opts_size = sizeof(struct who_options),
    .takes =
	COMMAND_HUB | COMMAND_FILTERS | COMMAND_FILTERS_FLAGS | COMMAND_PAGER,
    .max_args = 0,
    .run = who_run,
};
