/* SPDX-License-Identifier: Apache-2.0 */
#include "record/screen_inside.h"

/* A count: 1 where it is left out; larger than any screen is as good. */
static unsigned count(const struct sequence *q)
{
	int32_t n = sequence_param(q, 0, 1);

	return n > 2 * SCREEN_MAX ? 2 * SCREEN_MAX : (unsigned)n;
}

/* Moves first bring a cursor behind the last column back to it. */
static void move(struct screen *s, int64_t dx, int64_t dy)
{
	cursor_restrict(s, s->cols - 1);
	cursor_move(s, s->p->x + dx, s->p->y + dy);
}

/* Up to the margin, unless it stands above it already. */
static void cursor_up(struct screen *s, const struct sequence *q)
{
	int64_t n = count(q), room = (int64_t)s->p->y - s->p->top;

	move(s, 0, -(room >= 0 && n > room ? room : n));
}

static void cursor_down(struct screen *s, const struct sequence *q)
{
	int64_t n = count(q), room = (int64_t)s->p->bottom - s->p->y;

	move(s, 0, room >= 0 && n > room ? room : n);
}

static void cursor_right(struct screen *s, const struct sequence *q)
{
	move(s, count(q), 0);
}

static void cursor_left(struct screen *s, const struct sequence *q)
{
	move(s, -(int64_t)count(q), 0);
}

static void cursor_next_line(struct screen *s, const struct sequence *q)
{
	cursor_down(s, q);
	s->p->x = 0;
}

static void cursor_previous_line(struct screen *s, const struct sequence *q)
{
	cursor_up(s, q);
	s->p->x = 0;
}

static void cursor_column(struct screen *s, const struct sequence *q)
{
	cursor_move(s, (int64_t)count(q) - 1, s->p->y);
}

static void cursor_row(struct screen *s, const struct sequence *q)
{
	cursor_set(s, s->p->x, (int64_t)count(q) - 1);
}

static void cursor_down_any(struct screen *s, const struct sequence *q)
{
	move(s, 0, count(q));
}

static void cursor_position(struct screen *s, const struct sequence *q)
{
	cursor_set(
	    s, (int64_t)sequence_param(q, 1, 1) - 1, (int64_t)count(q) - 1);
}

static void tab_forward(struct screen *s, const struct sequence *q)
{
	screen_tab(s, false, count(q));
}

static void tab_back(struct screen *s, const struct sequence *q)
{
	screen_tab(s, true, count(q));
}

static void tab_clear(struct screen *s, const struct sequence *q)
{
	struct plane *p = s->p;

	if (q->params[0] == 3)
		memset(p->tabs, 0, sizeof p->tabs);
	else if (q->params[0] == 0 && p->x < s->cols)
		p->tabs[p->x / 64] &= ~((uint64_t)1 << (p->x % 64));
}

static void erase(
    struct screen *s, struct row *r, unsigned from, unsigned to, bool selective)
{
	fail_if(s, selective ? row_erase_unprotected(
				   r, from, to, s->cols, erase_pen(s))
			     : row_erase(r, from, to, s->cols, erase_pen(s)));
	r->same = 0;
	if (r->first)
		r->last = s->now;
}

static void erase_rows(
    struct screen *s, unsigned from, unsigned to, bool selective)
{
	for (unsigned y = from; y < to; y++) {
		struct row *r = row_at(s, y);

		if (selective) {
			erase(s, r, 0, s->cols, true);
			r->wrapped = false;
		} else {
			rows_clear(s, s->p, y, erase_pen(s));
		}
	}
}

static void erase_line(struct screen *s, int32_t what, bool selective)
{
	struct row *r = row_at(s, s->p->y);
	unsigned x;

	cursor_restrict(s, s->cols);
	x = s->p->x;
	if (what == 0)
		erase(s, r, x, s->cols, selective);
	else if (what == 1)
		erase(s, r, 0, x + 1, selective);
	else if (what == 2)
		erase(s, r, 0, s->cols, selective);
	if (what == 2 || (what == 0 && x == 0))
		r->wrapped = false;
}

