/* SPDX-License-Identifier: Apache-2.0 */
#include "record/screen.h"

#include <errno.h>
#include <stdlib.h>

#include "record/head.h"
#include "record/screen_inside.h"

static const struct charsets no_charsets = {{0, 0, 0, 0}, 0};
static const struct pen no_pen = {0, 0, 0};

static void plane_reset(struct screen *s, struct plane *p)
{
	p->x = p->y = p->top = 0;
	p->bottom = s->rows - 1;
	p->saved = (struct saved_cursor){0, 0, no_pen, no_charsets};
	memset(p->tabs, 0, sizeof p->tabs);
	plane_set_tabs(s, p);
}

static void reset_modes(struct screen *s)
{
	s->pen = no_pen;
	s->charsets = no_charsets;
	s->modes = MODE_WRAP | MODE_CURSOR;
	s->joins = 0;
}

/* The rows of a plane leave it blank, so that who watches hears of them. */
static void clear_rows(struct screen *s, struct plane *p, struct pen fill)
{
	for (unsigned y = 0; y < s->rows; y++)
		rows_clear(s, p, y, fill);
}

void screen_drop_history(struct screen *s)
{
	s->history_n = 0;
}

void screen_soft_reset(struct screen *s)
{
	uint32_t kept = s->modes & (MODE_NEWLINE | MODE_BLINK);

	reset_modes(s);
	s->modes |= kept;
	s->cursor_style = 0;
	s->p->top = 0;
	s->p->bottom = s->rows - 1;
	s->p->saved = (struct saved_cursor){0, 0, no_pen, no_charsets};
}

static void show(struct screen *s, bool alternate)
{
	struct plane *from = s->p, *to = &s->planes[alternate];

	to->x = from->x;
	to->y = from->y;
	for (unsigned y = 0; y < s->rows; y++)
		row_leave(s, from, y, ROW_GONE);
	s->p = to;
	/* The alternate screen is left blank, and painted when it is shown. */
	if (alternate)
		clear_rows(s, to, erase_pen(s));
	else
		clear_rows(s, from, no_pen);
	if (!alternate)
		plane_reset(s, from);
	for (unsigned y = 0; y < s->rows; y++)
		to->rows[y]->same = 0;
	if (s->modes & MODE_ORIGIN)
		cursor_restrict(s, s->cols);
}

/* Who goes there and back pays for both, so that a snapshot pays nothing. */
void screen_show(struct screen *s, bool alternate)
{
	if (alternate != screen_is_alternate(s) &&
	    (alternate || screen_afford_all(s)))
		show(s, alternate);
}

void screen_reset(struct screen *s)
{
	/* Who watches hears that the rows of the alternate one are gone. */
	if (screen_is_alternate(s))
		show(s, false);
	for (unsigned i = 0; i < 2; i++) {
		/* With it a snapshot begins, which pays nothing. */
		if (s->parser.taken <= 2 || screen_afford(s, s->rows))
			clear_rows(s, &s->planes[i], no_pen);
		plane_reset(s, &s->planes[i]);
	}
	reset_modes(s);
	s->mouse = s->mouse_coding = 0;
	s->cursor_style = 0;
	screen_drop_history(s);
}

static void on_control(void *user, uint32_t code)
{
	struct screen *s = user;

	s->joins = 0;
	switch (code) {
	case '\n':
	case '\v':
	case '\f':
		screen_line_feed(s);
		break;
	case '\r':
		s->p->x = 0;
		break;
	case '\b':
		cursor_restrict(s, s->cols - 1);
		if (s->p->x > 0)
			s->p->x--;
		break;
	case '\t':
		screen_tab(s, false, 1);
		break;
	case 0x0e:
	case 0x0f:
		s->charsets.shift = code == 0x0e;
		break;
	case 0x84:
		screen_index(s);
		break;
	case 0x85:
		s->p->x = 0;
		screen_index(s);
		break;
	case 0x88:
		if (s->p->x < s->cols)
			s->p->tabs[s->p->x / 64] |= (uint64_t)1
						    << (s->p->x % 64);
		break;
	default:
		break;
	}
}

