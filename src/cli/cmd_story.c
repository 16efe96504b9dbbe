/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/rows.h"
#include "cli/story/timeline.h"
#include "cli/text/escape.h"
#include "core/event_json.h"
#include "core/session_json.h"
#include "core/session_text.h"

struct story_options {
	bool all;
};

static const struct opt story_opts[] = {
    {"everything", 'e', OPT_FLAG,
	.help = "also what the story leaves out: further accounts of the same "
		"fact, ends of processes, records that fit no other kind",
	.at = offsetof(struct story_options, all)},
    {.name = NULL},
};

struct route {
	struct cli *cli;
	const struct journey *journey;
	size_t *members; /* indices of hops.v, oldest first */
	size_t n;
	unsigned id_width;
};

static void add_seconds(struct buf *b, int64_t us)
{
	char span[TIME_SPAN_LEN];

	time_format_span(us < 0 ? -us : us, span);
	buf_add_z(b, span);
}

/* Why it is part of the story, for people. */
static void add_reason(struct buf *b, const struct journey *j, size_t at)
{
	const struct hop *hop = &j->hops.v[at];

	if (hop->why == HOP_PORT) {
		buf_printf(b,
		    "its client is a connection of that session, "
		    "port %lld",
		    (long long)hop->port);
	} else if (hop->why == HOP_NONE) {
		if (j->members[at].part == JOURNEY_KEY)
			buf_add_z(b, "by the same key");
	} else {
		buf_add_z(b, "concluded: that session ran ssh ");
		add_seconds(b, hop->later);
		buf_add_z(b, hop->later < 0 ? " after" : " before");
		buf_add_z(b, hop->why == HOP_ADDRESS
				 ? ", where its client's address is"
				 : ", naming this host");
	}
}

static void add_line(struct route *r, const struct session *s, size_t at)
{
	const struct journey *j = r->journey;
	const struct track *t = &s->sum;
	char id[SESSION_ID_LEN], start[TIME_LOCAL_LEN], span[TIME_SPAN_LEN];
	struct buf text = BUF_INIT;

	buf_printf(
	    &text, "%.*s  ", STR_ARG(session_id_text(t->id, r->id_width, id)));
	buf_add_str(&text, clock_format(&r->cli->clock, t->start, start));
	buf_printf(&text, "  %.*s@%.*s", STR_ARG(t->user), STR_ARG(t->host));
	if (s->person.n)
		buf_printf(&text, " (%.*s)", STR_ARG(s->person));
	if (t->addr.n)
		buf_printf(&text, " from %.*s", STR_ARG(t->addr));
	if (t->method.n)
		buf_printf(&text, ", %.*s", STR_ARG(t->method));
	time_format_span(t->end > t->start ? t->end - t->start : 0, span);
	buf_printf(&text, ", %s%s", session_is_open(s) ? "open, " : "", span);
	if (j->hops.v[at].why || j->members[at].part == JOURNEY_KEY) {
		buf_add_z(&text, "; ");
		add_reason(&text, j, at);
	}
	for (unsigned i = 0; i < j->members[at].depth; i++)
		buf_add_z(&r->cli->out.b, "  ");
	escape_add(&r->cli->out.b, buf_str(&text), ESCAPE_NO_LIMIT,
	    term_escape_flags(&r->cli->term), NULL);
	buf_add_char(&r->cli->out.b, '\n');
	buf_free(&text);
}

static void add_json(struct route *r, const struct session *s, size_t at)
{
	static const char *const why[] = {[HOP_PORT] = "port",
	    [HOP_ADDRESS] = "address",
	    [HOP_NAME] = "name"};
	const struct journey *j = r->journey;
	const struct hop *hop = &j->hops.v[at];
	struct buf *b = &r->cli->out.b;
	char id[SESSION_ID_LEN];

	session_to_json(b, s);
	b->n -= b->n && b->p[b->n - 1] == '}';
	if (hop->why) {
		buf_printf(b, ",\"hop_from\":\"%.*s\",\"hop\":\"%s\"",
		    STR_ARG(session_id_text(j->hops.v[hop->from].id, 16, id)),
		    why[hop->why]);
		if (hop->why != HOP_PORT) {
			struct buf text = BUF_INIT;

			add_reason(&text, j, at);
			buf_add_z(b, ",\"hop_inferred\":");
			json_add_string(b, buf_str(&text));
			buf_free(&text);
		}
	}
	if (j->members[at].part == JOURNEY_KEY)
		buf_add_z(b, ",\"same_key\":true");
	buf_add_z(b, "}\n");
}

