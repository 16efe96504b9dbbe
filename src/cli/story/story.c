/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story/story.h"

#include "cli/recording_commands.h"
#include "cli/rows.h"
#include "cli/shown/moment_text.h"
#include "cli/story/facts.h"
#include "cli/story/header.h"
#include "cli/story/tree.h"
#include "cli/text/escape.h"
#include "core/event_text.h"

/* Names of sources in the header; more are not told. */
#define SOURCES_MAX  32
/* Conclusions in the header; more are not told. */
#define INFERRED_MAX 8

struct story {
	struct cli *cli;
	const struct session *session;
	struct story_tree tree;
	struct story_facts facts;
	struct intern sources;
	struct intern inferred; /* what is so of many events, said once */
	struct buf gaps;	/* lines for the header, as: */
	struct recordings recorded;
	struct buf recordings; /* what the header says of them */
	struct buf vouched;    /* what the end of the session says of them */
	struct buf text;
	int64_t day; /* of the last line, local */
	bool all;
	bool fold; /* leave out what other lines tell */
	bool setup_told;
	bool no_memory;
};

static void note_inferred(struct story *s, struct str notes)
{
	struct str note;

	while (notes.n && s->inferred.n < INFERRED_MAX) {
		str_cut(&notes, ';', &note);
		str_skip(&note, STR(" "));
		if (note.n && event_inferred_general(note))
			intern_add(&s->inferred, note);
	}
}

/* And who handed it over, where nothing but that vouches for it. */
static void note_source(struct story *s, const struct event *ev)
{
	if (s->sources.n >= SOURCES_MAX || !ev->source.n)
		return;
	buf_clear(&s->text);
	buf_add_str(&s->text, ev->source);
	if (ev->trust == TRUST_NETWORK) {
		buf_add_z(&s->text, " of the network sender ");
		buf_add_str(&s->text, event_str(ev, F_SENDER));
	}
	if (!buf_error(&s->text))
		intern_add(&s->sources, buf_str(&s->text));
}

/* The last one knows of all. */
static void note_vouched(struct story *s, const struct event *ev)
{
	if (!event_has(ev, F_RECORDINGS_SHA256))
		return;
	buf_clear(&s->vouched);
	buf_printf(&s->vouched, "its end vouches for %lld, ",
	    (long long)event_int(ev, F_RECORDINGS, 0));
	bytes_format(event_int(ev, F_RECORDED, 0), &s->vouched);
	buf_add_z(&s->vouched, " stored, by SHA-256 ");
	buf_add_str(&s->vouched, event_str(ev, F_RECORDINGS_SHA256));
	buf_add_char(&s->vouched, '\n');
}

