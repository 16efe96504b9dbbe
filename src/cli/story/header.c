/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story/header.h"

#include "cli/text/escape.h"
#include "core/event_text.h"
#include "core/session_text.h"

struct header {
	struct cli *cli;
	const struct session *session;
	const struct story_beside *beside;
};

static void say(struct buf *b, const char *before, struct str s)
{
	if (!s.n)
		return;
	buf_add_z(b, before);
	buf_add_str(b, s);
}

static void say_number(struct buf *b, const char *before, int64_t v)
{
	if (v < 0)
		return;
	buf_add_z(b, before);
	buf_add_i64(b, v);
}

static void line_who(const struct header *h, struct buf *b)
{
	const struct track *t = &h->session->sum;

	buf_add_str(b, t->user.n ? t->user : STR("not known"));
	if (h->session->person.n) {
		say(b, " (", h->session->person);
		buf_add_char(b, ')');
	}
	say(b, " on ", t->host);
	say_number(b, ", login uid ", t->auid);
}

static void line_from(const struct header *h, struct buf *b)
{
	const struct track *t = &h->session->sum;

	say(b, "", t->addr);
	say_number(b, " port ", t->addr.n ? t->port : -1);
	if (!(t->flags & TRACK_SSH))
		say(b, b->n ? ", through " : "through ", t->origin);
}

static void line_how(const struct header *h, struct buf *b)
{
	const struct track *t = &h->session->sum;

	if (!(t->flags & TRACK_LOGGED_IN))
		buf_add_z(b, "login not seen");
	say(b, b->n ? ", " : "", t->method);
	say(b, " ", t->key_type);
	say(b, " ", t->fp);
	say(b, ", certificate ", t->cert_id);
}

static void line_when(const struct header *h, struct buf *b)
{
	const struct track *t = &h->session->sum;
	char start[TIME_LOCAL_LEN], end[TIME_LOCAL_LEN], span[TIME_SPAN_LEN];

	buf_add_str(b, clock_format(&h->cli->clock, t->start, start));
	buf_add_z(b, session_is_open(h->session) ? ", last seen " : " to ");
	buf_add_str(b, clock_format(&h->cli->clock, t->end, end));
	time_format_span(t->end > t->start ? t->end - t->start : 0, span);
	buf_add_z(b, " (");
	buf_add_z(b, span);
	buf_add_char(b, ')');
}

static void line_end(const struct header *h, struct buf *b)
{
	if (session_is_open(h->session))
		buf_add_z(b, "not seen: still open, or lost");
	else
		buf_add_z(b, "seen");
	say(b, ": ", h->session->sum.reason);
}

static void say_what(struct buf *b, const char *what)
{
	if (b->n)
		buf_add_z(b, ", ");
	buf_add_z(b, what);
	buf_add_char(b, ' ');
}

static void say_count(struct buf *b, const char *what, int64_t n)
{
	if (n <= 0)
		return;
	say_what(b, what);
	buf_add_i64(b, n);
}

static void say_bytes(struct buf *b, const char *what, int64_t n)
{
	if (n <= 0)
		return;
	say_what(b, what);
	bytes_format(n, b);
}

static void line_totals(const struct header *h, struct buf *b)
{
	const struct track *t = &h->session->sum;

	say_count(b, "commands", t->n_exec);
	say_count(b, "identity changes", t->n_priv);
	say_count(b, "file events", t->n_file);
	say_count(b, "failed attempts", t->n_auth_fail);
	say_bytes(b, "uploaded", t->bytes_in);
	say_bytes(b, "downloaded", t->bytes_out);
}

static void line_known_as(const struct header *h, struct buf *b)
{
	const struct track *t = &h->session->sum;

	say(b, "terminal ", t->tty);
	say_number(b, b->n ? ", audit session " : "audit session ", t->ses);
	say_number(b, b->n ? ", sshd process " : "sshd process ", t->pid);
	say(b, b->n ? ", boot " : "boot ", t->boot);
}

static void line_flags(const struct header *h, struct buf *b)
{
	session_add_words(b, h->session);
}

static void line_sources(const struct header *h, struct buf *b)
{
	for (uint32_t i = 0; i < h->beside->sources->n; i++)
		say(b, b->n ? ", " : "", intern_str(h->beside->sources, i));
	if (h->session->n_tracks > 1)
		buf_printf(b, "; joined from %zu tracks", h->session->n_tracks);
}

static void line_notes(const struct header *h, struct buf *b)
{
	buf_add_str(b, h->session->sum.notes);
	for (uint32_t i = 0; i < h->beside->inferred->n; i++)
		say(b, b->n ? "; inferred: " : "inferred: ",
		    intern_str(h->beside->inferred, i));
}

static void say_lines(struct buf *b, struct str lines)
{
	struct str line;

	while (lines.n) {
		str_cut(&lines, '\n', &line);
		say(b, b->n ? "; " : "", line);
	}
}

static void line_recordings(const struct header *h, struct buf *b)
{
	say_lines(b, h->beside->recordings);
}

static void line_gaps(const struct header *h, struct buf *b)
{
	say_lines(b, h->beside->gaps);
}

static const struct {
	const char *name;
	void (*text)(const struct header *h, struct buf *b);
	enum style style;
} lines[] = {
    {"who", line_who, STYLE_BOLD},
    {"from", line_from, STYLE_NONE},
    {"how", line_how, STYLE_NONE},
    {"when", line_when, STYLE_NONE},
    {"end", line_end, STYLE_NONE},
    {"totals", line_totals, STYLE_NONE},
    {"recorded", line_recordings, STYLE_NONE},
    {"known as", line_known_as, STYLE_NONE},
    {"flags", line_flags, STYLE_NONE},
    {"sources", line_sources, STYLE_NONE},
    {"notes", line_notes, STYLE_YELLOW},
    {"gaps", line_gaps, STYLE_RED},
};

void story_header(
    struct cli *c, const struct session *s, const struct story_beside *beside)
{
	const struct header h = {c, s, beside};
	struct buf *out = &c->out.b, text = BUF_INIT;
	unsigned flags = term_escape_flags(&c->term);
	char id[SESSION_ID_LEN];

	term_style(&c->term, out, STYLE_YELLOW);
	buf_add_z(out, "session ");
	buf_add_str(out, session_id_text(s->sum.id, 16, id));
	term_unstyle(&c->term, out, STYLE_YELLOW);
	buf_add_char(out, '\n');
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		buf_clear(&text);
		lines[i].text(&h, &text);
		if (!text.n)
			continue;
		buf_printf(out, "  %-9s ", lines[i].name);
		term_style(&c->term, out, lines[i].style);
		escape_add(out, buf_str(&text), ESCAPE_NO_LIMIT, flags, NULL);
		term_unstyle(&c->term, out, lines[i].style);
		buf_add_char(out, '\n');
	}
	buf_free(&text);
	out_row(&c->out);
}
