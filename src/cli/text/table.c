/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/table.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cli/text/escape.h"

/* How far to look for column widths before the first row is printed. */
#define LOOK_ROWS  256
#define LOOK_BYTES ((size_t)256 << 10)
#define LOOK_NSEC  50000000

/* The last column keeps so many columns on however narrow a terminal. */
#define LAST_MIN   12
/* To how many columns others may shrink for that, where they may at all. */
#define SHRINK_MIN 5
#define GAP	   2

static int64_t now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int table_begin(struct table *t, struct out *out, const struct term *term,
    const struct column *columns, size_t n)
{
	memset(t, 0, sizeof *t);
	t->out = out;
	t->term = term;
	t->columns = columns;
	t->n_columns = n;
	t->cells = calloc(LOOK_ROWS * n, sizeof *t->cells);
	if (!t->cells)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		t->widths[i] = (unsigned)strlen(columns[i].title);
	return 0;
}

/* Columns that cell i may take; without limit off the terminal. */
static size_t cell_limit(const struct table *t, size_t i)
{
	if (!t->term->width)
		return ESCAPE_NO_LIMIT;
	if (i + 1 < t->n_columns && t->columns[i].max)
		return t->columns[i].max;
	return t->term->width;
}

void table_cell(struct table *t, struct str text, enum style style)
{
	size_t i = t->n_cells % t->n_columns, limit = cell_limit(t, i);
	struct table_cell *c = &t->cells[t->n_cells++];
	unsigned flags = term_escape_flags(t->term);
	size_t width;

	c->at = t->pending.n;
	if (limit == ESCAPE_NO_LIMIT)
		width = escape_add(&t->pending, text, limit, flags, NULL);
	else
		width = escape_add_cut(&t->pending, text, limit, flags);
	c->n = t->pending.n - c->at;
	c->width = width > UINT32_MAX ? UINT32_MAX : (unsigned)width;
	c->style = style;
}

void table_cell_u64(struct table *t, uint64_t v)
{
	char digits[20];
	size_t i = sizeof digits;

	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	table_cell(t, str_make(digits + i, sizeof digits - i), STYLE_NONE);
}

static void widen(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t col = i % t->n_columns;
		unsigned w = t->cells[i].width, max = t->columns[col].max;

		if (max && w > max)
			w = max;
		if (w > t->widths[col])
			t->widths[col] = w;
	}
}

/* True when column i shall shrink rather than column k. */
static bool wider(const struct table *t, size_t i, size_t k)
{
	int64_t over_i = (int64_t)t->widths[i] - t->columns[i].keep;
	int64_t over_k = (int64_t)t->widths[k] - t->columns[k].keep;

	return over_i > over_k;
}

/* The column that shall become narrower; n_columns: none can. */
static size_t shrinkable(const struct table *t, bool below_keep)
{
	size_t widest = t->n_columns;

	for (size_t i = 0; i + 1 < t->n_columns; i++) {
		unsigned keep = t->columns[i].keep;

		if (below_keep || keep < SHRINK_MIN)
			keep = SHRINK_MIN;
		if (t->columns[i].max && t->widths[i] > keep &&
		    (widest == t->n_columns || wider(t, i, widest)))
			widest = i;
	}
	return widest;
}

/* Make columns that have a maximum narrower until all fit. */
static void shrink(struct table *t)
{
	size_t last = t->n_columns - 1, total = GAP * last, at;

	for (size_t i = 0; i < last; i++)
		total += t->widths[i];
	total += t->widths[last] < LAST_MIN ? t->widths[last] : LAST_MIN;
	for (; total > t->term->width; total--) {
		at = shrinkable(t, false);
		if (at == t->n_columns)
			at = shrinkable(t, true);
		if (at == t->n_columns)
			return;
		t->widths[at]--;
	}
}

static void add_blanks(struct buf *b, size_t n)
{
	char *at = n ? buf_reserve(b, n) : NULL;

	if (at) {
		memset(at, ' ', n);
		b->n += n;
	}
}

