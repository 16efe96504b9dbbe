/* SPDX-License-Identifier: Apache-2.0 */
#include "record/screen_inside.h"

#include <errno.h>
#include <stdlib.h>

static int64_t between(int64_t low, int64_t v, int64_t high)
{
	return v < low ? low : v > high ? high : v;
}

void cursor_restrict(struct screen *s, unsigned max_x)
{
	struct plane *p = s->p;
	bool origin = s->modes & MODE_ORIGIN;

	if (p->x > max_x)
		p->x = max_x;
	p->y = (unsigned)between(
	    origin ? p->top : 0, p->y, origin ? p->bottom : s->rows - 1);
}

void cursor_move(struct screen *s, int64_t x, int64_t y)
{
	s->p->x = (unsigned)between(0, x, s->cols - 1);
	s->p->y = (unsigned)between(0, y, s->rows - 1);
	cursor_restrict(s, s->cols - 1);
}

void cursor_set(struct screen *s, int64_t x, int64_t y)
{
	cursor_move(s, x, y + (s->modes & MODE_ORIGIN ? s->p->top : 0));
}

void cursor_save(struct screen *s)
{
	s->p->saved =
	    (struct saved_cursor){s->p->x, s->p->y, s->pen, s->charsets};
}

void cursor_restore(struct screen *s)
{
	const struct saved_cursor *saved = &s->p->saved;

	s->p->x = saved->x;
	s->p->y = saved->y;
	s->pen = saved->pen;
	s->charsets = saved->charsets;
	cursor_restrict(s, s->cols - 1);
}

void row_leave(const struct screen *s, const struct plane *p, unsigned y,
    enum row_leaves how)
{
	struct row *r = p->rows[y];

	r->continued = y + 1 < s->rows && p->rows[y + 1]->wrapped;
	if (p == s->p && s->watch.leave && (r->first || r->tag))
		s->watch.leave(s->watch.user, r, s->now, how);
	if (how == ROW_GONE)
		r->tag = 0;
}

void rows_clear(
    struct screen *s, const struct plane *p, unsigned y, struct pen fill)
{
	struct row *r = p->rows[y];

	/* It is as it will be, and nobody was told of it. */
	if (r->used == 0 && r->first == 0 && r->tag == 0 && !r->wrapped &&
	    r->fill == fill.bg)
		return;
	row_leave(s, p, y, ROW_CLEARED);
	row_clear(r, fill.bg);
	r->same = 0;
}

static void come_in(struct row *r, struct pen fill)
{
	row_clear(r, fill.bg);
	r->same = 0;
}

struct row *history_push(struct screen *s, unsigned y)
{
	struct row **slot, *old, *r = s->planes[0].rows[y];

	row_leave(s, &s->planes[0], y, ROW_GONE);
	if (s->history_max == 0)
		return r;
	slot = &s->history[(s->history_at + s->history_n) % s->history_max];
	if (s->history_n == s->history_max) {
		s->history_at = (s->history_at + 1) % s->history_max;
	} else {
		s->history_n++;
		if (!*slot)
			*slot = calloc(1, sizeof **slot);
		if (!*slot) {
			s->history_n--;
			s->error = -ENOMEM;
			return r;
		}
	}
	old = *slot;
	*slot = r;
	return old;
}

/* Who stood below another row goes on from it no more. */
static void cut_seams(struct screen *s, unsigned from, unsigned to)
{
	row_at(s, from)->wrapped = false;
	if (to + 1 < s->rows)
		row_at(s, to + 1)->wrapped = false;
}

/* All rows by one up; the first of them is kept above the screen. */
static void scroll(struct screen *s)
{
	struct plane *p = s->p;
	struct row *r;

	if (p != &s->planes[0] || p->top > 0) {
		rows_up(s, p->top, p->bottom, 1, erase_pen(s));
		return;
	}
	r = history_push(s, 0);
	memmove(p->rows, p->rows + 1, p->bottom * sizeof *p->rows);
	p->rows[p->bottom] = r;
	come_in(r, erase_pen(s));
	cut_seams(s, 0, p->bottom);
}

