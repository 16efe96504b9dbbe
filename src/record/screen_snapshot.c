/* SPDX-License-Identifier: Apache-2.0 */
#include "record/screen_inside.h"
#include "record/sgr.h"
#include "record/width.h"

/* What is written, and the pen that the terminal has from it so far. */
struct sheet {
	const struct screen *s;
	struct buf *out;
	struct pen pen;
};

static void write_pen(struct sheet *sh, struct pen pen)
{
	sgr_add(sh->out, pen);
	if (pen.bg & PEN_PROTECTED)
		buf_add_z(sh->out, "\033[1\"q");
	sh->pen = pen;
}

static void change_pen(struct sheet *sh, struct pen pen)
{
	if (!pen_eq(sh->pen, pen))
		write_pen(sh, pen);
}

static void write_cell(struct sheet *sh, const struct cell *c)
{
	uint32_t code = c->code & CELL_CODE;

	/* A mark on nothing must not get onto the character before it. */
	if (code >= 0x300 && width_of(code) == 0)
		write_pen(sh, c->pen);
	else
		change_pen(sh, c->pen);
	sgr_add_character(sh->out, c);
}

static bool is_plain(const struct cell *c)
{
	return c->code == ' ' && c->marks == 0 && c->pen.fg == 0 &&
	       c->pen.line == 0 && (c->pen.bg & ~COLOR_MASK) == 0;
}

/* Where the blanks of one colour begin that go on to the end of the row. */
static unsigned tail_of(const struct screen *s, const struct row *r)
{
	unsigned x = s->cols;
	struct cell last = row_cell(r, x - 1);

	if (!is_plain(&last))
		return x;
	for (; x > 0; x--) {
		struct cell c = row_cell(r, x - 1);

		if (!cell_eq(&c, &last))
			break;
	}
	return x;
}

static void write_cells(
    struct sheet *sh, const struct row *r, unsigned from, unsigned to)
{
	for (unsigned x = from; x < to; x++) {
		struct cell c = row_cell(r, x);

		if (c.code)
			write_cell(sh, &c);
	}
}

/* The row, from the cursor on; `full`: the next one goes on from it. */
static void write_row(struct sheet *sh, const struct row *r, bool full)
{
	unsigned cols = sh->s->cols, tail = full ? cols : tail_of(sh->s, r);
	struct cell last = row_cell(r, cols - 1);

	/* What is to begin here is begun, even where the row is blank. */
	if (tail == 0 && r->wrapped)
		tail = 1;
	write_cells(sh, r, 0, tail);
	if (tail < cols && last.pen.bg) {
		change_pen(sh, last.pen);
		buf_add_z(sh->out, "\033[K");
	}
}

static bool goes_on(const struct screen *s, const struct plane *p, unsigned y)
{
	return y + 1 < s->rows && p->rows[y + 1]->wrapped;
}

static void write_rows(struct sheet *sh, const struct plane *p)
{
	const struct screen *s = sh->s;
	unsigned at = 0; /* the row of the cursor */

	for (unsigned y = 0; y < s->rows; y++) {
		const struct row *r = p->rows[y];
		bool full = goes_on(s, p, y), on = y > 0 && r->wrapped;
		struct cell last = row_cell(r, s->cols - 1);

		if (!full && !on && tail_of(s, r) == 0 && last.pen.bg == 0)
			continue;
		if (y == at + 1 && !on)
			buf_add_z(sh->out, "\r\n");
		else if (y > at && !on)
			buf_printf(sh->out, "\033[%uH", y + 1);
		write_row(sh, r, full);
		at = y;
	}
}

static bool is_tab(const struct plane *p, unsigned x)
{
	return p->tabs[x / 64] >> (x % 64) & 1;
}

static void write_tabs(struct sheet *sh, const struct plane *p)
{
	unsigned x = 0;

	while (x < sh->s->cols && is_tab(p, x) == (x % 8 == 0))
		x++;
	if (x == sh->s->cols)
		return;
	buf_add_z(sh->out, "\033[3g");
	for (x = 0; x < sh->s->cols; x++)
		if (is_tab(p, x))
			buf_printf(sh->out, "\033[%uG\033H", x + 1);
}