/* Columns left for the last cell of a row that has taken `used`. */
static size_t room_for_last(const struct table *t, size_t used)
{
	if (!t->term->width)
		return ESCAPE_NO_LIMIT;
	if (t->term->width < used + LAST_MIN)
		return LAST_MIN;
	return t->term->width - used;
}

static void print_last(struct table *t, const struct table_cell *c, size_t used)
{
	struct str text = str_make(t->pending.p + c->at, c->n);
	struct buf *b = &t->out->b;
	size_t room = room_for_last(t, used);

	term_style(t->term, b, c->style);
	if (c->width <= room)
		buf_add_str(b, text);
	else
		escape_add_cut(b, text, room, term_escape_flags(t->term));
	term_unstyle(t->term, b, c->style);
}

/* Without the padding that an empty last cell leaves at the end of a row. */
static void end_row(struct buf *b, size_t begin)
{
	while (b->n > begin && b->p[b->n - 1] == ' ')
		b->n--;
	buf_add_char(b, '\n');
}

/* A cell of any column but the last; returns the columns it took. */
static size_t print_cell(
    struct table *t, size_t i, struct str text, size_t width, enum style style)
{
	struct buf *b = &t->out->b;
	unsigned limit = t->widths[i];
	bool cut = width > limit && t->term->width && t->columns[i].max;
	size_t pad = width < limit ? limit - width : 0;

	if (t->columns[i].right)
		add_blanks(b, pad);
	term_style(t->term, b, style);
	if (cut)
		width =
		    escape_add_cut(b, text, limit, term_escape_flags(t->term));
	else
		buf_add_str(b, text);
	term_unstyle(t->term, b, style);
	if (!t->columns[i].right)
		add_blanks(b, pad);
	add_blanks(b, GAP);
	return width + pad + GAP;
}

static bool print_row(struct table *t, const struct table_cell *cells)
{
	struct buf *b = &t->out->b;
	size_t used = 0, begin = b->n, last = t->n_columns - 1;

	for (size_t i = 0; i < last; i++) {
		struct str text =
		    str_make(t->pending.p + cells[i].at, cells[i].n);

		used += print_cell(t, i, text, cells[i].width, cells[i].style);
	}
	if (t->columns[last].right && cells[last].width < t->widths[last])
		add_blanks(b, t->widths[last] - cells[last].width);
	print_last(t, &cells[last], used);
	end_row(b, begin);
	return out_row(t->out);
}

static void print_titles(struct table *t)
{
	struct buf *b = &t->out->b;
	size_t last = t->n_columns - 1;
	struct str title;

	for (size_t i = 0; i < last; i++) {
		title = str_z(t->columns[i].title);
		print_cell(t, i, title, title.n, STYLE_BOLD);
	}
	title = str_z(t->columns[last].title);
	if (t->columns[last].right && title.n < t->widths[last])
		add_blanks(b, t->widths[last] - title.n);
	term_style(t->term, b, STYLE_BOLD);
	buf_add_str(b, title);
	term_unstyle(t->term, b, STYLE_BOLD);
	buf_add_char(b, '\n');
}

static bool print_pending(struct table *t)
{
	bool more = true;

	if (buf_error(&t->pending))
		t->failed = true;
	if (!t->settled || !t->term->width)
		widen(t);
	if (!t->settled && t->term->width)
		shrink(t);
	if (!t->settled)
		print_titles(t);
	t->settled = true;
	for (size_t i = 0; more && !t->failed && i < t->n_cells;
	     i += t->n_columns)
		more = print_row(t, &t->cells[i]);
	t->n_cells = 0;
	buf_clear(&t->pending);
	return more && !t->failed;
}

bool table_row(struct table *t)
{
	if (t->n_rows++ == 0)
		t->deadline = now_nsec() + LOOK_NSEC;
	if (!t->settled && t->n_rows < LOOK_ROWS && t->pending.n < LOOK_BYTES &&
	    now_nsec() < t->deadline)
		return true;
	return print_pending(t);
}

bool table_flush(struct table *t)
{
	return t->n_cells == 0 || print_pending(t);
}

int table_end(struct table *t)
{
	table_flush(t);
	free(t->cells);
	buf_free(&t->pending);
	t->cells = NULL;
	return t->failed ? -ENOMEM : 0;
}
