/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/view.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/text/escape.h"
#include "record/sgr.h"
#include "record/width.h"

#define REPLACEMENT 0xfffdu
/* Erasing to the end of the row is shorter than so many blanks. */
#define BLANKS_MIN  4

static const struct cell blank = {' ', {0, 0, 0}, 0};

int view_resize(struct view *v, unsigned rows, unsigned cols)
{
	size_t n = (size_t)rows * cols;
	struct cell *wanted = calloc(n, sizeof *wanted);
	struct cell *shown = calloc(n, sizeof *shown);

	if (n && (!wanted || !shown)) {
		free(wanted);
		free(shown);
		return -ENOMEM;
	}
	view_free(v);
	v->wanted = wanted;
	v->shown = shown;
	v->rows = rows;
	v->cols = cols;
	for (size_t i = 0; i < n; i++)
		wanted[i] = blank;
	view_forget(v);
	return 0;
}

void view_forget(struct view *v)
{
	v->known = false;
}

void view_free(struct view *v)
{
	free(v->wanted);
	free(v->shown);
	v->wanted = v->shown = NULL;
	v->rows = v->cols = 0;
}

/* Lines of boxes as far as ASCII has them. */
static uint32_t ascii_of(uint32_t code)
{
	if (code < 0x80)
		return code;
	if (code < 0x2500 || code > 0x257f)
		return '?';
	return code <= 0x2501 ? '-' : code <= 0x2503 ? '|' : '+';
}

/* Not all terminals know styles and colours of underlines. */
static struct pen plain_pen(const struct view *v, struct pen pen)
{
	bool underlined = pen.bg & PEN_UNDERLINE;

	pen.line = 0;
	pen.bg &= ~(PEN_UNDERLINE | PEN_PROTECTED);
	if (underlined)
		pen.bg |= 1u << PEN_UNDERLINE_SHIFT;
	if (!v->color) {
		pen.fg &= ~COLOR_MASK;
		pen.bg &= ~COLOR_MASK;
	}
	return pen;
}

static uint64_t plain_marks(uint64_t marks)
{
	uint64_t kept = 0;
	unsigned n = 0;

	for (; marks; marks >>= CELL_MARK_BITS) {
		uint64_t mark = marks & CELL_CODE;

		if (!escape_is_hidden((int32_t)mark))
			kept |= mark << (CELL_MARK_BITS * n++);
	}
	return kept;
}

static bool is_mark(uint32_t code)
{
	return code >= 0x300 && width_of(code) == 0;
}

/* As the terminal may have it: it does nothing there but show. */
static struct cell plain_cell(const struct view *v, struct cell c)
{
	uint32_t code = c.code & CELL_CODE;
	struct cell ret = {c.code, plain_pen(v, c.pen), 0};

	if (code == 0)
		return ret;
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	    escape_is_hidden((int32_t)code))
		ret.code = REPLACEMENT | (c.code & CELL_WIDE);
	else if (v->utf8 && is_mark(code))
		/* It must not get onto the character before it. */
		ret = (struct cell){' ', ret.pen, code};
	else if (v->utf8)
		ret.marks = plain_marks(c.marks);
	if (!v->utf8)
		ret.code = ascii_of(ret.code & CELL_CODE);
	return ret;
}

/* Halves of characters at the edges are blanks, as are both where the
 * terminal gets one of ASCII in place of a wide one. */
static void mend_halves(struct cell *row, unsigned cols)
{
	for (unsigned x = 0; x < cols; x++) {
		bool wide = row[x].code & CELL_WIDE;
		bool whole = x + 1 < cols && row[x + 1].code == 0;

		if (wide && !whole) {
			row[x].code = ' ';
			row[x].marks = 0;
		} else if (wide) {
			x++;
		} else if (row[x].code == 0) {
			row[x].code = ' ';
		}
	}
}

void view_put(struct view *v, unsigned at, unsigned n, const struct screen *s,
    unsigned x, unsigned y)
{
	for (unsigned i = 0; i < n && at + i < v->rows; i++) {
		struct cell *to = v->wanted + (size_t)(at + i) * v->cols;
		bool there = y + i < screen_rows(s);

		for (unsigned k = 0; k < v->cols; k++)
			to[k] = there && x + k < screen_cols(s)
				    ? plain_cell(v,
					  row_cell(screen_row(s, y + i), x + k))
				    : blank;
		mend_halves(to, v->cols);
	}
}

