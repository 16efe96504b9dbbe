/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes on a terminal, in pieces of a recording or as they are: nothing
 * breaks, and a screen that began with a snapshot does as the first one does,
 * at every piece.
 */
#include "record/screen.h"

#include "record/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looking at all cells after each piece is what takes time. */
#define SIZE_RAW   20
#define SIZE_PIECE 120
#define RESTART	   16 /* pieces */

struct pair {
	struct screen *first;
	struct screen *second; /* begun with a snapshot of the first one */
	unsigned n;
	struct buf a, b;
};

static struct screen *copy(struct pair *p)
{
	struct screen *s =
	    screen_new(screen_rows(p->first), screen_cols(p->first), 4);

	if (!s)
		__builtin_trap();
	buf_clear(&p->a);
	screen_snapshot(p->first, &p->a);
	screen_feed(s, 1, buf_str(&p->a));
	return s;
}

static void check_rows(const struct screen *s, const struct screen *other)
{
	for (unsigned y = 0; y < screen_rows(s); y++) {
		for (unsigned x = 0; x < screen_cols(s); x++) {
			struct cell c = row_cell(screen_row(s, y), x);
			struct cell d = row_cell(screen_row(other, y), x);

			if (!cell_eq(&c, &d))
				__builtin_trap();
			/* A right half stands behind its left one. */
			if (c.code == 0 &&
			    (x == 0 ||
				!(row_cell(screen_row(s, y), x - 1).code &
				    CELL_WIDE)))
				__builtin_trap();
		}
	}
}

static void check(struct pair *p)
{
	struct screen_cursor c = screen_cursor(p->first);
	struct screen_cursor d = screen_cursor(p->second);

	if (c.x != d.x || c.y != d.y || c.visible != d.visible ||
	    c.x > screen_cols(p->first) || c.y >= screen_rows(p->first))
		__builtin_trap();
	check_rows(p->first, p->second);
	buf_clear(&p->a);
	buf_clear(&p->b);
	screen_snapshot(p->first, &p->a);
	screen_snapshot(p->second, &p->b);
	if (!str_eq(buf_str(&p->a), buf_str(&p->b)))
		__builtin_trap();
}

static void begin_again(struct pair *p)
{
	screen_free(p->second);
	p->second = copy(p);
}

static void take_output(struct pair *p, struct str bytes)
{
	screen_feed(p->first, p->n + 1, bytes);
	screen_feed(p->second, p->n + 1, bytes);
	check(p);
	if (++p->n % RESTART == 0)
		begin_again(p);
}

static void take_size(
    struct pair *p, unsigned rows, unsigned cols, unsigned max)
{
	rows = rows <= max ? rows : rows % max;
	cols = cols <= max ? cols : cols % max;
	screen_resize(p->first, p->n + 1, rows, cols);
	screen_resize(p->second, p->n + 1, rows, cols);
	check(p);
}

/* The first byte says how long a piece is; a size is \xff ROWS COLS. */
static void take_raw(struct pair *p, const uint8_t *data, size_t size)
{
	size_t step = size ? 1u + data[0] % 32 : 1;

	for (size_t i = 1; i < size;) {
		size_t n = size - i < step ? size - i : step;

		if (data[i] == 0xff && size - i > 2) {
			take_size(p, data[i + 1], data[i + 2], SIZE_RAW);
			i += 3;
			continue;
		}
		take_output(p, str_make(data + i, n));
		i += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair p = {.first = screen_new(6, 12, 4)};
	struct chunk_reader r;
	struct piece piece;

	if (!p.first)
		return 0;
	p.second = copy(&p);
	if (!chunk_open(&r, str_make(data, size))) {
		take_raw(&p, data, size);
	} else {
		while (chunk_next(&r, &piece) > 0) {
			if (piece.type == PIECE_OUTPUT)
				take_output(&p, piece.bytes);
			else if (piece.type == PIECE_SIZE)
				take_size(
				    &p, piece.rows, piece.cols, SIZE_PIECE);
		}
	}
	screen_free(p.first);
	screen_free(p.second);
	buf_free(&p.a);
	buf_free(&p.b);
	return 0;
}
