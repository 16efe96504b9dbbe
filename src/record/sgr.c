/* SPDX-License-Identifier: Apache-2.0 */
#include "record/sgr.h"

#include "core/json_string.h"

static const struct {
	uint32_t fg, bg;
	const char *sgr;
} flags[] = {
    {PEN_BOLD, 0, ";1"},
    {PEN_DIM, 0, ";2"},
    {PEN_ITALIC, 0, ";3"},
    {PEN_BLINK, 0, ";5"},
    {PEN_INVERSE, 0, ";7"},
    {PEN_INVISIBLE, 0, ";8"},
    {0, PEN_STRIKE, ";9"},
    {0, PEN_OVERLINE, ";53"},
};

static void write_color(struct buf *out, uint32_t color, unsigned base)
{
	unsigned v = color & COLOR_VALUE;

	switch (color & COLOR_KIND) {
	case COLOR_RGB:
		buf_printf(out, ";%u;2;%u;%u;%u", base + 8, v >> 16,
		    v >> 8 & 0xff, v & 0xff);
		break;
	case COLOR_INDEXED:
		if (v < 8 && base != 50)
			buf_printf(out, ";%u", base + v);
		else if (v < 16 && base != 50)
			buf_printf(out, ";%u", base + 60 + v - 8);
		else
			buf_printf(out, ";%u;5;%u", base + 8, v);
		break;
	default:
		break;
	}
}

void sgr_add(struct buf *out, struct pen pen)
{
	unsigned style = pen.bg >> PEN_UNDERLINE_SHIFT;

	buf_add_z(out, "\033[0");
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (pen.fg & flags[i].fg || pen.bg & flags[i].bg)
			buf_add_z(out, flags[i].sgr);
	if (style == 1)
		buf_add_z(out, ";4");
	else if (style)
		buf_printf(out, ";4:%u", style);
	write_color(out, pen.fg, 30);
	write_color(out, pen.bg, 40);
	write_color(out, pen.line, 50);
	buf_add_char(out, 'm');
}

static void add_code(struct buf *out, uint32_t code)
{
	char *at = buf_reserve(out, 4);

	if (at)
		out->n += utf8_encode(code, at);
}

void sgr_add_character(struct buf *out, const struct cell *c)
{
	if ((c->code & CELL_CODE) == 0)
		return;
	add_code(out, c->code & CELL_CODE);
	for (uint64_t m = c->marks; m; m >>= CELL_MARK_BITS)
		add_code(out, (uint32_t)m & CELL_CODE);
}