static void fill_with_e(struct screen *s)
{
	const struct cell e = {'E', s->pen, 0};

	cursor_set(s, 0, 0);
	if (!screen_afford_all(s))
		return;
	for (unsigned y = s->p->y; y < s->rows; y++) {
		struct row *r = row_at(s, y);

		fail_if(s, row_keep(r, s->cols, s->cols));
		for (unsigned x = 0; x < r->used; x++)
			r->cells[x] = e;
		r->wrapped = false;
		touch(s, r, 0);
	}
	cursor_set(s, 0, 0);
}

static void designate(struct screen *s, unsigned g, char name)
{
	/* National sets, which differ in a few signs, count as US. */
	if (strchr("0AB4C5RfQ9K`E6Z H7=YLH", name))
		s->charsets.g[g] = name == '0'	 ? CHARSET_GRAPHICS
				   : name == 'A' ? CHARSET_UK
						 : CHARSET_US;
}

static void on_plain_escape(struct screen *s, char final)
{
	static const char shifts[] = "no|}~";
	static const uint8_t shift_to[] = {2, 3, 3, 2, 1};
	const char *shift = strchr(shifts, final);

	if (shift && *shift)
		s->charsets.shift = shift_to[shift - shifts];
	switch (final) {
	case '7':
		cursor_save(s);
		break;
	case '8':
		cursor_restore(s);
		break;
	case 'D':
		on_control(s, 0x84);
		break;
	case 'E':
		on_control(s, 0x85);
		break;
	case 'H':
		on_control(s, 0x88);
		break;
	case 'M':
		screen_reverse_index(s);
		break;
	case '=':
		s->modes |= MODE_KEYPAD;
		break;
	case '>':
		s->modes &= ~(uint32_t)MODE_KEYPAD;
		break;
	case 'c':
		screen_reset(s);
		break;
	default:
		break;
	}
}

static void on_escape(void *user, const struct sequence *q, char final)
{
	/* G0 to G3, by the byte that stands before the set's name. */
	static const char slots[] = "()*+ -.";
	struct screen *s = user;
	const char *slot;

	s->joins = 0;
	if (q->marks == 0) {
		on_plain_escape(s, final);
	} else if (q->marks == '#') {
		if (final == '8')
			fill_with_e(s);
	} else if (q->marks == '%') {
		if (final == '@' || final == 'G') {
			s->charsets.shift = 0;
			s->charsets.g[0] = CHARSET_US;
		}
	} else if (q->marks <= 0xff && q->marks != ' ' &&
		   (slot = strchr(slots, (int)q->marks))) {
		designate(s, (unsigned)(slot - slots) % 4, final);
	}
}

static void on_string(void *user)
{
	struct screen *s = user;

	s->joins = 0;
}

static const struct sequence_ops ops = {
    .ascii = screen_print_ascii,
    .character = screen_print,
    .control = on_control,
    .escape = on_escape,
    .csi = screen_csi,
    .string = on_string,
};

static unsigned fit(unsigned low, unsigned v)
{
	return v < low ? low : v > SCREEN_MAX ? SCREEN_MAX : v;
}

static int add_rows(struct plane *p, unsigned rows)
{
	for (unsigned y = 0; y < rows; y++) {
		if (!p->rows[y])
			p->rows[y] = calloc(1, sizeof **p->rows);
		if (!p->rows[y])
			return -ENOMEM;
	}
	return 0;
}

static int plane_open(struct plane *p, unsigned rows)
{
	p->rows = calloc(SCREEN_MAX, sizeof *p->rows);
	return p->rows ? add_rows(p, rows) : -ENOMEM;
}

struct screen *screen_new(unsigned rows, unsigned cols, unsigned history)
{
	struct screen *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->rows = fit(1, rows);
	s->cols = fit(SCREEN_MIN_COLS, cols);
	s->history_max = history;
	s->history = history ? calloc(history, sizeof *s->history) : NULL;
	if ((history && !s->history) || plane_open(&s->planes[0], s->rows) ||
	    plane_open(&s->planes[1], s->rows)) {
		screen_free(s);
		return NULL;
	}
	sequence_init(&s->parser, &ops, s);
	s->p = &s->planes[0];
	screen_credit_reset(s);
	screen_reset(s);
	return s;
}

void screen_free(struct screen *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned y = 0; s->planes[i].rows && y < SCREEN_MAX; y++)
			row_free(s->planes[i].rows[y]);
		free(s->planes[i].rows);
	}
	for (unsigned i = 0; s->history && i < s->history_max; i++)
		row_free(s->history[i]);
	free(s->history);
	free(s);
}

