/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/rows.h"
#include "cli/story/story.h"
#include "cli/text/event_table.h"

struct show_options {
	bool flat, all;
};

static const struct opt show_opts[] = {
    {"flat", 0, OPT_FLAG,
	.help = "the events as a plain list, as search prints them",
	.at = offsetof(struct show_options, flat)},
    {"all", 'a', OPT_FLAG,
	.help = "also what the story leaves out: further accounts of the "
		"same fact, programs that the login itself ran, tries along "
		"PATH, ends of processes, records that fit no other kind",
	.at = offsetof(struct show_options, all)},
    {.name = NULL},
};

/* Tell the story of the session of this id. */
static int show_story(struct cli *c, struct query *q, bool all)
{
	struct query one = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .session = q->session,
	    .limit = 1};
	const struct store_ops *ops = c->store->ops;
	struct store_cursor *cursor;
	struct session s;
	struct err err = {""};
	int r = ops->sessions(c->store, &one, &cursor, &err);

	if (r < 0)
		return cli_fail_code(c, r, &err);
	r = ops->next_session(cursor, &s, &err);
	if (r > 0)
		r = story_print(c, &s, q, all);
	else if (r == 0)
		r = cli_found(c, 0, "session");
	else
		r = cli_fail_code(c, r, &err);
	ops->cursor_close(cursor);
	return r;
}

static int show_run(const struct invocation *inv)
{
	const struct show_options *own = inv->own;
	struct filters f = *inv->filters;
	struct cli *c = inv->cli;
	struct query q;
	uint64_t n = 0;
	int r;

	if (inv->n_args)
		f.session = inv->args[0];
	else if (!f.session)
		f.session = "last";
	r = filters_query(&f, c, RANGE_ALL, &q);
	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	if (!c->json && !own->flat)
		return show_story(c, &q, own->all);
	q.order = f.reverse ? ORDER_NEWEST_FIRST : ORDER_OLDEST_FIRST;
	if (!own->all && !q.kinds)
		q.kinds = ~((uint64_t)1 << EVENT_OTHER) &
			  (((uint64_t)1 << EVENT_N_KINDS) - 1);
	r = c->json ? rows_events(c, &q, rows_event_json, c, &n, NULL)
		    : event_table_print(c, &q, &n, NULL);
	return r == CLI_FOUND ? cli_found(c, n, "event") : r;
}

const struct command cmd_show = {
    .name = "show",
    .operands = "[SESSION]",
    .summary = "tell the story of a session",
    .help = "SESSION is an id as ls prints it, a unique beginning of one, or "
	    "last (the default): the newest SSH session. First who, from "
	    "where, how, when and how we know; then everything in order, "
	    "commands as an indented tree with their exit codes.",
    .examples = "  sshtrail show 7f3a\n"
		"  sshtrail show last --kind exec,priv\n"
		"  sshtrail show 7f3a --json\n",
    .opts = show_opts,
    .opts_size = sizeof(struct show_options),
    .takes = COMMAND_FILTERS | COMMAND_PAGER,
    .max_args = 1,
    .operand_hint = OPT_HINT_SESSION,
    .run = show_run,
};