void rows_up(
    struct screen *s, unsigned from, unsigned to, unsigned n, struct pen fill)
{
	struct row **rows = s->p->rows;
	struct row *gone[SCREEN_MAX];
	unsigned all = to - from + 1;

	if (n > all)
		n = all;
	for (unsigned i = 0; i < n; i++) {
		gone[i] = rows[from + i];
		row_leave(s, s->p, from + i, ROW_GONE);
		come_in(gone[i], fill);
	}
	memmove(rows + from, rows + from + n, (all - n) * sizeof *rows);
	memcpy(rows + from + (all - n), gone, n * sizeof *rows);
	cut_seams(s, from, to);
}

void rows_down(
    struct screen *s, unsigned from, unsigned to, unsigned n, struct pen fill)
{
	struct row **rows = s->p->rows;
	struct row *gone[SCREEN_MAX];
	unsigned all = to - from + 1;

	if (n > all)
		n = all;
	cut_seams(s, from, to);
	for (unsigned i = 0; i < n; i++) {
		gone[i] = rows[to + 1 - n + i];
		row_leave(s, s->p, to + 1 - n + i, ROW_GONE);
		come_in(gone[i], fill);
	}
	memmove(rows + from + n, rows + from, (all - n) * sizeof *rows);
	memcpy(rows + from, gone, n * sizeof *rows);
}

/* One down; false: it scrolled, or could not. */
static bool step_down(struct screen *s)
{
	struct plane *p = s->p;

	if (p->y == p->bottom) {
		scroll(s);
		return false;
	}
	if (p->y + 1 >= s->rows)
		return false;
	p->y++;
	return true;
}

void screen_line_feed(struct screen *s)
{
	if (s->modes & MODE_NEWLINE)
		s->p->x = 0;
	if (step_down(s))
		row_at(s, s->p->y)->wrapped = false;
	if (s->p->x >= s->cols)
		s->p->x = s->cols - 1;
}

void screen_index(struct screen *s)
{
	cursor_restrict(s, s->cols - 1);
	step_down(s);
	cursor_restrict(s, s->cols - 1);
}

void screen_next_row(struct screen *s)
{
	s->p->x = 0;
	step_down(s);
	row_at(s, s->p->y)->wrapped = s->p->y > 0;
}

void screen_reverse_index(struct screen *s)
{
	struct plane *p = s->p;

	cursor_restrict(s, s->cols - 1);
	if (p->y == p->top) {
		rows_down(s, p->top, p->bottom, 1, erase_pen(s));
		return;
	}
	if (p->y > 0)
		p->y--;
	cursor_restrict(s, s->cols - 1);
}

static bool is_tab(const struct plane *p, unsigned x)
{
	return p->tabs[x / 64] >> (x % 64) & 1;
}

void screen_tab(struct screen *s, bool back, unsigned n)
{
	struct plane *p = s->p;

	if (p->x >= s->cols)
		return;
	for (unsigned i = 0; i < n && i < s->cols; i++) {
		if (back) {
			while (p->x > 0 && !is_tab(p, --p->x))
				;
			continue;
		}
		do
			p->x++;
		while (p->x < s->cols - 1 && !is_tab(p, p->x));
		if (p->x > s->cols - 1)
			p->x = s->cols - 1;
	}
}

/* Goes on as far as the last stop does, eight columns apart. */
void plane_set_tabs(struct screen *s, struct plane *p)
{
	unsigned x = s->cols < SCREEN_MAX ? s->cols : SCREEN_MAX - 1;

	while (x > 0 && !is_tab(p, x))
		x--;
	for (; x < s->cols; x += 8)
		p->tabs[x / 64] |= (uint64_t)1 << (x % 64);
	/* None is kept behind the last column. */
	p->tabs[s->cols / 64] &= ((uint64_t)1 << (s->cols % 64)) - 1;
	for (x = s->cols / 64 + 1; x < TAB_WORDS; x++)
		p->tabs[x] = 0;
}
