/* SPDX-License-Identifier: Apache-2.0 */
#include "record/row.h"

#include <errno.h>
#include <stdlib.h>

#include "core/json_string.h"

bool pen_eq(struct pen a, struct pen b)
{
	return a.fg == b.fg && a.bg == b.bg && a.line == b.line;
}

bool cell_eq(const struct cell *a, const struct cell *b)
{
	return a->code == b->code && a->marks == b->marks &&
	       pen_eq(a->pen, b->pen);
}

static bool is_fill(const struct row *r, struct pen pen)
{
	return pen.fg == 0 && pen.bg == r->fill && pen.line == 0;
}

/* Cells at the end that say nothing need not be kept. */
static void trim(struct row *r)
{
	for (; r->used; r->used--) {
		const struct cell *c = &r->cells[r->used - 1];

		if (c->code != ' ' || c->marks || !is_fill(r, c->pen))
			break;
	}
}

static int grow(struct row *r, unsigned n, unsigned cols)
{
	unsigned cap = r->cap ? r->cap : 16;
	struct cell *cells;

	while (cap < n)
		cap *= 2;
	if (cap > cols)
		cap = cols;
	cells = realloc(r->cells, cap * sizeof *cells);
	if (!cells)
		return -ENOMEM;
	r->cells = cells;
	r->cap = (uint16_t)cap;
	return 0;
}

int row_keep(struct row *r, unsigned n, unsigned cols)
{
	const struct pen pen = {0, r->fill, 0};

	if (n <= r->used)
		return 0;
	if (n > r->cap && grow(r, n, cols) < 0)
		return -ENOMEM;
	while (r->used < n)
		r->cells[r->used++] = cell_blank(pen);
	return 0;
}

int row_write(struct row *r, unsigned x, unsigned n, unsigned cols)
{
	if (n <= r->used)
		return 0;
	if (n > r->cap && grow(r, n, cols) < 0)
		return -ENOMEM;
	(void)row_keep(r, x, cols);
	r->used = (uint16_t)n;
	return 0;
}

static void fill(struct row *r, unsigned from, unsigned to, struct pen pen)
{
	for (unsigned x = from; x < to; x++)
		r->cells[x] = cell_blank(pen);
}

void row_clear(struct row *r, uint32_t bg)
{
	r->used = 0;
	r->fill = bg;
	r->wrapped = false;
	r->first = r->last = 0;
}

static bool is_wide(const struct row *r, unsigned x)
{
	return x < r->used && r->cells[x].code & CELL_WIDE;
}

int row_erase(
    struct row *r, unsigned from, unsigned to, unsigned cols, struct pen pen)
{
	bool plain = pen.fg == 0 && pen.line == 0;
	/* The half that stays; its other one is in what is erased. */
	bool left = from > 0 && is_wide(r, from - 1);
	bool right = to > 0 && to < cols && is_wide(r, to - 1);
	unsigned keep = right ? to + 1 : is_fill(r, pen) ? from : to;

	if (to >= cols) {
		to = cols;
		keep = plain ? from : cols;
	}
	if (from >= to)
		return 0;
	if (row_keep(r, keep, cols) < 0)
		return -ENOMEM;
	if (left)
		r->cells[from - 1] = cell_blank(pen);
	if (right)
		r->cells[to] = cell_blank(pen);
	if (to == cols && plain) {
		r->used = (uint16_t)from;
		r->fill = pen.bg;
	} else {
		fill(r, from, to < r->used ? to : r->used, pen);
	}
	trim(r);
	return 0;
}

int row_erase_unprotected(
    struct row *r, unsigned from, unsigned to, unsigned cols, struct pen pen)
{
	if (to > cols)
		to = cols;
	if (row_keep(r, to, cols) < 0)
		return -ENOMEM;
	for (unsigned x = from; x < to; x++) {
		/* Halves have the pen of their character. */
		if (r->cells[x].pen.bg & PEN_PROTECTED)
			continue;
		if (r->cells[x].code == 0 && x == from && x > 0)
			r->cells[x - 1] = cell_blank(pen);
		if (is_wide(r, x) && x + 1 == to && to < r->used)
			r->cells[to] = cell_blank(pen);
		r->cells[x] = cell_blank(pen);
	}
	trim(r);
	return 0;
}

