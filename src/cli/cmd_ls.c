/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/rows.h"
#include "cli/text/table.h"
#include "core/session_text.h"

struct ls_options {
	bool local;
};

static const struct opt ls_opts[] = {
    {"local", 'l', OPT_FLAG,
	.help = "also sessions that did not come over SSH: console, cron, su",
	.at = offsetof(struct ls_options, local)},
    {.name = NULL},
};

static const struct column ls_columns[] = {
    {"ID", 0, false, 0},
    {"START", 0, false, 0},
    {"HOST", 24, false, 8},
    {"USER", 32, false, 10},
    {"FROM", 40, false, 15},
    {"METHOD", 22, false, 5},
    {"DURATION", 0, true, 0},
    {"CMDS", 0, true, 0},
    {"FLAGS", 0, false, 0},
};

struct ls {
	struct cli *cli;
	struct table table;
	struct buf text;
	unsigned id_width;
};

static enum style user_style(const struct track *t)
{
	return t->flags & TRACK_ROOT ? STYLE_RED : STYLE_NONE;
}

static void cell_user(struct ls *ls, const struct session *s)
{
	buf_clear(&ls->text);
	buf_add_str(&ls->text, s->sum.user);
	if (s->person.n) {
		buf_add_z(&ls->text, " (");
		buf_add_str(&ls->text, s->person);
		buf_add_char(&ls->text, ')');
	}
	table_cell(&ls->table, buf_str(&ls->text), user_style(&s->sum));
}

/* Below this width "11-22 11:49" leaves room for what matters more. */
#define NARROW 100

static struct str start_text(
    struct ls *ls, const struct track *t, char ret[static TIME_LOCAL_LEN])
{
	struct str text = clock_format(&ls->cli->clock, t->start, ret);
	unsigned width = ls->cli->term.width;

	return width && width < NARROW ? str_from(str_upto(text, 16), 5) : text;
}

static bool ls_row(struct ls *ls, const struct session *s)
{
	const struct track *t = &s->sum;
	char id[SESSION_ID_LEN], start[TIME_LOCAL_LEN], span[TIME_SPAN_LEN];

	table_cell(
	    &ls->table, session_id_text(t->id, ls->id_width, id), STYLE_YELLOW);
	table_cell(&ls->table, start_text(ls, t, start), STYLE_NONE);
	table_cell(&ls->table, t->host, STYLE_NONE);
	cell_user(ls, s);
	table_cell(&ls->table, t->addr.n ? t->addr : t->tty, STYLE_CYAN);
	table_cell(&ls->table, t->method.n ? t->method : t->origin, STYLE_NONE);
	time_format_span(t->end > t->start ? t->end - t->start : 0, span);
	table_cell_z(&ls->table, span, STYLE_NONE);
	table_cell_u64(&ls->table, t->n_exec > 0 ? (uint64_t)t->n_exec : 0);
	buf_clear(&ls->text);
	session_add_letters(&ls->text, s);
	table_cell(&ls->table, buf_str(&ls->text),
	    session_is_open(s) ? STYLE_GREEN : STYLE_NONE);
	return table_row(&ls->table);
}

static int print_table(struct cli *c, struct session_rows *rows)
{
	struct ls ls = {.cli = c, .id_width = rows_id_width(c)};
	struct session s;
	int r;

	r = table_begin(&ls.table, &c->out, &c->term, ls_columns,
	    sizeof ls_columns / sizeof *ls_columns);
	if (r < 0)
		return cli_fail(c, "cannot list sessions: out of memory");
	while ((r = session_rows_next(rows, &s)) > 0 && ls_row(&ls, &s))
		continue;
	buf_free(&ls.text);
	if (table_end(&ls.table) < 0)
		return cli_fail(c, "cannot list sessions: out of memory");
	return r < 0 ? CLI_FAILED : CLI_FOUND;
}

static int ls_run(const struct invocation *inv)
{
	const struct ls_options *own = inv->own;
	struct cli *c = inv->cli;
	struct session_rows rows;
	struct query q;
	int r = filters_query(inv->filters, c, RANGE_WEEK, &q);

	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	q.ssh_only = !own->local;
	r = session_rows_open(&rows, c, &q, false);
	if (r != CLI_FOUND)
		return r;
	r = c->json ? session_rows_json(&rows) : print_table(c, &rows);
	session_rows_close(&rows);
	return r == CLI_FOUND ? cli_found(c, rows.n, "session") : r;
}

const struct command cmd_ls = {
    .name = "ls",
    .operands = "",
    .summary = "list sessions, newest first",
    .help = "Shows the 7 days before the newest event in the store unless "
	    "--since or --all say otherwise. Filters about single events "
	    "(--kind --exit --cmd --path --text --key) list the sessions "
	    "that hold such an event.\n\n"
	    "FLAGS: " SESSION_FLAG_LEGEND ".",
    .examples = "  sshtrail ls --since yesterday --user root\n"
		"  sshtrail ls --all --from 203.0.113. --sudo\n"
		"  sshtrail ls --cmd 'rm -rf' --json\n",
    .opts = ls_opts,
    .opts_size = sizeof(struct ls_options),
    .takes = COMMAND_HUB | COMMAND_FILTERS | COMMAND_FILTERS_ALL |
	     COMMAND_FILTERS_FLAGS | COMMAND_PAGER,
    .max_args = 0,
    .run = ls_run,
};