static void write_charsets(struct buf *out, const struct charsets *c)
{
	static const char names[] = "B0A";
	static const char *const shifts[] = {"\017", "\016", "\033n", "\033o"};

	for (unsigned i = 0; i < 4; i++)
		if (c->g[i])
			buf_printf(out, "\033%c%c", "()*+"[i], names[c->g[i]]);
	if (c->shift)
		buf_add_z(out, shifts[c->shift]);
}

/* The column where the character before x begins. */
static unsigned lead_of(const struct row *r, unsigned x)
{
	struct cell c = row_cell(r, x - 1);

	return c.code == 0 && x > 1 ? x - 2 : x - 1;
}

/* The cursor at x, which may lie behind the last column, of line `line`. */
static void write_position(
    struct sheet *sh, const struct row *r, unsigned x, unsigned line)
{
	bool behind = x >= sh->s->cols;

	if (behind)
		x = lead_of(r, sh->s->cols);
	buf_printf(sh->out, "\033[%u;%uH", line + 1, x + 1);
	/* It gets there by printing the last column again. */
	if (behind)
		write_cells(sh, r, x, sh->s->cols);
}

static void write_saved(struct sheet *sh, const struct plane *p)
{
	const struct saved_cursor *saved = &p->saved;
	static const struct charsets none = {{0, 0, 0, 0}, 0};
	static const struct pen no_pen = {0, 0, 0};

	if (saved->x == 0 && saved->y == 0 && pen_eq(saved->pen, no_pen) &&
	    memcmp(&saved->charsets, &none, sizeof none) == 0)
		return;
	write_position(sh, p->rows[saved->y < sh->s->rows ? saved->y : 0],
	    saved->x, saved->y);
	change_pen(sh, saved->pen);
	write_charsets(sh->out, &saved->charsets);
	buf_add_z(sh->out, "\0337");
	if (memcmp(&saved->charsets, &none, sizeof none) != 0)
		buf_add_z(sh->out, "\033[?2h\017");
}

static void write_plane(struct sheet *sh, const struct plane *p)
{
	write_rows(sh, p);
	write_tabs(sh, p);
	write_saved(sh, p);
	if (p->top > 0 || p->bottom < sh->s->rows - 1)
		buf_printf(sh->out, "\033[%u;%ur", p->top + 1, p->bottom + 1);
}

static void place_cursor(struct sheet *sh)
{
	const struct screen *s = sh->s;
	const struct plane *p = s->p;
	unsigned y = p->y;

	if (s->modes & MODE_ORIGIN) {
		buf_add_z(sh->out, "\033[?6h");
		y -= p->top;
	}
	write_position(sh, p->rows[p->y], p->x, y);
}

/* So that a mark that comes next, or a repeat, finds its character. */
static void print_again(struct sheet *sh)
{
	const struct screen *s = sh->s;
	const struct row *r = row_at(s, s->p->y);
	unsigned x = s->p->x - s->joins;
	struct cell c = row_cell(r, x);

	buf_printf(sh->out, "\033[%uG", x + 1);
	if (s->modes & MODE_INSERT)
		buf_printf(sh->out, "\033[%uP", s->joins);
	write_cell(sh, &c);
}

/* The credit is what it is when all behind it is taken. */
static void put_credit(const struct screen *s, struct buf *out, size_t at)
{
	struct buf tail = BUF_INIT;

	buf_add_str(&tail, str_from(buf_str(out), at));
	out->n = at;
	screen_write_credit(s, tail.n, out);
	buf_add_str(out, buf_str(&tail));
	if (buf_error(&tail))
		out->error = buf_error(&tail);
	buf_free(&tail);
}

void screen_snapshot(const struct screen *s, struct buf *out)
{
	struct sheet sh = {s, out, {0, 0, 0}};
	const struct plane *hidden = &s->planes[0];
	size_t tail;
	static const struct pen no_pen = {0, 0, 0};

	buf_add_z(out, "\033c");
	write_plane(&sh, hidden);
	if (s->p != hidden) {
		buf_printf(out, "\033[%uH", hidden->y + 1);
		change_pen(&sh, no_pen);
		buf_add_z(out, "\033[?1047h\033[H");
		write_plane(&sh, s->p);
	}
	place_cursor(&sh);
	write_charsets(out, &s->charsets);
	screen_write_modes(s, out);
	write_pen(&sh, s->pen);
	tail = out->n;
	if (s->joins)
		print_again(&sh);
	sequence_pending(&s->parser, out);
	if (!buf_error(out))
		put_credit(s, out, tail);
}