void view_invert(struct view *v, unsigned at, unsigned from, unsigned to)
{
	for (unsigned x = from; at < v->rows && x < to && x < v->cols; x++)
		v->wanted[(size_t)at * v->cols + x].pen.fg ^= PEN_INVERSE;
}

void view_set_cursor(struct view *v, struct screen_cursor cursor)
{
	if (cursor.x >= v->cols || cursor.y >= v->rows)
		cursor = (struct screen_cursor){0, 0, false};
	v->cursor = cursor;
}

static void move(struct view *v, struct buf *out, unsigned x, unsigned y)
{
	if (v->x != x || v->y != y)
		buf_printf(out, "\033[%u;%uH", y + 1, x + 1);
	v->x = x;
	v->y = y;
}

static void set_pen(struct view *v, struct buf *out, struct pen pen)
{
	if (!pen_eq(v->pen, pen))
		sgr_add(out, pen);
	v->pen = pen;
}

/* All that is there is erased; from then on it is known. */
static void begin_anew(struct view *v, struct buf *out)
{
	buf_add_z(out, "\033[?25l\033[0m\033[H\033[2J");
	v->pen = blank.pen;
	v->x = v->y = 0;
	v->cursor_shown = false;
	for (size_t i = 0; i < (size_t)v->rows * v->cols; i++)
		v->shown[i] = blank;
	v->known = true;
}

static void draw_cell(
    struct view *v, struct buf *out, unsigned x, unsigned y, struct cell c)
{
	move(v, out, x, y);
	set_pen(v, out, c.pen);
	sgr_add_character(out, &c);
	/* Terminals do not agree how wide characters are, nor where the cursor
	 * is behind the last column. */
	v->x =
	    c.code < 0x80 && c.marks == 0 && x + 1 < v->cols ? x + 1 : v->cols;
}

/* Where the blanks begin that go on to the end of the row. */
static unsigned tail_of(const struct cell *row, unsigned cols)
{
	while (cols > 0 && cell_eq(&row[cols - 1], &blank))
		cols--;
	return cols;
}

static void draw_row(struct view *v, struct buf *out, unsigned y)
{
	const struct cell *wanted = v->wanted + (size_t)y * v->cols;
	struct cell *shown = v->shown + (size_t)y * v->cols;
	unsigned wanted_to = tail_of(wanted, v->cols);
	unsigned shown_to = tail_of(shown, v->cols);

	if (shown_to >= wanted_to + BLANKS_MIN) {
		move(v, out, wanted_to, y);
		set_pen(v, out, blank.pen);
		buf_add_z(out, "\033[K");
		/* Half a wide character cannot stay where it was. */
		for (unsigned x = wanted_to; x < v->cols; x++)
			shown[x] = blank;
		if (wanted_to && shown[wanted_to - 1].code & CELL_WIDE)
			shown[wanted_to - 1] = blank;
	}
	for (unsigned x = 0; x < v->cols; x++) {
		bool wide = wanted[x].code & CELL_WIDE;

		if (!cell_eq(&wanted[x], &shown[x]) ||
		    (wide && !cell_eq(&wanted[x + 1], &shown[x + 1])))
			draw_cell(v, out, x, y, wanted[x]);
		if (wide)
			x++;
	}
	memcpy(shown, wanted, v->cols * sizeof *shown);
}

static bool row_differs(const struct view *v, unsigned y)
{
	size_t at = (size_t)y * v->cols;

	for (size_t x = at; x < at + v->cols; x++)
		if (!cell_eq(&v->wanted[x], &v->shown[x]))
			return true;
	return false;
}

static void show_cursor(struct view *v, struct buf *out, bool visible)
{
	if (v->cursor_shown != visible)
		buf_add_z(out, visible ? "\033[?25h" : "\033[?25l");
	v->cursor_shown = visible;
}

void view_draw(struct view *v, struct buf *out)
{
	if (v->rows == 0 || v->cols == 0)
		return;
	if (!v->known)
		begin_anew(v, out);
	for (unsigned y = 0; y < v->rows; y++) {
		if (!row_differs(v, y))
			continue;
		show_cursor(v, out, false);
		draw_row(v, out, y);
	}
	if (v->cursor.visible)
		move(v, out, v->cursor.x, v->cursor.y);
	show_cursor(v, out, v->cursor.visible);
}
