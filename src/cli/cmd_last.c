/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/boots.h"
#include "cli/command.h"
#include "cli/rows.h"
#include "cli/text/table.h"
#include "core/session_text.h"

/*
 * Logins and starts of hosts in one list. The store gives each in order of
 * time; here the two are merged.
 */

struct last_options {
	bool no_boots;
};

static const struct opt last_opts[] = {
    {"no-boots", 0, OPT_FLAG, .help = "without starts of hosts",
	.at = offsetof(struct last_options, no_boots)},
    {.name = NULL},
};

static const struct column last_columns[] = {
    {"USER", 32, false, 10},
    {"TTY", 12, false, 0},
    {"FROM", 40, false, 15},
    {"HOST", 24, false, 8},
    {"LOGIN", 0, false, 0},
    {"LOGOUT", 0, false, 0},
    {"DURATION", 0, true, 0},
};

struct last {
	struct cli *cli;
	struct table table;
	struct boots boots;
	size_t at; /* next of them to print */
	bool oldest_first;
	uint64_t limit, n;
};

static bool count_row(struct last *l)
{
	l->n++;
	return table_row(&l->table) && !(l->limit && l->n >= l->limit);
}

/* LOGOUT and DURATION of what ended; `word` instead of the time, or NULL. */
static void cells_ended(
    struct last *l, int64_t start, int64_t end, const char *word)
{
	char time[TIME_LOCAL_LEN], span[TIME_SPAN_LEN];

	if (word)
		table_cell_z(&l->table, word, STYLE_RED);
	else
		table_cell(&l->table, clock_format(&l->cli->clock, end, time),
		    STYLE_NONE);
	time_format_span(end > start ? end - start : 0, span);
	table_cell_z(&l->table, span, STYLE_NONE);
}

static void cells_no_end(struct last *l, const char *word)
{
	table_cell_z(&l->table, word, STYLE_GREEN);
	table_cell(&l->table, STR_NONE, STYLE_NONE);
}

/* A host that runs stops or, if it crashed, starts again; one that stopped
 * starts. */
static void cells_boot_end(
    struct last *l, const struct boot_row *b, const struct boot_row *next)
{
	if (next && !(b->down && next->down))
		cells_ended(l, b->time, next->time,
		    b->down || next->down ? NULL : "crash");
	else
		cells_no_end(l, b->down ? "" : "still running");
}

static bool print_boot(struct last *l, size_t i)
{
	const struct boot_row *b = boots_at(&l->boots, i);
	char time[TIME_LOCAL_LEN];

	table_cell_z(&l->table, b->down ? "shutdown" : "reboot", STYLE_DIM);
	table_cell_z(
	    &l->table, b->down ? "system down" : "system boot", STYLE_DIM);
	table_cell(&l->table, b->what, STYLE_DIM);
	table_cell(&l->table, b->host, STYLE_DIM);
	table_cell(
	    &l->table, clock_format(&l->cli->clock, b->time, time), STYLE_DIM);
	cells_boot_end(l, b, boots_next(&l->boots, i));
	return count_row(l);
}

/* Boots that come before a session of this start in the order asked for. */
static bool print_boots_before(struct last *l, int64_t start)
{
	for (; l->at < boots_count(&l->boots); l->at++) {
		const struct boot_row *b = boots_at(&l->boots, l->at);

		if (l->oldest_first ? b->time > start : b->time < start)
			break;
		if (!print_boot(l, l->at))
			return false;
	}
	return true;
}

/* Of the host, or NULL when it was not that which ended it. */
static const struct boot_row *restart_of(
    const struct last *l, const struct session *s)
{
	if (!session_is_open(s) && !str_eq(s->sum.reason, TRACK_RESTARTED))
		return NULL;
	return boots_after(&l->boots, s->sum.host, s->sum.start);
}

static void cells_end(struct last *l, const struct session *s)
{
	const struct boot_row *boot = restart_of(l, s);

	if (boot)
		cells_ended(l, s->sum.start,
		    session_is_open(s) ? boot->time : s->sum.end,
		    boot->down ? "down" : "crash");
	else if (!session_is_open(s))
		cells_ended(l, s->sum.start, s->sum.end, NULL);
	else
		cells_no_end(l, "still logged in");
}

