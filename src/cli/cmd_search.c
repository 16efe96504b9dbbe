/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/moments.h"
#include "cli/command.h"
#include "cli/counts.h"
#include "cli/rows.h"
#include "cli/shown/search.h"
#include "cli/text/event_table.h"

struct search_options {
	struct opt_list count;
	const char *cursor;
};

static const struct opt search_opts[] = {
    {"count", 'C', OPT_LIST, "BY,...",
	"print how many, by any of user, day, host, kind, addr",
	.at = offsetof(struct search_options, count)},
    {"cursor", 0, OPT_STR, "CURSOR",
	"go on behind the row where a search with --limit stopped; give the "
	"same filters",
	.at = offsetof(struct search_options, cursor)},
    {.name = NULL},
};

/* Where to go on, once the rows are out. */
static void tell_cursor(struct cli *c, const struct buf *mark)
{
	out_flush(&c->out);
	cli_note(c, "stopped at --limit; go on with --cursor %.*s",
	    STR_ARG(buf_str(mark)));
}

static int search_run(const struct invocation *inv)
{
	const struct search_options *own = inv->own;
	struct cli *c = inv->cli;
	struct buf mark = BUF_INIT;
	struct query q;
	bool screens;
	uint64_t n = 0;
	int r = counts_check(c, &own->count);

	if (r == CLI_FOUND)
		r = filters_query(inv->filters, c, RANGE_WEEK, &q);
	if (r != CLI_FOUND)
		return r;
	if (own->count.n)
		return counts_print(c, &q, &own->count);
	if (own->cursor)
		q.cursor = str_z(own->cursor);
	r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	screens = moments_fit(&q);
	if (screens)
		r = shown_search(c, &q, &n, &mark);
	else if (c->json)
		r = rows_events(c, &q, rows_event_json, c, &n, &mark);
	else
		r = event_table_print(c, &q, &n, &mark);
	if (r == CLI_FOUND && q.limit && n == q.limit)
		tell_cursor(c, &mark);
	buf_free(&mark);
	return r == CLI_FOUND
		   ? cli_found(c, n, screens ? "event or screen" : "event")
		   : r;
}

static void search_free(void *own)
{
	opt_list_free(&((struct search_options *)own)->count);
}

#define KIND_HELP(c, json, help) "  " json ": " help "\n"

const struct command cmd_search = {
    .name = "search",
    .operands = "",
    .summary = "find events by any filter, newest first",
    .help = "Shows the 7 days before the newest event in the store unless "
	    "--since, --all or --session say otherwise.\n\n"
	    "With --text, and without a filter that asks of events alone "
	    "(--kind, --exit, --cmd, --path, --key), also the lines that hold "
	    "TEXT and stood on the screen of a recording, as kind screen: when "
	    "they appeared, for how long they stood, and what shows them. With "
	    "--hub it is the hub that looks through its recordings.\n\n"
	    "Kinds of events:\n" EVENT_KINDS(KIND_HELP),
    .examples =
	"  sshtrail search --cmd systemctl --since 03:00 --until 03:30\n"
	"  sshtrail search --kind auth --from 203.0.113.10 --all\n"
	"  sshtrail search --path /etc/shadow --json\n"
	"  sshtrail search --text 'permission denied' --user ann\n"
	"  sshtrail search --kind auth.fail --count user,day --all\n",
    .opts = search_opts,
    .opts_size = sizeof(struct search_options),
    .takes =
	COMMAND_HUB | COMMAND_FILTERS | COMMAND_FILTERS_ALL | COMMAND_PAGER,
    .max_args = 0,
    .run = search_run,
    .free_own = search_free,
};