int row_insert(
    struct row *r, unsigned x, unsigned n, unsigned cols, struct pen pen)
{
	unsigned end;

	if (x >= cols || n == 0)
		return 0;
	if (n > cols - x)
		n = cols - x;
	/* Only what is kept need move. */
	end = r->used > x ? r->used + n : is_fill(r, pen) ? x : x + n;
	if (end > cols)
		end = cols;
	if (row_keep(r, end, cols) < 0)
		return -ENOMEM;
	if (x > 0 && is_wide(r, x - 1)) {
		r->cells[x - 1] = cell_blank(pen);
		if (x < r->used)
			r->cells[x] = cell_blank(r->cells[x].pen);
	}
	if (end > x + n)
		memmove(r->cells + x + n, r->cells + x,
		    (end - x - n) * sizeof *r->cells);
	fill(r, x, x + n < end ? x + n : end, pen);
	if (r->used == cols && is_wide(r, cols - 1))
		r->cells[cols - 1] = cell_blank(pen);
	trim(r);
	return 0;
}

int row_delete(
    struct row *r, unsigned x, unsigned n, unsigned cols, struct pen pen)
{
	if (x >= cols || n == 0)
		return 0;
	if (n > cols - x)
		n = cols - x;
	if (row_keep(r, is_fill(r, pen) ? x : cols, cols) < 0)
		return -ENOMEM;
	if (r->used > x + n) {
		bool half = r->cells[x + n].code == 0;

		memmove(r->cells + x, r->cells + x + n,
		    (r->used - x - n) * sizeof *r->cells);
		if (half)
			r->cells[x] = cell_blank(pen);
		fill(r, r->used - n, r->used, pen);
	} else {
		fill(r, x, r->used, pen);
	}
	if (x > 0 && is_wide(r, x - 1))
		r->cells[x - 1] = cell_blank(pen);
	trim(r);
	return 0;
}

int row_resize(struct row *r, unsigned old, unsigned cols)
{
	if (cols > old && r->fill) {
		if (row_keep(r, old, cols) < 0)
			return -ENOMEM;
		r->fill = 0;
	}
	if (r->used > cols) {
		r->used = (uint16_t)cols;
		/* The right half of a wide character has no room. */
		if (is_wide(r, cols - 1))
			r->cells[cols - 1] = cell_blank(r->cells[cols - 1].pen);
	}
	trim(r);
	return 0;
}

void row_free(struct row *r)
{
	if (!r)
		return;
	free(r->cells);
	free(r);
}

static void add_code(struct buf *out, uint32_t cp)
{
	char *at = buf_reserve(out, 4);

	if (at)
		out->n += utf8_encode(cp, at);
}

/* Cells from x on that are a letter of one byte each: of most rows, all. Their
 * text is put into `out`. The first that is none. */
static unsigned add_plain(const struct row *r, unsigned x, struct buf *out)
{
	char *at = x < r->used ? buf_reserve(out, r->used - x) : NULL;
	const char *begin = at;

	for (; at && x < r->used; x++) {
		uint32_t code = r->cells[x].code;

		if (code == 0 || code >= 0x80 || r->cells[x].marks)
			break;
		*at++ = (char)code;
	}
	out->n += (size_t)(at - begin);
	return x;
}

/* Control characters never get into a cell: what is added can be shown. */
bool row_text_from(const struct row *r, unsigned x, struct buf *out)
{
	size_t begin = out->n, end;
	bool plain;

	x = add_plain(r, x, out);
	plain = x >= r->used;
	for (end = out->n; end > begin && out->p[end - 1] == ' ';)
		end--;
	for (; x < r->used; x++) {
		const struct cell *c = &r->cells[x];
		uint32_t code = c->code & CELL_CODE;

		if (code == 0)
			continue;
		if (code < 0x80)
			buf_add_char(out, (char)code);
		else
			add_code(out, code);
		for (uint64_t m = c->marks; m; m >>= CELL_MARK_BITS)
			add_code(out, (uint32_t)m & CELL_CODE);
		if (code != ' ' || c->marks)
			end = out->n;
	}
	if (!out->error)
		out->n = end;
	return plain;
}

void row_text(const struct row *r, struct buf *out)
{
	(void)row_text_from(r, 0, out);
}
