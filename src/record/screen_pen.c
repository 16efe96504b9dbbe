/* SPDX-License-Identifier: Apache-2.0 */
/* SGR: ECMA-48 8.3.117, and ISO 8613-6 for colours. */
#include "record/screen_inside.h"

static uint32_t indexed(int32_t n)
{
	return COLOR_INDEXED | (uint32_t)n;
}

/*
 * The kind of a colour and its numbers, as `38;5;n`, `38;2;r;g;b`, `38:5:n`
 * and `38:2::r:g:b` have them; [2] is the colour space, which is ignored.
 */
struct color_words {
	int32_t n[6];
};

/* Reads them from parameter i on; how many more parameters it took. */
static unsigned take_words(
    const struct sequence *q, unsigned i, struct color_words *w)
{
	unsigned more = 0, space = 0;

	*w = (struct color_words){{0, 0, -1, 0, 0, 0}};
	do {
		w->n[more + space] = q->params[i + more];
		if (q->sub_to[i + more] > q->sub_from[i + more]) {
			unsigned at = 0;
			unsigned n = (unsigned)(q->sub_to[i + more] -
						q->sub_from[i + more]);

			do {
				if (w->n[1] == 5)
					space = 1;
				w->n[more + at + 1 + space] =
				    q->subs[q->sub_from[i + more] + at];
			} while (++at < n && at + more + 1 + space < 6);
			break;
		}
		if ((w->n[1] == 5 && more + space >= 2) ||
		    (w->n[1] == 2 && more + space >= 5))
			break;
		if (w->n[1])
			space = 1;
	} while (++more + i < q->n_params && more + space < 6);
	for (unsigned k = 2; k < 6; k++)
		if (w->n[k] == -1)
			w->n[k] = 0;
	return more;
}

/* `38:2:r:g:b`, which leaves the colour space out, was used before ISO's. */
static bool is_short(const struct sequence *q, unsigned i)
{
	return q->sub_to[i] - q->sub_from[i] == 4 &&
	       q->subs[q->sub_from[i]] == 2;
}

static void set_color(uint32_t *color, const struct color_words *w)
{
	const int32_t *n = w->n;

	if (n[1] == 2)
		*color = (*color & ~COLOR_MASK) | COLOR_RGB |
			 ((uint32_t)n[3] & 0xff) << 16 |
			 ((uint32_t)n[4] & 0xff) << 8 | ((uint32_t)n[5] & 0xff);
	else if (n[1] == 5)
		*color = (*color & ~COLOR_MASK) | indexed(n[3] & 0xff);
}

static unsigned extended_color(
    struct pen *pen, const struct sequence *q, unsigned i)
{
	struct color_words w;
	unsigned more = take_words(q, i, &w);

	if (is_short(q, i))
		memmove(w.n + 3, w.n + 2, 3 * sizeof *w.n);
	set_color(w.n[0] == 38	 ? &pen->fg
		  : w.n[0] == 48 ? &pen->bg
				 : &pen->line,
	    &w);
	return more;
}

static void set_underline(struct pen *pen, int32_t style)
{
	if (style < 0 || style > 5)
		style = 1;
	pen->bg = (pen->bg & ~PEN_UNDERLINE) | (uint32_t)style
						   << PEN_UNDERLINE_SHIFT;
}

/* What each number from 0 to 29 and 53, 55 sets and takes away. */
static const struct {
	uint32_t fg_set, fg_clear, bg_set, bg_clear;
} flags[60] = {
    [1] = {.fg_set = PEN_BOLD},
    [2] = {.fg_set = PEN_DIM},
    [3] = {.fg_set = PEN_ITALIC},
    [5] = {.fg_set = PEN_BLINK},
    [7] = {.fg_set = PEN_INVERSE},
    [8] = {.fg_set = PEN_INVISIBLE},
    [9] = {.bg_set = PEN_STRIKE},
    [22] = {.fg_clear = PEN_BOLD | PEN_DIM},
    [23] = {.fg_clear = PEN_ITALIC},
    [24] = {.bg_clear = PEN_UNDERLINE},
    [25] = {.fg_clear = PEN_BLINK},
    [27] = {.fg_clear = PEN_INVERSE},
    [28] = {.fg_clear = PEN_INVISIBLE},
    [29] = {.bg_clear = PEN_STRIKE},
    [39] = {.fg_clear = COLOR_MASK},
    [49] = {.bg_clear = COLOR_MASK},
    [53] = {.bg_set = PEN_OVERLINE},
    [55] = {.bg_clear = PEN_OVERLINE},
};

static void set_flags(struct pen *pen, int32_t n)
{
	if (n < 0 || (size_t)n >= sizeof flags / sizeof *flags)
		return;
	pen->fg = (pen->fg & ~flags[n].fg_clear) | flags[n].fg_set;
	pen->bg = (pen->bg & ~flags[n].bg_clear) | flags[n].bg_set;
}

static void set_basic_color(struct pen *pen, int32_t n)
{
	bool bright = n >= 90;
	int32_t digit = n % 10 + (bright ? 8 : 0);

	if (n / 10 == 3 || n / 10 == 9)
		pen->fg = (pen->fg & ~COLOR_MASK) | indexed(digit);
	else
		pen->bg = (pen->bg & ~COLOR_MASK) | indexed(digit);
}

void screen_set_pen(struct screen *s, const struct sequence *q)
{
	struct pen *pen = &s->pen;

	for (unsigned i = 0; i < q->n_params; i++) {
		int32_t n = q->params[i];
		int32_t tens = n / 10;

		if (n == 0)
			*pen = (struct pen){0, 0, 0};
		else if (n == 38 || n == 48 || n == 58)
			i += extended_color(pen, q, i);
		else if (n == 4)
			set_underline(pen, q->sub_to[i] > q->sub_from[i]
					       ? q->subs[q->sub_from[i]]
					       : 1);
		else if (n == 21)
			set_underline(pen, 2);
		else if (n == 59)
			pen->line = 0;
		else if (n % 10 < 8 &&
			 (tens == 3 || tens == 4 || tens == 9 || tens == 10))
			set_basic_color(pen, n);
		else
			set_flags(pen, n);
	}
}
