/* SPDX-License-Identifier: Apache-2.0 */
#include "record/screen_inside.h"

#include <errno.h>

#include "record/width.h"

/* DEC's special graphics, from ` on. */
static const uint16_t graphics[] = {0x25c6, 0x2592, 0x2409, 0x240c, 0x240d,
    0x240a, 0xb0, 0xb1, 0x2424, 0x240b, 0x2518, 0x2510, 0x250c, 0x2514, 0x253c,
    0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524, 0x2534, 0x252c,
    0x2502, 0x2264, 0x2265, 0x3c0, 0x2260, 0xa3, 0xb7};

static uint32_t translate(const struct screen *s, uint32_t cp)
{
	switch (s->charsets.g[s->charsets.shift]) {
	case CHARSET_GRAPHICS:
		return cp >= 0x60 && cp < 0x7f ? graphics[cp - 0x60] : cp;
	case CHARSET_UK:
		return cp == '#' ? 0xa3 : cp;
	default:
		return cp;
	}
}

/* Before cells [x, end) are written: halves of wide ones that stay. */
static void mend(struct screen *s, struct row *r, unsigned x, unsigned end)
{
	if (x > 0 && x <= r->used && r->cells[x - 1].code & CELL_WIDE)
		r->cells[x - 1] = cell_blank(s->pen);
	if (end < r->used && r->cells[end].code == 0)
		r->cells[end] = cell_blank(s->pen);
}

static void put(struct screen *s, uint32_t cp, unsigned width)
{
	struct plane *p = s->p;
	struct row *r = row_at(s, p->y);

	if (s->modes & MODE_INSERT)
		fail_if(s, row_insert(r, p->x, width, s->cols, s->pen));
	if (row_write(r, p->x, p->x + width, s->cols) < 0) {
		fail_if(s, -ENOMEM);
		return;
	}
	mend(s, r, p->x, p->x + width);
	r->cells[p->x] =
	    (struct cell){cp | (width == 2 ? CELL_WIDE : 0), s->pen, 0};
	if (width == 2)
		r->cells[p->x + 1] = (struct cell){0, s->pen, 0};
	touch(s, r, p->x);
	p->x += width;
}

/* A character without width: on the one that was printed before it. */
static void add_mark(struct screen *s, uint32_t cp)
{
	struct row *r = row_at(s, s->p->y);
	unsigned x = s->p->x;
	struct cell *c;

	if (x == 0 || x > r->used)
		return;
	c = &r->cells[x - 1];
	if (c->code == 0 && x > 1)
		c--;
	for (unsigned i = 0; i < CELL_MARKS; i++) {
		if (c->marks >> (i * CELL_MARK_BITS) & CELL_CODE)
			continue;
		c->marks |= (uint64_t)cp << (i * CELL_MARK_BITS);
		break;
	}
	touch(s, r, 0);
}

void screen_print(void *user, uint32_t cp)
{
	struct screen *s = user;
	unsigned width = width_of(cp);

	if (cp == 0xfeff)
		return;
	if (width == 0 && s->joins) {
		add_mark(s, cp);
		return;
	}
	/* With nothing to stand on it has a column of its own. */
	s->joins = width;
	if (width == 0)
		width = 1;
	if (s->p->x + width > s->cols) {
		if (!(s->modes & MODE_WRAP)) {
			s->p->x = s->cols - 1;
			if (width == 2) {
				s->joins = 0;
				return;
			}
		} else {
			if (s->p->x < s->cols)
				put(s, ' ', 1);
			screen_next_row(s);
		}
	}
	put(s, cp, width);
}

/* As many as fit into the row; 0: memory is short. */
static size_t put_run(struct screen *s, const char *p, size_t n)
{
	unsigned x = s->p->x;
	struct row *r = row_at(s, s->p->y);
	struct cell *c;

	if (n > s->cols - x)
		n = s->cols - x;
	if (row_write(r, x, x + (unsigned)n, s->cols) < 0) {
		fail_if(s, -ENOMEM);
		return 0;
	}
	mend(s, r, x, x + (unsigned)n);
	c = r->cells + x;
	for (size_t i = 0; i < n; i++)
		c[i] = (struct cell){(uint8_t)p[i], s->pen, 0};
	s->p->x += (unsigned)n;
	touch(s, r, x);
	return n;
}

void screen_print_ascii(void *user, const char *p, size_t n)
{
	struct screen *s = user;

	s->joins = 1;
	if (s->charsets.g[s->charsets.shift] != CHARSET_US ||
	    s->modes & MODE_INSERT || !(s->modes & MODE_WRAP)) {
		for (size_t i = 0; i < n; i++) {
			uint32_t cp = translate(s, (uint8_t)p[i]);

			if (s->p->x >= s->cols && s->modes & MODE_WRAP)
				screen_next_row(s);
			else if (s->p->x >= s->cols)
				s->p->x = s->cols - 1;
			put(s, cp, 1);
		}
		return;
	}
	while (n) {
		size_t took;

		if (s->p->x >= s->cols)
			screen_next_row(s);
		took = put_run(s, p, n);
		if (took == 0)
			return;
		p += took;
		n -= took;
	}
}

void screen_repeat(struct screen *s, unsigned n)
{
	unsigned x = s->p->x;
	struct cell c;

	if (s->joins == 0 || x < s->joins)
		return;
	c = row_cell(row_at(s, s->p->y), x - s->joins);
	/* Programs do it within a row; more would cost much for few bytes. */
	if (n > s->cols)
		n = s->cols;
	while (n--) {
		uint32_t code = c.code & CELL_CODE;
		const char byte = (char)code;

		if (code < 0x80)
			screen_print_ascii(s, &byte, code ? 1 : 0);
		else
			screen_print(s, code);
		for (uint64_t m = c.marks; m; m >>= CELL_MARK_BITS)
			screen_print(s, (uint32_t)m & CELL_CODE);
	}
}