static bool note_event(void *ctx, const struct event *ev)
{
	struct story *s = ctx;

	note_vouched(s, ev);
	note_source(s, ev);
	note_inferred(s, event_str(ev, F_INFERRED));
	story_facts_note(&s->facts, ev);
	if (story_tree_note(&s->tree, ev) < 0 || s->facts.no_memory)
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
	query_want(&q, F_EUID);
	query_want(&q, F_INFERRED);
	query_want(&q, F_SENDER);
	query_want(&q, F_RECORDINGS);
	query_want(&q, F_RECORDED);
	query_want(&q, F_RECORDINGS_SHA256);
	story_facts_want(&q);
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

static int note_recordings(struct story *s)
{
	const struct recordings *all = &s->recorded;
	struct err err = {""};
	int r = recordings_find(
	    &s->recorded, s->cli->store, s->session->sum.id, &err);

	if (r < 0)
		return cli_fail_code(s->cli, r, &err);
	for (size_t i = 0; i < all->n; i++) {
		recording_describe(s->cli, &all->v[i], &s->recordings);
		buf_add_char(&s->recordings, '\n');
	}
	buf_add_str(&s->recordings, buf_str(&s->vouched));
	return CLI_FOUND;
}

static void add_text(struct story *s, struct str text)
{
	struct buf *b = &s->cli->out.b;
	unsigned flags = term_escape_flags(&s->cli->term);

	escape_add(b, text, ESCAPE_NO_LIMIT, flags, NULL);
}

#define DATE_LEN 10

/* "  11:49:30  exec          "; a line with the date where it changes. */
static void add_time(struct story *s, const struct event *ev, const char *kind)
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
	buf_printf(b, "  %-13s ", kind);
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

/* "  > 0:12": the moment in the recording, as play --at takes it. */
static void add_link(struct story *s, const struct event *ev)
{
	struct buf *b = &s->cli->out.b;
	uint64_t at;
	const struct recording *r = recordings_where(&s->recorded, ev, &at);

	if (!r)
		return;
	buf_add_z(b, "  ");
	term_style(&s->cli->term, b, STYLE_CYAN);
	buf_add_z(b, s->cli->term.utf8 ? "\u25b6 " : "> ");
	if (s->recorded.n > 1) {
		recording_add_name(r, b);
		buf_add_z(b, " ");
	}
	moment_add_at(b, at, UINT64_MAX);
	term_unstyle(&s->cli->term, b, STYLE_CYAN);
}

static const enum style line_styles[EVENT_N_KINDS] = {
    [EVENT_AUTH_OK] = STYLE_GREEN,
    [EVENT_AUTH_FAIL] = STYLE_RED,
    [EVENT_PRIV] = STYLE_YELLOW,
    [EVENT_GAP] = STYLE_RED,
    [EVENT_ALERT] = STYLE_RED,
};

/* An exit stands behind its command anyway. */
bool story_is_minor(const struct event *ev)
{
	return ev->kind == EVENT_OTHER || ev->kind == EVENT_EXIT;
}

/* In a story these are steps of a session rather than kinds of events. */
static const char *step_name(const struct story *s, const struct event *ev)
{
	if (!s->fold)
		return event_kind_name(ev->kind);
	if (ev->kind == EVENT_AUTH_OK || ev->kind == EVENT_SESSION_OPEN)
		return "login";
	if (ev->kind == EVENT_CONN_CLOSE || ev->kind == EVENT_SESSION_CLOSE)
		return "end";
	return event_kind_name(ev->kind);
}

/* The login's own programs, which are not told of, in one line. */
static bool setup_line(struct story *s, const struct event *ev)
{
	struct buf *b = &s->cli->out.b;

	if (s->setup_told || !event_int(ev, F_SETUP, 0))
		return true;
	s->setup_told = true;
	add_time(s, ev, "exec");
	term_style(&s->cli->term, b, STYLE_DIM);
	buf_printf(b, "(the login itself ran %llu program%s; --all shows %s)",
	    (unsigned long long)s->facts.n_setup,
	    s->facts.n_setup == 1 ? "" : "s",
	    s->facts.n_setup == 1 ? "it" : "them");
	term_unstyle(&s->cli->term, b, STYLE_DIM);
	buf_add_char(b, '\n');
	return out_row(&s->cli->out);
}

/* "sudo as root: /usr/bin/id" */
static void describe_priv(struct buf *b, const struct story_priv *p)
{
	buf_add_str(b, p->via);
	if (p->target.n) {
		buf_add_z(b, " as ");
		buf_add_str(b, p->target);
	}
	if (p->cmd.n) {
		buf_add_z(b, ": ");
		buf_add_str(b, p->cmd);
	}
}

static void describe_line(
    struct story *s, const struct event *ev, const struct story_priv *priv)
{
	buf_clear(&s->text);
	if (priv) {
		describe_priv(&s->text, priv);
		return;
	}
	if (ev->kind == EVENT_EXEC && event_has(ev, F_EUID))
		buf_add_z(&s->text, ev->v[F_EUID].i ? "$ " : "# ");
	if (s->fold)
		event_describe_own(ev, &s->text);
	else
		event_describe(ev, &s->text);
}

static bool story_line(void *ctx, const struct event *ev)
{
	struct story *s = ctx;
	struct buf *b = &s->cli->out.b;
	const struct tree_node *node = NULL;
	const struct story_priv *priv = NULL;
	enum style style = line_styles[ev->kind];
	unsigned depth;

	if (story_is_minor(ev) && !s->all)
		return true;
	if (ev->kind == EVENT_EXEC)
		node = story_tree_exec(&s->tree, ev, &depth);
	else
		depth = story_tree_depth(&s->tree, ev);
	if (s->fold && story_facts_hide(&s->facts, ev))
		return setup_line(s, ev);
	if (s->fold)
		priv = story_facts_priv(&s->facts, ev);
	if (priv)
		style = STYLE_YELLOW;
	add_time(s, ev, priv ? "priv" : step_name(s, ev));
	for (unsigned i = 0; i < depth; i++)
		buf_add_z(b, "  ");
	describe_line(s, ev, priv);
	term_style(&s->cli->term, b, style);
	add_text(s, buf_str(&s->text));
	term_unstyle(&s->cli->term, b, style);
	if (node)
		add_end(s, node);
	add_link(s, ev);
	buf_add_char(b, '\n');
	return out_row(&s->cli->out);
}

static int print_all(struct story *s, struct query *q)
{
	struct story_beside beside = {
	    .sources = &s->sources, .inferred = &s->inferred};
	int r = note_events(s, q);

	if (r == CLI_FOUND && (story_tree_finish(&s->tree) < 0 ||
				  story_facts_finish(&s->facts) < 0))
		r = cli_fail(s->cli, "cannot show the session: out of "
				     "memory; use --flat");
	if (r == CLI_FOUND)
		r = note_gaps(s);
	if (r == CLI_FOUND)
		r = note_recordings(s);
	if (r != CLI_FOUND)
		return r;
	beside.gaps = buf_str(&s->gaps);
	beside.recordings = buf_str(&s->recordings);
	story_header(s->cli, s->session, &beside);
	q->order = ORDER_OLDEST_FIRST;
	event_describe_want(q->want);
	query_want(q, F_PID);
	query_want(q, F_PPID);
	query_want(q, F_EUID);
	query_want(q, F_SETUP);
	query_want(q, F_TTY);
	query_want(q, F_INTERACTIVE);
	return rows_events(s->cli, q, story_line, s, NULL, NULL);
}

int story_print(
    struct cli *c, const struct session *session, struct query *q, bool all)
{
	struct story s = {.cli = c,
	    .session = session,
	    .sources = INTERN_INIT,
	    .inferred = INTERN_INIT,
	    .recorded = {.mem = ARENA_INIT},
	    .day = INT64_MIN,
	    .all = all,
	    /* Who asks for some events gets each of them. */
	    .fold = !all && !q->kinds};
	int r;

	story_tree_init(&s.tree);
	if (story_facts_init(&s.facts) < 0)
		r = cli_fail(c, "cannot show the session: out of memory");
	else
		r = print_all(&s, q);
	story_tree_free(&s.tree);
	story_facts_free(&s.facts);
	intern_free(&s.inferred);
	intern_free(&s.sources);
	buf_free(&s.gaps);
	recordings_free(&s.recorded);
	buf_free(&s.recordings);
	buf_free(&s.vouched);
	buf_free(&s.text);
	return r;
}