static int print_member(struct route *r, size_t at)
{
	const struct store_ops *ops = r->cli->store->ops;
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .session = r->journey->hops.v[at].id};
	struct store_cursor *cursor;
	struct session s;
	struct err err = {""};
	int code = ops->sessions(r->cli->store, &q, &cursor, &err);

	if (code < 0)
		return cli_fail_code(r->cli, code, &err);
	code = ops->next_session(cursor, &s, &err);
	if (code > 0 && r->cli->json)
		add_json(r, &s, at);
	else if (code > 0)
		add_line(r, &s, at);
	ops->cursor_close(cursor);
	out_row(&r->cli->out);
	return code < 0 ? cli_fail_code(r->cli, code, &err) : CLI_FOUND;
}

/* It, and below it what came of it; so deep as hops go. */
static int print_branch(struct route *r, size_t at)
{
	int code = print_member(r, at);

	for (size_t i = 0; i < r->n && code == CLI_FOUND; i++)
		if (r->journey->hops.v[r->members[i]].from == at)
			code = print_branch(r, r->members[i]);
	return code;
}

static void print_clocks(struct route *r)
{
	const struct journey *j = r->journey;
	struct buf *b = &r->cli->out.b;

	for (uint32_t i = 0; i < j->hops.hosts.n && !r->cli->json; i++) {
		struct str host = intern_str(&j->hops.hosts, i);
		int64_t lead = journey_lead(j, host);

		if (!lead)
			continue;
		buf_add_z(b, "clock of ");
		escape_add(b, host, ESCAPE_NO_LIMIT,
		    term_escape_flags(&r->cli->term), NULL);
		buf_add_z(b, ": ");
		add_seconds(b, lead);
		buf_add_z(b, lead < 0 ? " behind" : " ahead");
		buf_add_z(b, "; its events stand where they happened\n");
	}
}

static int print_route(struct route *r)
{
	const struct journey *j = r->journey;
	int code = CLI_FOUND;

	r->members = calloc(j->n_members + 1, sizeof *r->members);
	if (!r->members)
		return cli_fail(r->cli, "cannot tell the story: out of memory");
	/* Sessions came in the order of their begin. */
	for (size_t i = 0; i < j->hops.n; i++)
		if (j->members[i].part)
			r->members[r->n++] = i;
	for (size_t i = 0; i < r->n && code == CLI_FOUND; i++)
		if (j->hops.v[r->members[i]].from == HOP_NOWHERE)
			code = print_branch(r, r->members[i]);
	free(r->members);
	if (code == CLI_FOUND)
		print_clocks(r);
	if (code == CLI_FOUND && !r->cli->json)
		buf_add_char(&r->cli->out.b, '\n');
	return code;
}

static int tell(struct cli *c, const struct journey *j, bool all)
{
	struct route route = {
	    .cli = c, .journey = j, .id_width = rows_id_width(c)};
	uint64_t n = 0;
	int r = print_route(&route);

	if (r == CLI_FOUND)
		r = timeline_print(j, all, &n);
	return r;
}

static bool asks_for_parts(const struct query *q)
{
	return q->n_host || q->n_user || q->n_person || q->n_addr || q->kinds ||
	       q->session || q->has_exit || q->exit_nonzero || q->cmd.n ||
	       q->path.n || q->text.n || q->key.n || q->session_flags ||
	       q->open_only || q->limit;
}

static int story_run(const struct invocation *inv)
{
	const struct story_options *own = inv->own;
	struct cli *c = inv->cli;
	struct journey j;
	struct query q;
	int r = filters_query(inv->filters, c, RANGE_WEEK, &q);

	if (r == CLI_FOUND && asks_for_parts(&q))
		return cli_usage(c, "a story is told whole: of the filters it "
				    "takes --since, --until and --all");
	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	journey_init(&j, c);
	r = journey_find(&j, &q, inv->args[0]);
	if (r == CLI_FOUND)
		r = tell(c, &j, own->all);
	journey_free(&j);
	return r;
}

const struct command cmd_story = {
    .name = "story",
    .operands = "PERSON|SESSION",
    .summary = "tell what somebody did on all hosts, as one",
    .help = "Takes the sessions of a person or account, those that were begun "
	    "with the same keys under other accounts, and those that came of "
	    "them or that they came from, over any number of hosts; then "
	    "lists the events of all of them in order of time.\n\n"
	    "A session came of another where its client's address and port "
	    "are those of a connection that the other one opened. Where no "
	    "port is known it is concluded, and marked so: one session alone "
	    "had run ssh just before, on the host that the address belongs "
	    "to, or naming the host that was logged in to.\n\n"
	    "Only logins of the time asked for are looked at: the 7 days "
	    "before the newest event in the store unless --since or --all say "
	    "otherwise.",
    .examples = "  sshtrail story alice\n"
		"  sshtrail story 52be --since yesterday\n",
    .opts = story_opts,
    .opts_size = sizeof(struct story_options),
    .takes =
	COMMAND_HUB | COMMAND_FILTERS | COMMAND_FILTERS_ALL | COMMAND_PAGER,
    .min_args = 1,
    .max_args = 1,
    .operand_hint = OPT_HINT_SESSION,
    .run = story_run,
};
