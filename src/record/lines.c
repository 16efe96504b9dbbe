/* SPDX-License-Identifier: Apache-2.0 */
#include "record/lines.h"

#include <errno.h>
#include <stdlib.h>

#define SECOND	    ((uint64_t)1000000000)
#define BACKOFF_MAX 6	       /* 64 s */
#define JOINED_MAX  (64 << 10) /* bytes of a line over many rows */

/* A row as it was last looked at. */
struct spot {
	struct buf text;
	uint64_t from;	/* it began to stand */
	uint64_t since; /* it is as it is */
	uint64_t blank; /* it is erased, and nothing came yet; 0: no */
	unsigned edits; /* in a row in which no word changed */
	bool used;
	bool alternate;
	bool told;  /* it, or what it is the beginning of */
	bool plain; /* each column a byte */
};

#define N_SPOTS (2 * SCREEN_MAX)

struct lines {
	struct screen *screen;
	line_fn *tell;
	void *user;
	struct spot *spots; /* row.tag - 1 */
	unsigned first_free;
	struct buf now;	 /* text that is looked at */
	bool now_plain;	 /* each column a byte */
	struct buf held; /* rows that left, of which more may come */
	struct line held_line;
	bool held_gap; /* a blank at its end */
	bool goes_on;  /* the row that leaves next is part of it */
	uint64_t time;
	int error;
};

/* Letters are what matters; of U+2000 to U+2FFF all are signs. */
static bool next_letter(struct str *s, char *ret)
{
	while (s->n) {
		uint8_t c = (uint8_t)s->p[0];

		if (c >= 0xe2 && c < 0xe3 && s->n >= 3) {
			*s = str_from(*s, 3);
			continue;
		}
		*s = str_from(*s, 1);
		if (c >= 0x80 || (uint8_t)((c | 0x20) - 'a') < 26) {
			*ret = (char)c;
			return true;
		}
	}
	return false;
}

static bool same_words(struct str a, struct str b)
{
	char x = 0, y = 0;

	for (;;) {
		bool more = next_letter(&a, &x);

		if (more != next_letter(&b, &y) || (more && x != y))
			return false;
		if (!more)
			return true;
	}
}

