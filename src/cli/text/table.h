/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of text in columns. Widths are those of the first rows (a bounded
 * number, a bounded time); later cells that are wider widen their column. On a
 * terminal a cell is cut at its column's maximum, and the last column at the
 * edge; elsewhere nothing is ever cut.
 */
#ifndef CLI_TEXT_TABLE_H
#define CLI_TEXT_TABLE_H

#include "cli/text/out.h"
#include "cli/text/term.h"

#define TABLE_COLUMNS_MAX 12

struct column {
	const char *title;
	unsigned max; /* 0: none; wider cells do not widen the column */
	bool right;
	unsigned keep; /* not shrunk below while others can be */
};

struct table_cell {
	size_t at, n; /* in `pending` */
	unsigned width;
	enum style style;
};

struct table {
	struct out *out;
	const struct term *term;
	const struct column *columns;
	size_t n_columns;
	unsigned widths[TABLE_COLUMNS_MAX];
	struct buf pending;	  /* text of cells not printed yet */
	struct table_cell *cells; /* of the rows in `pending` */
	size_t n_cells;
	uint64_t n_rows;  /* all so far */
	int64_t deadline; /* when the look at widths ends */
	bool settled;	  /* widths are known, title printed */
	bool failed;	  /* no memory */
};

/* -ENOMEM. `columns` and the rest must outlive the table. */
int table_begin(struct table *t, struct out *out, const struct term *term,
    const struct column *columns, size_t n);

/* The next cell of the row; any bytes, escaped here. */
void table_cell(struct table *t, struct str text, enum style style);
static inline void table_cell_z(
    struct table *t, const char *text, enum style style)
{
	table_cell(t, str_z(text), style);
}
void table_cell_u64(struct table *t, uint64_t v);

/* False: stop, the output is closed or memory is out. */
bool table_row(struct table *t);

/* Print what is pending: no row follows soon. False as table_row(). */
bool table_flush(struct table *t);

/* Print what is pending. 0 or -ENOMEM; `t` is gone. */
int table_end(struct table *t);

#endif
