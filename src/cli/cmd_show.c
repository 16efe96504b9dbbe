/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/recording_commands.h"
#include "cli/recording_export.h"
#include "cli/rows.h"
#include "cli/shown/transcript.h"
#include "cli/story/story.h"
#include "cli/text/event_table.h"
#include "core/event_json.h"

struct show_options {
	bool flat, all, text;
	const char *recording;
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
    {"text", 't', OPT_FLAG,
	.help = "what its recordings showed, line by line, with times, in "
		"place of the story; see also 'sshtrail play'",
	.at = offsetof(struct show_options, text)},
    {"recording", 'R', OPT_STR, "NAME",
	"with --text: this one alone, by the name that the story has of it",
	.at = offsetof(struct show_options, recording)},
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

static void add_heading(struct cli *c, const struct recording *r)
{
	struct buf *b = &c->out.b;

	if (c->json) {
		buf_add_z(b, "{\"host\":");
		json_add_string(b, r->host);
		recording_add_json(r, b);
		buf_add_z(b, "}\n");
		return;
	}
	buf_add_z(b, "recording ");
	recording_describe(c, r, b);
	buf_add_z(b, "\n");
}

/* What all recordings or one showed; the worst of their codes. */
static int show_each(
    struct cli *c, const struct recordings *all, const struct recording *one)
{
	const struct recording_view view = {
	    .format = c->json ? &transcript_json : &transcript_text};
	int worst = CLI_FOUND, r;

	for (size_t i = 0; i < all->n; i++) {
		if (one && one != &all->v[i])
			continue;
		if (i && !one && !c->json)
			buf_add_char(&c->out.b, '\n');
		add_heading(c, &all->v[i]);
		r = recording_export(c, &all->v[i], &view);
		worst = r > worst ? r : worst;
	}
	return worst;
}

static int show_text(struct cli *c, const struct query *q, const char *name)
{
	const struct recording *one = NULL;
	struct recordings all;
	struct err err = {""};
	int r = recordings_find(&all, c->store, q->session, &err);

	if (r < 0)
		return cli_fail_code(c, r, &err);
	if (name || all.n == 0)
		r = recordings_only(c, &all, name, &one);
	if (r == CLI_FOUND)
		r = show_each(c, &all, one);
	recordings_free(&all);
	return r;
}

struct linked {
	struct cli *cli;
	struct recordings all;
};

/* As rows_event_json(), with the moment in the recording. */
static bool linked_json(void *ctx, const struct event *ev)
{
	struct linked *l = ctx;
	struct buf *b = &l->cli->out.b;
	uint64_t at;
	const struct recording *r = recordings_where(&l->all, ev, &at);

	if (!r)
		return rows_event_json(l->cli, ev);
	event_to_json(ev, EVENT_JSON_DERIVED, b);
	b->n -= b->n && b->p[b->n - 1] == '}';
	recording_add_json(r, b);
	buf_printf(b, ",\"at\":%llu.%06llu}\n",
	    (unsigned long long)(at / 1000000000),
	    (unsigned long long)(at / 1000 % 1000000));
	return out_row(&l->cli->out);
}

static int show_json(struct cli *c, const struct query *q, uint64_t *n)
{
	struct linked l = {.cli = c};
	struct err err = {""};
	int r = recordings_find(&l.all, c->store, q->session, &err);

	if (r < 0)
		return cli_fail_code(c, r, &err);
	r = rows_events(c, q, linked_json, &l, n, NULL);
	recordings_free(&l.all);
	return r;
}

static int check_text(
    struct cli *c, const struct show_options *own, const struct filters *f)
{
	if (!own->text && own->recording)
		return cli_usage(c, "--recording is for --text");
	if (own->text && (filters_about_events(f) || f->since || f->until ||
			     f->limit || f->reverse))
		return cli_usage(c,
		    "--text shows all of it: it goes with no filter; "
		    "'sshtrail search --text' finds a text and its moment");
	return CLI_FOUND;
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
	r = check_text(c, own, &f);
	if (r == CLI_FOUND)
		r = filters_query(&f, c, RANGE_ALL, &q);
	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	if (own->text)
		return show_text(c, &q, own->recording);
	if (!c->json && !own->flat)
		return show_story(c, &q, own->all);
	q.order = f.reverse ? ORDER_NEWEST_FIRST : ORDER_OLDEST_FIRST;
	if (!own->all && !q.kinds)
		q.kinds = ~((uint64_t)1 << EVENT_OTHER) &
			  (((uint64_t)1 << EVENT_N_KINDS) - 1);
	r = c->json ? show_json(c, &q, &n) : event_table_print(c, &q, &n, NULL);
	return r == CLI_FOUND ? cli_found(c, n, "event") : r;
}

const struct command cmd_show = {
    .name = "show",
    .operands = "[SESSION]",
    .summary = "tell the story of a session",
    .help = "SESSION is an id as ls prints it, a unique beginning of one, or "
	    "last (the default): the newest SSH session. First who, from "
	    "where, how, when and how we know; then everything in order, "
	    "commands as an indented tree with their exit codes. Behind a "
	    "command that was typed in a terminal that was recorded stands "
	    "when that was in the recording, as 'sshtrail play --at' takes "
	    "it; with --json as recording and at, in seconds.",
    .examples = "  sshtrail show 7f3a\n"
		"  sshtrail show last --kind exec,priv\n"
		"  sshtrail show 7f3a --json\n"
		"  sshtrail show 7f3a --text | less\n",
    .opts = show_opts,
    .opts_size = sizeof(struct show_options),
    .takes = COMMAND_HUB | COMMAND_FILTERS | COMMAND_OWN_TEXT | COMMAND_PAGER,
    .max_args = 1,
    .operand_hint = OPT_HINT_SESSION,
    .run = show_run,
};