void screen_watch(struct screen *s, const struct screen_watch *watch)
{
	s->watch = *watch;
}

static void begin(struct screen *s, const struct piece *p)
{
	struct arena mem = ARENA_INIT;
	struct err ignored;
	struct head head;

	(void)head_read(&head, p->bytes, &mem, &ignored);
	if (head.cols && head.rows)
		screen_resize(s, p->boot, head.rows, head.cols);
	if (head.no_tty)
		screen_feed(s, p->boot, STR("\033[20h"));
	arena_free(&mem);
}

void screen_take(struct screen *s, const struct piece *p)
{
	/* What was begun before bytes were lost does not go on after them. */
	if (p->type == PIECE_HOLE)
		screen_feed(s, p->boot, STR("\030"));
	else if (piece_is_shown(p))
		screen_feed(s, p->boot, p->bytes);
	else if (p->type == PIECE_SIZE)
		screen_resize(s, p->boot, p->rows, p->cols);
	else if (p->type == PIECE_BEGIN)
		begin(s, p);
}

void screen_feed(struct screen *s, uint64_t time, struct str bytes)
{
	s->now = time;
	sequence_feed(&s->parser, bytes);
}

/* Rows below the cursor go, and those at the top that have no room then. */
static void fewer_rows(struct screen *s, struct plane *p, unsigned rows)
{
	unsigned keep = p->y + 1 > rows ? p->y + 1 : rows;
	unsigned out = keep - rows;

	for (unsigned y = 0; y < out; y++) {
		struct row *r = p->rows[y];

		if (p == &s->planes[0])
			r = history_push(s, y);
		else
			row_leave(s, p, y, ROW_GONE);
		row_free(r);
	}
	for (unsigned y = keep; y < s->rows; y++) {
		row_leave(s, p, y, ROW_GONE);
		row_free(p->rows[y]);
	}
	memmove(p->rows, p->rows + out, rows * sizeof *p->rows);
	memset(p->rows + rows, 0, (s->rows - rows) * sizeof *p->rows);
	p->rows[0]->wrapped = false;
	p->saved.y = p->saved.y > out ? p->saved.y - out : 0;
}

static void resize_plane(
    struct screen *s, struct plane *p, unsigned rows, unsigned cols)
{
	if (rows < s->rows)
		fewer_rows(s, p, rows);
	for (unsigned y = 0; y < rows; y++) {
		fail_if(s, row_resize(p->rows[y], s->cols, cols));
		p->rows[y]->same = 0;
	}
	p->x = p->x < cols ? p->x : cols - 1;
	p->y = p->y < rows ? p->y : rows - 1;
	p->saved.x = p->saved.x < cols ? p->saved.x : cols - 1;
	p->saved.y = p->saved.y < rows ? p->saved.y : rows - 1;
	p->top = 0;
	p->bottom = rows - 1;
}

void screen_resize(
    struct screen *s, uint64_t time, unsigned rows, unsigned cols)
{
	rows = fit(1, rows);
	cols = fit(SCREEN_MIN_COLS, cols);
	s->now = time;
	if (rows == s->rows && cols == s->cols)
		return;
	if (add_rows(&s->planes[0], rows) < 0 ||
	    add_rows(&s->planes[1], rows) < 0) {
		s->error = -ENOMEM;
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		resize_plane(s, &s->planes[i], rows, cols);
	s->rows = rows;
	s->cols = cols;
	s->joins = 0;
	plane_set_tabs(s, &s->planes[0]);
	plane_set_tabs(s, &s->planes[1]);
}

int screen_error(const struct screen *s)
{
	return s->error;
}

unsigned screen_rows(const struct screen *s)
{
	return s->rows;
}

unsigned screen_cols(const struct screen *s)
{
	return s->cols;
}

struct row *screen_row(const struct screen *s, unsigned y)
{
	return row_at(s, y);
}

struct screen_cursor screen_cursor(const struct screen *s)
{
	return (struct screen_cursor){s->p->x, s->p->y, s->modes & MODE_CURSOR};
}

bool screen_is_alternate(const struct screen *s)
{
	return s->p == &s->planes[1];
}

unsigned screen_n_history(const struct screen *s)
{
	return s->history_n;
}

const struct row *screen_history(const struct screen *s, unsigned i)
{
	return s->history[(s->history_at + i) % s->history_max];
}

bool screen_idle(const struct screen *s)
{
	return sequence_idle(&s->parser);
}
