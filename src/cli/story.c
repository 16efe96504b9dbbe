/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story.h"

#include "cli/escape.h"
#include "cli/event_text.h"
#include "cli/rows.h"
#include "cli/story_header.h"
#include "cli/story_tree.h"

/* Names of sources in the header; more are not told. */
#define SOURCES_MAX 32

struct story {
	struct cli *cli;
	const struct session *session;
	struct story_tree tree;
	struct intern sources;
	struct buf gaps; /* lines for the header */
	struct buf text;
	int64_t day; /* of the last line, local */
	bool all;
	bool no_memory;
};

static bool note_event(void *ctx, const struct event *ev)
{
	struct story *s = ctx;

	if (s->sources.n < SOURCES_MAX && ev->source.n)
		intern_add(&s->sources, ev->source);
	if (story_tree_note(&s->tree, ev) < 0)
		s->no_memory = true;
	return !s->no_memory;
}

/* First pass: how processes ended, and where the facts come from. */
static int note_events(struct story *s, const struct query *asked)
{
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .session = asked->session,
	    .order = ORDER_OLDEST_FIRST};
	int r;

	query_want(&q, F_PID);
	query_want(&q, F_EXIT);
	query_want(&q, F_SIGNAL);
	query_want(&q, F_PPID);
	query_want(&q, F_SUCCESS);
	query_want(&q, F_DURATION);
	r = rows_events(s->cli, &q, note_event, s, NULL, NULL);
	if (s->no_memory)
		return cli_fail(s->cli, "cannot show the session: out of "
					"memory; use --flat");
	return r;
}

#define GAPS_MAX 20

static bool note_gap(void *ctx, const struct event *ev)
{
	struct story *s = ctx;

	if (event_session(ev) == s->session->sum.id)
		return true;
	event_describe(ev, &s->gaps);
	buf_add_char(&s->gaps, '\n');
	return true;
}

/* Losses of the whole host while the session lasted. */
static int note_gaps(struct story *s)
{
	const struct track *t = &s->session->sum;
	struct query q = {.since = t->start,
	    .until = t->end < INT64_MAX ? t->end + 1 : t->end,
	    .host = {t->host},
	    .n_host = t->host.n ? 1 : 0,
	    .kinds = (uint64_t)1 << EVENT_GAP,
	    .limit = GAPS_MAX};

	return rows_events(s->cli, &q, note_gap, s, NULL, NULL);
}

static void add_text(struct story *s, struct str text)
{
	struct buf *b = &s->cli->out.b;
	unsigned flags = term_escape_flags(&s->cli->term);

	escape_add(b, text, ESCAPE_NO_LIMIT, flags, NULL);
}

#define DATE_LEN 10

/* "  11:49:30  exec          "; a line with the date where it changes. */
static void add_time(struct story *s, const struct event *ev)
{
	struct buf *b = &s->cli->out.b;
	const struct term *term = &s->cli->term;
	char text[TIME_LOCAL_LEN];
	struct str time = clock_format(&s->cli->clock, ev->time, text);
	int64_t day = ev->time / USEC_PER_SEC + s->cli->clock.offset;

	day = day / 86400 - (day % 86400 < 0);
	if (day != s->day) {
		s->day = day;
		buf_add_char(b, '\n');
		term_style(term, b, STYLE_BOLD);
		buf_add_str(b, str_upto(time, DATE_LEN));
		term_unstyle(term, b, STYLE_BOLD);
		buf_add_char(b, '\n');
	}
	buf_add_z(b, "  ");
	buf_add_str(b, str_from(time, DATE_LEN + 1));
	buf_printf(b, "  %-13s ", event_kind_name(ev->kind));
}

/* "  [exit 1, 2s]", red when it did not go well. */
static void add_end(struct story *s, const struct tree_node *node)
{
	struct buf *b = &s->cli->out.b;
	bool killed = node->signal > 0;
	enum style style;
	char span[TIME_SPAN_LEN];

	if (!node->ended || (node->exit < 0 && !killed))
		return;
	style = killed || node->exit ? STYLE_RED : STYLE_DIM;
	buf_add_z(b, "  ");
	term_style(&s->cli->term, b, style);
	buf_printf(b, "[%s %lld", killed ? "signal" : "exit",
	    (long long)(killed ? node->signal : node->exit));
	if (node->duration >= USEC_PER_SEC) {
		time_format_span(node->duration, span);
		buf_printf(b, ", %s", span);
	}
	buf_add_char(b, ']');
	term_unstyle(&s->cli->term, b, style);
}

static const enum style line_styles[EVENT_N_KINDS] = {
    [EVENT_AUTH_OK] = STYLE_GREEN,
    [EVENT_AUTH_FAIL] = STYLE_RED,
    [EVENT_PRIV] = STYLE_YELLOW,
    [EVENT_GAP] = STYLE_RED,
    [EVENT_ALERT] = STYLE_RED,
};

/* Shown with --all only: an exit stands behind its command anyway. */
static bool is_minor(const struct event *ev)
{
	return ev->kind == EVENT_OTHER || ev->kind == EVENT_EXIT;
}

static bool story_line(void *ctx, const struct event *ev)
{
	struct story *s = ctx;
	struct buf *b = &s->cli->out.b;
	const struct term *term = &s->cli->term;
	const struct tree_node *node = NULL;
	unsigned depth;

	if (is_minor(ev) && !s->all)
		return true;
	if (ev->kind == EVENT_EXEC)
		node = story_tree_exec(&s->tree, ev, &depth);
	else
		depth = story_tree_depth(&s->tree, ev);
	add_time(s, ev);
	for (unsigned i = 0; i < depth; i++)
		buf_add_z(b, "  ");
	buf_clear(&s->text);
	if (ev->kind == EVENT_EXEC && event_has(ev, F_EUID))
		buf_add_z(&s->text, ev->v[F_EUID].i ? "$ " : "# ");
	event_describe(ev, &s->text);
	term_style(term, b, line_styles[ev->kind]);
	add_text(s, buf_str(&s->text));
	term_unstyle(term, b, line_styles[ev->kind]);
	if (node)
		add_end(s, node);
	buf_add_char(b, '\n');
	return out_row(&s->cli->out);
}

static int print_all(struct story *s, struct query *q)
{
	int r = note_events(s, q);

	if (r == CLI_FOUND && story_tree_finish(&s->tree) < 0)
		r = cli_fail(s->cli, "cannot show the session: out of "
				     "memory; use --flat");
	if (r == CLI_FOUND)
		r = note_gaps(s);
	if (r != CLI_FOUND)
		return r;
	story_header(s->cli, s->session, &s->sources, buf_str(&s->gaps));
	q->order = ORDER_OLDEST_FIRST;
	event_describe_want(q);
	query_want(q, F_PID);
	query_want(q, F_PPID);
	query_want(q, F_EUID);
	return rows_events(s->cli, q, story_line, s, NULL, NULL);
}

int story_print(
    struct cli *c, const struct session *session, struct query *q, bool all)
{
	struct story s = {.cli = c,
	    .session = session,

	    .sources = INTERN_INIT,
	    .day = INT64_MIN,
	    .all = all};
	int r;

	story_tree_init(&s.tree);
	r = print_all(&s, q);
	story_tree_free(&s.tree);
	intern_free(&s.sources);
	buf_free(&s.gaps);
	buf_free(&s.text);
	return r;
}