static void erase_display(struct screen *s, int32_t what, bool selective)
{
	unsigned y;

	cursor_restrict(s, s->cols);
	y = s->p->y;
	if (what == 0) {
		erase_line(s, 0, selective);
		erase_rows(s, y + 1, s->rows, selective);
	} else if (what == 1) {
		erase_rows(s, 0, y, selective);
		erase_line(s, 1, selective);
		row_at(s, y)->wrapped = false;
		if (s->p->x + 1 >= s->cols && y + 1 < s->rows)
			row_at(s, y + 1)->wrapped = false;
	} else if (what == 2) {
		erase_rows(s, 0, s->rows, selective);
	} else if (what == 3) {
		screen_drop_history(s);
	}
}

static void erase_in_display(struct screen *s, const struct sequence *q)
{
	bool selective = q->marks == '?';

	/* Whether a cell is protected must be looked at; else a row is one. */
	if (screen_afford(s, selective ? s->rows * s->cols : s->rows))
		erase_display(s, q->params[0], selective);
}

static void erase_in_line(struct screen *s, const struct sequence *q)
{
	erase_line(s, q->params[0], q->marks == '?');
}

static void erase_chars(struct screen *s, const struct sequence *q)
{
	cursor_restrict(s, s->cols - 1);
	erase(s, row_at(s, s->p->y), s->p->x, s->p->x + count(q), false);
}

static bool in_region(const struct screen *s)
{
	return s->p->y >= s->p->top && s->p->y <= s->p->bottom;
}

static void insert_lines(struct screen *s, const struct sequence *q)
{
	cursor_restrict(s, s->cols - 1);
	if (!in_region(s))
		return;
	rows_down(s, s->p->y, s->p->bottom, count(q), erase_pen(s));
	s->p->x = 0;
}

static void delete_lines(struct screen *s, const struct sequence *q)
{
	cursor_restrict(s, s->cols - 1);
	if (!in_region(s))
		return;
	rows_up(s, s->p->y, s->p->bottom, count(q), erase_pen(s));
	s->p->x = 0;
}

static void scroll_up(struct screen *s, const struct sequence *q)
{
	rows_up(s, s->p->top, s->p->bottom, count(q), erase_pen(s));
}

static void scroll_down(struct screen *s, const struct sequence *q)
{
	const struct pen none = {0, 0, 0};

	rows_down(s, s->p->top, s->p->bottom, count(q), none);
}

static void insert_chars(struct screen *s, const struct sequence *q)
{
	struct row *r;

	cursor_restrict(s, s->cols - 1);
	r = row_at(s, s->p->y);
	fail_if(s, row_insert(r, s->p->x, count(q), s->cols, erase_pen(s)));
	touch(s, r, 0);
}

static void delete_chars(struct screen *s, const struct sequence *q)
{
	struct row *r;

	cursor_restrict(s, s->cols - 1);
	r = row_at(s, s->p->y);
	fail_if(s, row_delete(r, s->p->x, count(q), s->cols, erase_pen(s)));
	touch(s, r, 0);
}

typedef int shift_fn(
    struct row *r, unsigned x, unsigned n, unsigned cols, struct pen fill);

static void shift_columns(
    struct screen *s, const struct sequence *q, unsigned x, shift_fn *shift)
{
	if (!in_region(s) || !screen_afford_all(s))
		return;
	/* A cursor behind the last column counts from the first one. */
	for (unsigned y = s->p->top; y <= s->p->bottom; y++) {
		struct row *r = row_at(s, y);

		fail_if(
		    s, shift(r, x % s->cols, count(q), s->cols, erase_pen(s)));
		r->wrapped = false;
		touch(s, r, 0);
	}
}

static void scroll_left(struct screen *s, const struct sequence *q)
{
	shift_columns(s, q, 0, row_delete);
}

static void scroll_right(struct screen *s, const struct sequence *q)
{
	shift_columns(s, q, 0, row_insert);
}

static void insert_columns(struct screen *s, const struct sequence *q)
{
	shift_columns(s, q, s->p->x, row_insert);
}

