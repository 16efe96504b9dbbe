/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/diff.h"

#define AROUND 3

/* A text and the place of a line in it, counted from 0. */
struct side {
	struct str text;
	size_t begin, end; /* bytes: what differs, and lines around it */
	size_t first, n;   /* lines of that */
};

static size_t count_lines(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n + (s.n && s.p[s.n - 1] != '\n');
}

/* Begin of the line before the one that begins at `at`. */
static size_t line_before(struct str s, size_t at)
{
	size_t lf =
	    at < 2 ? STR_NPOS : str_rfind_char(str_upto(s, at - 1), '\n');

	return lf == STR_NPOS ? 0 : lf + 1;
}

static size_t line_after(struct str s, size_t at)
{
	size_t lf = str_find_char(str_from(s, at), '\n');

	return lf == STR_NPOS ? s.n : at + lf + 1;
}

/* Bytes of the whole lines that both begin with. */
static size_t common_head(struct str a, struct str b)
{
	size_t n = 0, whole = 0;

	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		if (a.p[n++] == '\n')
			whole = n;
	return whole;
}

/* Bytes of the whole lines that both end with. */
static size_t common_tail(struct str a, struct str b)
{
	size_t n = 0, whole = 0;

	while (n < a.n && n < b.n && a.p[a.n - 1 - n] == b.p[b.n - 1 - n]) {
		n++;
		if ((n == a.n || a.p[a.n - 1 - n] == '\n') &&
		    (n == b.n || b.p[b.n - 1 - n] == '\n'))
			whole = n;
	}
	return whole;
}

static void put_lines(struct buf *b, char mark, struct str s)
{
	struct str line;
	bool whole = true;

	while (s.n) {
		whole = str_cut(&s, '\n', &line);
		buf_add_char(b, mark);
		buf_add_str(b, line);
		buf_add_char(b, '\n');
	}
	if (!whole)
		buf_add_z(b, "\\ No newline at end of file\n");
}

/* From `head` to before `tail`, and the lines around. */
static void widen(struct side *s, size_t head, size_t tail)
{
	s->begin = head;
	s->end = s->text.n - tail;
	for (int i = 0; i < AROUND && s->begin > 0; i++)
		s->begin = line_before(s->text, s->begin);
	for (int i = 0; i < AROUND && s->end < s->text.n; i++)
		s->end = line_after(s->text, s->end);
	s->first = count_lines(str_upto(s->text, s->begin));
	s->n = count_lines(str_make(s->text.p + s->begin, s->end - s->begin));
}

static void put_range(struct buf *b, char mark, const struct side *s)
{
	buf_printf(b, " %c%zu,%zu", mark, s->n ? s->first + 1 : s->first, s->n);
}

void diff_unified(struct buf *b, const char *old_name, struct str old_text,
    const char *new_name, struct str new_text)
{
	/* Empty texts may have no memory to point into. */
	struct side o = {.text = old_text.p ? old_text : STR("")};
	struct side w = {.text = new_text.p ? new_text : STR("")};
	size_t head = common_head(o.text, w.text), tail;

	if (str_eq(o.text, w.text))
		return;
	tail = common_tail(str_from(o.text, head), str_from(w.text, head));
	widen(&o, head, tail);
	widen(&w, head, tail);
	buf_printf(b, "--- %s\n+++ %s\n@@", old_name ? old_name : "/dev/null",
	    new_name ? new_name : "/dev/null");
	put_range(b, '-', &o);
	put_range(b, '+', &w);
	buf_add_z(b, " @@\n");
	put_lines(b, ' ', str_make(o.text.p + o.begin, head - o.begin));
	put_lines(b, '-', str_make(o.text.p + head, o.text.n - tail - head));
	put_lines(b, '+', str_make(w.text.p + head, w.text.n - tail - head));
	put_lines(b, ' ',
	    str_make(o.text.p + o.text.n - tail, o.end - (o.text.n - tail)));
}
