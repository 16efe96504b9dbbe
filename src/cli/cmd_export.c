/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/rows.h"

struct export_options {
	bool sessions, local;
};

static const struct opt export_opts[] = {
    {"sessions", 0, OPT_FLAG,
	.help = "sessions as 'ls --json' prints them, instead of events",
	.at = offsetof(struct export_options, sessions)},
    {"local", 'l', OPT_FLAG,
	.help = "with --sessions: also those that did not come over SSH",
	.at = offsetof(struct export_options, local)},
    {.name = NULL},
};

static int export_sessions(const struct invocation *inv, struct query *q)
{
	const struct export_options *own = inv->own;
	struct session_rows rows;
	int r;

	q->ssh_only = !own->local;
	r = session_rows_open(&rows, inv->cli, q, own->local);
	if (r != CLI_FOUND)
		return r;
	r = session_rows_json(&rows);
	session_rows_close(&rows);
	return r == CLI_FOUND ? cli_found(inv->cli, rows.n, "session") : r;
}

static int export_run(const struct invocation *inv)
{
	const struct export_options *own = inv->own;
	struct cli *c = inv->cli;
	struct query q;
	uint64_t n = 0;
	int r = filters_query(inv->filters, c, RANGE_ALL, &q);

	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	q.order =
	    inv->filters->reverse ? ORDER_NEWEST_FIRST : ORDER_OLDEST_FIRST;
	if (own->sessions)
		return export_sessions(inv, &q);
	r = rows_events(c, &q, rows_event_json, c, &n, NULL);
	return r == CLI_FOUND ? cli_found(c, n, "event") : r;
}

const struct command cmd_export = {
    .name = "export",
    .operands = "",
    .summary = "print events as JSON lines, oldest first",
    .help = "All times unless --since or --until say otherwise; --reverse "
	    "prints the newest first.",
    .examples = "  sshtrail export > events.jsonl\n"
		"  sshtrail export --sessions --user root --since -30d\n",
    .opts = export_opts,
    .opts_size = sizeof(struct export_options),
    .takes = COMMAND_FILTERS | COMMAND_FILTERS_ALL | COMMAND_FILTERS_FLAGS,
    .max_args = 0,
    .run = export_run,
};