static void delete_columns(struct screen *s, const struct sequence *q)
{
	shift_columns(s, q, s->p->x, row_delete);
}

static void repeat(struct screen *s, const struct sequence *q)
{
	screen_repeat(s, count(q));
}

static void set_region(struct screen *s, const struct sequence *q)
{
	int32_t top = sequence_param(q, 0, 1);
	int32_t bottom = sequence_param(q, 1, (int32_t)s->rows);

	if (bottom > (int32_t)s->rows)
		bottom = (int32_t)s->rows;
	if (bottom <= top)
		return;
	s->p->top = (unsigned)top - 1;
	s->p->bottom = (unsigned)bottom - 1;
	cursor_set(s, 0, 0);
}

static void save(struct screen *s, const struct sequence *q)
{
	(void)q;
	cursor_save(s);
}

static void restore(struct screen *s, const struct sequence *q)
{
	(void)q;
	cursor_restore(s);
}

static void soft_reset(struct screen *s, const struct sequence *q)
{
	(void)q;
	screen_soft_reset(s);
}

static void set_modes(struct screen *s, const struct sequence *q)
{
	screen_set_modes(s, q, true);
}

static void reset_modes(struct screen *s, const struct sequence *q)
{
	screen_set_modes(s, q, false);
}

static void protect(struct screen *s, const struct sequence *q)
{
	if (q->params[0] == 1)
		s->pen.bg |= PEN_PROTECTED;
	else if (q->params[0] == 0 || q->params[0] == 2)
		s->pen.bg &= ~PEN_PROTECTED;
}

static void lower_credit(struct screen *s, const struct sequence *q)
{
	screen_credit_lower(s, q->params[0]);
}

static void cursor_style(struct screen *s, const struct sequence *q)
{
	if (q->params[0] >= 0 && q->params[0] <= 6)
		s->cursor_style = (uint8_t)q->params[0];
}

static const struct {
	uint32_t marks;
	char final;
	void (*act)(struct screen *s, const struct sequence *q);
} sequences[] = {
    {0, 'm', screen_set_pen},
    {0, 'H', cursor_position},
    {0, 'K', erase_in_line},
    {0, 'C', cursor_right},
    {0, 'J', erase_in_display},
    {0, 'A', cursor_up},
    {0, 'B', cursor_down},
    {0, 'D', cursor_left},
    {0, 'G', cursor_column},
    {0, 'd', cursor_row},
    {0, 'X', erase_chars},
    {0, 'P', delete_chars},
    {0, '@', insert_chars},
    {0, 'L', insert_lines},
    {0, 'M', delete_lines},
    {0, 'r', set_region},
    {0, 'S', scroll_up},
    {0, 'T', scroll_down},
    {'?', 'h', set_modes},
    {'?', 'l', reset_modes},
    {0, 'E', cursor_next_line},
    {0, 'F', cursor_previous_line},
    {0, 'I', tab_forward},
    {0, 'Z', tab_back},
    {0, '`', cursor_column},
    {0, 'a', cursor_right},
    {0, 'e', cursor_down_any},
    {0, 'f', cursor_position},
    {0, 'b', repeat},
    {0, 'g', tab_clear},
    {0, 'h', set_modes},
    {0, 'l', reset_modes},
    {0, 's', save},
    {0, 'u', restore},
    {'?', 'J', erase_in_display},
    {'?', 'K', erase_in_line},
    {' ', '@', scroll_left},
    {' ', 'A', scroll_right},
    {' ', 'q', cursor_style},
    {'!', 'p', soft_reset},
    {'=', 'z', lower_credit},
    {'"', 'q', protect},
    {'\'', '}', insert_columns},
    {'\'', '~', delete_columns},
};

void screen_csi(void *user, const struct sequence *q, char final)
{
	struct screen *s = user;

	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		if (sequences[i].final == final &&
		    sequences[i].marks == q->marks) {
			sequences[i].act(s, q);
			break;
		}
	}
	s->joins = 0;
}