static bool print_session(struct last *l, const struct session *s)
{
	const struct track *t = &s->sum;
	char time[TIME_LOCAL_LEN];

	table_cell(&l->table, t->user, STYLE_NONE);
	table_cell(&l->table, t->tty.n ? t->tty : t->origin, STYLE_NONE);
	table_cell(&l->table, t->addr, STYLE_CYAN);
	table_cell(&l->table, t->host, STYLE_NONE);
	table_cell(&l->table, clock_format(&l->cli->clock, t->start, time),
	    STYLE_NONE);
	cells_end(l, s);
	return count_row(l);
}

/* What last(1) would know of: SSH logins and all others with a terminal. */
static bool is_shown(const struct session *s)
{
	return s->sum.flags & (TRACK_SSH | TRACK_TTY);
}

static int print_rows(struct last *l, struct session_rows *rows, int64_t until)
{
	struct session s;
	bool more = true;
	int r = 0;

	while (more && (r = session_rows_next(rows, &s)) > 0) {
		if (!is_shown(&s))
			continue;
		more =
		    print_boots_before(l, s.sum.start) && print_session(l, &s);
	}
	if (more && r == 0)
		print_boots_before(l, l->oldest_first ? until : INT64_MIN);
	return r < 0 ? CLI_FAILED : CLI_FOUND;
}

static int print_last(
    struct last *l, const struct invocation *inv, struct query *q)
{
	const struct last_options *own = inv->own;
	struct session_rows rows;
	int r = boots_read(&l->boots, l->cli, q);

	if (r != CLI_FOUND)
		return r;
	if (own->no_boots || !boots_wanted(q, inv->filters))
		l->at = boots_count(&l->boots);
	while (l->at < boots_count(&l->boots) && !l->oldest_first &&
	       boots_at(&l->boots, l->at)->time >= q->until)
		l->at++;
	l->limit = q->limit;
	q->limit = 0;
	r = session_rows_open(&rows, l->cli, q, false);
	if (r != CLI_FOUND)
		return r;
	r = print_rows(l, &rows, q->until);
	session_rows_close(&rows);
	return r;
}

static int last_json(const struct invocation *inv, const struct query *q)
{
	struct session_rows rows;
	int r = session_rows_open(&rows, inv->cli, q, false);

	if (r != CLI_FOUND)
		return r;
	r = session_rows_json(&rows);
	session_rows_close(&rows);
	return r == CLI_FOUND ? cli_found(inv->cli, rows.n, "login") : r;
}

static int last_run(const struct invocation *inv)
{
	struct cli *c = inv->cli;
	struct last l = {.cli = c, .boots = BOOTS_INIT};
	struct query q;
	int r = filters_query(inv->filters, c, RANGE_WEEK, &q);

	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	if (c->json)
		return last_json(inv, &q);
	l.oldest_first = q.order == ORDER_OLDEST_FIRST;
	if (table_begin(&l.table, &c->out, &c->term, last_columns,
		sizeof last_columns / sizeof *last_columns) < 0)
		return cli_fail(c, "cannot list logins: out of memory");
	r = print_last(&l, inv, &q);
	boots_free(&l.boots);
	if (table_end(&l.table) < 0)
		return cli_fail(c, "cannot list logins: out of memory");
	return r == CLI_FOUND ? cli_found(c, l.n, "login") : r;
}

const struct command cmd_last = {
    .name = "last",
    .operands = "",
    .summary = "list logins and boots, as last does, from all sources",
    .help = "Newest first. LOGOUT is \"still logged in\" where no end was "
	    "seen, \"down\" or \"crash\" where the host stopped or started "
	    "again before one; of a start, when the host stopped, \"crash\" "
	    "where it started again without a stop, \"still running\" where "
	    "neither was seen; of a stop, when it started again. "
	    "Shows the 7 days before the newest event in the store unless "
	    "--since or --all say otherwise. --json prints the logins as 'ls "
	    "--json' does.",
    .examples = "  sshtrail last --host web-01 --all\n"
		"  sshtrail last -n 20 --user amelia\n",
    .opts = last_opts,
    .opts_size = sizeof(struct last_options),
    .takes =
	COMMAND_HUB | COMMAND_FILTERS | COMMAND_FILTERS_ALL | COMMAND_PAGER,
    .max_args = 0,
    .run = last_run,
};