/* Whether b is a, edited: half of it is where it was, or moved along. */
static bool is_edit(struct str a, struct str b)
{
	size_t shorter = a.n < b.n ? a.n : b.n;
	size_t longer = a.n < b.n ? b.n : a.n;
	size_t head = 0, tail = 0, same = 0, all = 0;

	while (head < shorter && a.p[head] == b.p[head])
		head++;
	while (
	    tail < shorter - head && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
		tail++;
	for (size_t i = 0; i < shorter; i++) {
		all += a.p[i] != ' ' || b.p[i] != ' ';
		same += a.p[i] == b.p[i] && a.p[i] != ' ';
	}
	all += longer - shorter;
	return 2 * (head + tail) >= longer || 2 * same >= all;
}

static void tell_held(struct lines *l)
{
	if (l->held.n == 0)
		return;
	l->held_line.text = buf_str(&l->held);
	if (buf_error(&l->held))
		l->error = buf_error(&l->held);
	else
		l->tell(l->user, &l->held_line);
	buf_clear(&l->held);
	l->goes_on = false;
}

static void tell(struct lines *l, const struct spot *t, uint64_t to)
{
	const struct line line = {
	    t->from, to, t->since, t->alternate, buf_str(&t->text)};

	if (t->text.n && !t->told)
		l->tell(l->user, &line);
}

/* What a row that left said; what goes on from it comes next. */
static void hold(struct lines *l, const struct row *r, const struct line *said)
{
	unsigned cols = screen_cols(l->screen);

	/* A snapshot does not tell blank rows from those never written. */
	if (said->text.n == 0)
		return;
	if (!l->goes_on || l->held.n + said->text.n > JOINED_MAX ||
	    l->held_line.alternate != said->alternate)
		tell_held(l);
	if (l->held.n == 0)
		l->held_line = *said;
	else if (l->held_gap)
		buf_add_char(&l->held, ' ');
	buf_add_str(&l->held, said->text);
	if (said->from < l->held_line.from)
		l->held_line.from = said->from;
	if (said->since > l->held_line.since)
		l->held_line.since = said->since;
	if (said->to > l->held_line.to)
		l->held_line.to = said->to;
	l->held_gap = row_cell(r, cols - 1).code == ' ';
	l->goes_on = r->continued;
}

static struct spot *spot_of(struct lines *l, const struct row *r)
{
	return r->tag ? &l->spots[r->tag - 1] : NULL;
}

static void forget(struct lines *l, struct row *r)
{
	struct spot *t = spot_of(l, r);

	if (!t)
		return;
	t->used = false;
	buf_clear(&t->text);
	if (r->tag - 1 < l->first_free)
		l->first_free = r->tag - 1;
	r->tag = 0;
}

/* What is looked at, or more of it. */
static void add_now(struct lines *l, struct spot *t)
{
	buf_add_str(&t->text, buf_str(&l->now));
	t->plain &= l->now_plain;
	if (buf_error(&t->text))
		l->error = -ENOMEM;
}

static void set_text(struct lines *l, struct spot *t)
{
	buf_clear(&t->text);
	t->plain = true;
	add_now(l, t);
}

static void begin(struct lines *l, struct row *r)
{
	unsigned i = l->first_free;
	struct spot *t;

	while (i < N_SPOTS && l->spots[i].used)
		i++;
	if (i == N_SPOTS) {
		l->error = -ENOMEM;
		return;
	}
	t = &l->spots[i];
	l->first_free = i + 1;
	*t = (struct spot){.text = t->text,
	    .used = true,
	    .from = l->time,
	    .since = l->time,
	    .alternate = screen_is_alternate(l->screen)};
	set_text(l, t);
	r->tag = i + 1;
}

/* Something else stands there now. */
static void replace(struct lines *l, struct spot *t, struct str text)
{
	struct str old = buf_str(&t->text);
	uint64_t to = t->blank ? t->blank : l->time;
	uint64_t stood = to - t->since;
	bool words = !same_words(old, text);

	if (!words ? stood >= SECOND << t->edits
		   : stood >= SECOND || !is_edit(old, text))
		tell(l, t, to);
	if (words)
		t->edits = 0;
	else if (t->edits < BACKOFF_MAX)
		t->edits++;
	t->from = l->time;
	t->told = false;
}

static void change(struct lines *l, struct spot *t)
{
	struct str old = buf_str(&t->text), text = buf_str(&l->now);

	if (str_eq(old, text)) {
		t->blank = 0;
		return;
	}
	if (text.n == 0) {
		if (t->blank == 0)
			t->blank = l->time;
		return;
	}
	if (t->blank == 0 && str_starts(text, old)) {
		t->told = false;
	} else if (t->blank == 0 && str_starts(old, text)) {
		if (!t->told && l->time - t->since >= SECOND) {
			tell(l, t, l->time);
			t->told = true;
		}
	} else {
		replace(l, t, text);
	}
	t->blank = 0;
	t->since = l->time;
	set_text(l, t);
}

/* Mostly something was written behind what stands: then that alone is looked
 * at, as change() would. */
static bool appended(struct lines *l, struct row *r, struct spot *t)
{
	if (!t || t->blank || !t->plain || r->same < t->text.n)
		return false;
	r->same = ROW_SEEN;
	buf_clear(&l->now);
	l->now_plain = row_text_from(r, (unsigned)t->text.n, &l->now);
	if (buf_error(&l->now))
		l->error = -ENOMEM;
	if (l->now.n == 0)
		return true;
	t->told = false;
	t->since = l->time;
	add_now(l, t);
	return true;
}

static void look_at(struct lines *l, struct row *r)
{
	struct spot *t = spot_of(l, r);

	if (appended(l, r, t))
		return;
	r->same = ROW_SEEN;
	buf_clear(&l->now);
	l->now_plain = row_text_from(r, 0, &l->now);
	/* What was erased and told is past: the next text is another one. */
	if (t && t->blank && t->told) {
		forget(l, r);
		t = NULL;
	}
	if (buf_error(&l->now))
		l->error = -ENOMEM;
	else if (t)
		change(l, t);
	else if (l->now.n)
		begin(l, r);
}

/* Rows that nobody looked at were blank when the last piece ended. */
static void on_leave(
    void *user, struct row *r, uint64_t time, enum row_leaves how)
{
	struct lines *l = user;
	struct line said;
	struct spot *t;

	if (time > l->time)
		l->time = time;
	if (how == ROW_CLEARED || r->tag)
		look_at(l, r);
	t = spot_of(l, r);
	if (how == ROW_CLEARED) {
		if (t && t->blank == 0)
			t->blank = l->time;
		return;
	}
	said.alternate = screen_is_alternate(l->screen);
	if (!t) {
		buf_clear(&l->now);
		row_text(r, &l->now);
		said.from = said.since = said.to = l->time;
		said.text = buf_str(&l->now);
		hold(l, r, &said);
	} else if (t->told) {
		l->goes_on = false;
	} else {
		said.from = t->from;
		said.since = t->since;
		said.to = t->blank ? t->blank : l->time;
		said.text = buf_str(&t->text);
		hold(l, r, &said);
	}
	forget(l, r);
}

void lines_look(struct lines *l, uint64_t now)
{
	unsigned rows = screen_rows(l->screen);

	if (now > l->time)
		l->time = now;
	for (unsigned y = 0; y < rows; y++) {
		struct row *r = screen_row(l->screen, y);

		if (r->same != ROW_SEEN)
			look_at(l, r);
	}
}

void lines_end(struct lines *l, uint64_t now)
{
	unsigned rows = screen_rows(l->screen);

	lines_look(l, now);
	for (unsigned y = 0; y < rows; y++) {
		struct row *r = screen_row(l->screen, y);

		r->continued =
		    y + 1 < rows && screen_row(l->screen, y + 1)->wrapped;
		on_leave(l, r, l->time, ROW_GONE);
	}
	tell_held(l);
}

static void mark_row(struct lines *l, struct row *r, struct buf *out)
{
	struct spot *t = spot_of(l, r);

	/* What is erased cannot be read off the screen again. */
	if (t && t->blank) {
		tell(l, t, t->blank);
		forget(l, r);
		t = NULL;
	}
	buf_add_varint(out, t ? 1 + t->edits * 2 + t->told : 0);
	if (t) {
		/* The same bytes in the next mark, if it still stands then. */
		buf_add_varint(out, t->from);
		buf_add_varint(out, t->since - t->from);
	}
}

void lines_mark(struct lines *l, uint64_t now, struct buf *out)
{
	unsigned rows = screen_rows(l->screen);

	lines_look(l, now);
	tell_held(l);
	buf_add_varint(out, l->time);
	for (unsigned y = 0; y < rows; y++)
		mark_row(l, screen_row(l->screen, y), out);
}

static int resume_row(struct lines *l, struct row *r, struct str *mark)
{
	uint64_t state, from, since;
	struct spot *t;

	r->same = ROW_SEEN;
	if (!varint_get(mark, &state))
		return -EBADMSG;
	if (state == 0)
		return 0;
	if (!varint_get(mark, &from) || !varint_get(mark, &since) ||
	    from > l->time || since > l->time - from ||
	    (state - 1) / 2 > BACKOFF_MAX)
		return -EBADMSG;
	look_at(l, r);
	t = spot_of(l, r);
	if (!t)
		return -EBADMSG;
	t->from = from;
	t->since = from + since;
	t->edits = (unsigned)(state - 1) / 2;
	t->told = (state - 1) & 1;
	return 0;
}

int lines_resume(struct lines *l, struct str mark)
{
	unsigned rows = screen_rows(l->screen);
	int result = 0;

	if (!varint_get(&mark, &l->time))
		return -EBADMSG;
	for (unsigned y = 0; y < rows && result == 0; y++)
		result = resume_row(l, screen_row(l->screen, y), &mark);
	return result == 0 && mark.n ? -EBADMSG : result;
}

struct lines *lines_new(struct screen *s, line_fn *told, void *user)
{
	struct lines *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->screen = s;
	l->tell = told;
	l->user = user;
	l->spots = calloc(N_SPOTS, sizeof *l->spots);
	if (!l->spots) {
		free(l);
		return NULL;
	}
	screen_watch(s, &(struct screen_watch){on_leave, l});
	return l;
}

void lines_free(struct lines *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < N_SPOTS; i++)
		buf_free(&l->spots[i].text);
	free(l->spots);
	buf_free(&l->now);
	buf_free(&l->held);
	free(l);
}

int lines_error(const struct lines *l)
{
	return l->error;
}
