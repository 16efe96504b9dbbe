/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of a terminal's screen: cells with their colours, and when it was
 * written. Cells at its end that are all blank are not kept, so that a row is
 * erased at once however long it is.
 */
#ifndef RECORD_ROW_H
#define RECORD_ROW_H

#include "base/buf.h"

#define CELL_CODE 0x1fffffu
#define CELL_WIDE 0x400000u /* the next cell is its right half */

/* Colours: 24 bits of value, what they mean, and flags above. */
#define COLOR_VALUE   0x00ffffffu
#define COLOR_KIND    0x03000000u
#define COLOR_INDEXED 0x01000000u /* value 0 to 255 of the palette */
#define COLOR_RGB     0x02000000u
#define COLOR_MASK    (COLOR_VALUE | COLOR_KIND)

/* In pen.fg */
#define PEN_BOLD	    0x04000000u
#define PEN_DIM		    0x08000000u
#define PEN_ITALIC	    0x10000000u
#define PEN_BLINK	    0x20000000u
#define PEN_INVERSE	    0x40000000u
#define PEN_INVISIBLE	    0x80000000u
/* In pen.bg */
#define PEN_STRIKE	    0x04000000u
#define PEN_OVERLINE	    0x08000000u
#define PEN_PROTECTED	    0x10000000u /* DECSCA */
#define PEN_UNDERLINE	    0xe0000000u /* style: 1 to 5 as SGR 4:n has them */
#define PEN_UNDERLINE_SHIFT 29

struct pen {
	uint32_t fg, bg;
	uint32_t line; /* colour of the underline */
};

#define CELL_MARKS     3
#define CELL_MARK_BITS 21

/* The right half of a wide character has code 0, a blank has code ' '. */
struct cell {
	uint32_t code; /* CELL_CODE and CELL_WIDE */
	struct pen pen;
	/* Up to three characters without width on this one, first lowest. */
	uint64_t marks;
};

#define ROW_SEEN UINT16_MAX

struct row {
	struct cell *cells;
	uint16_t used, cap; /* cells kept, and room for them */
	uint32_t fill;	    /* pen.bg of the cells behind them */
	bool wrapped;	    /* goes on from the row above */
	bool continued;	    /* when it left: the row below goes on from it */
	/* Cells before it are as they were when somebody last set it to
	 * ROW_SEEN. */
	uint16_t same;
	/* When it was first and last written since it was blank; 0: never. */
	uint64_t first, last;
	/* For who watches the screen; 0 in a new row. Moves with the row. */
	uint32_t tag;
};

static inline struct cell cell_blank(struct pen pen)
{
	return (struct cell){' ', pen, 0};
}

bool cell_eq(const struct cell *a, const struct cell *b);
bool pen_eq(struct pen a, struct pen b);

/* The cell at x; a blank where none is kept. */
static inline struct cell row_cell(const struct row *r, unsigned x)
{
	return x < r->used ? r->cells[x]
			   : (struct cell){' ', {0, r->fill, 0}, 0};
}

/* The text from the first column on, as UTF-8, without blanks at its end. */
void row_text(const struct row *r, struct buf *out);
/* The same from column x on. Whether each column is a byte. */
bool row_text_from(const struct row *r, unsigned x, struct buf *out);

/*
 * Writing. Columns lie below `cols`, the width of the screen. -ENOMEM, and
 * nothing done, where cells cannot be kept.
 */

/* Makes cells up to `n` kept, so that they can be written. */
int row_keep(struct row *r, unsigned n, unsigned cols);
/* The same, but those from x on, which may be anything, the caller writes. */
int row_write(struct row *r, unsigned x, unsigned n, unsigned cols);
/* All cells blank with this pen.bg; it is as a new row, but for its tag. */
void row_clear(struct row *r, uint32_t bg);
/* Blanks in [from, to); half characters at the edges become blanks too. */
int row_erase(
    struct row *r, unsigned from, unsigned to, unsigned cols, struct pen fill);
/* As row_erase(), but for cells that are protected. */
int row_erase_unprotected(
    struct row *r, unsigned from, unsigned to, unsigned cols, struct pen fill);
/* Shifts cells from x on by n columns; blanks come in. */
int row_insert(
    struct row *r, unsigned x, unsigned n, unsigned cols, struct pen fill);
int row_delete(
    struct row *r, unsigned x, unsigned n, unsigned cols, struct pen fill);
/* From `old` columns to `cols`: cells are dropped, or come without colour. */
int row_resize(struct row *r, unsigned old, unsigned cols);
void row_free(struct row *r);

#endif
