/* SPDX-License-Identifier: Apache-2.0 */
/* For record/screen*.c only: what a screen is made of. */
#ifndef RECORD_SCREEN_INSIDE_H
#define RECORD_SCREEN_INSIDE_H

#include "record/screen.h"
#include "record/sequence.h"

enum screen_mode {
	MODE_INSERT = 1 << 0,
	MODE_NEWLINE = 1 << 1,
	MODE_CURSOR_KEYS = 1 << 2,
	MODE_ORIGIN = 1 << 3,
	MODE_WRAP = 1 << 4,
	MODE_BLINK = 1 << 5,
	MODE_CURSOR = 1 << 6, /* it is shown */
	MODE_KEYPAD = 1 << 7,
	MODE_FOCUS = 1 << 8,
	MODE_PASTE = 1 << 9,
};

enum charset { CHARSET_US, CHARSET_GRAPHICS, CHARSET_UK };

struct charsets {
	uint8_t g[4]; /* enum charset */
	uint8_t shift;
};

struct saved_cursor {
	unsigned x, y;
	struct pen pen;
	struct charsets charsets;
};

#define TAB_WORDS ((SCREEN_MAX + 63) / 64)

/* The primary or the alternate screen. */
struct plane {
	struct row **rows;
	unsigned x, y;
	unsigned top, bottom; /* of the scroll region */
	struct saved_cursor saved;
	uint64_t tabs[TAB_WORDS];
};

struct screen {
	struct sequence_parser parser;
	unsigned rows, cols;
	struct plane planes[2];
	struct plane *p; /* the one shown */
	struct pen pen;
	struct charsets charsets;
	uint32_t modes;
	uint16_t mouse, mouse_coding; /* numbers of their modes, 0: none */
	uint8_t cursor_style;	      /* of DECSCUSR, 0: as it was */
	/* Columns of the character just printed; 0: something came since. */
	unsigned joins;
	struct row **history; /* a ring */
	unsigned history_max, history_n, history_at;
	struct screen_watch watch;
	uint64_t now;
	/* Cells that may be written all at once, so many bytes ago. */
	int64_t credit;
	uint64_t credit_at;
	int error;
};

static inline struct row *row_at(const struct screen *s, unsigned y)
{
	return s->p->rows[y];
}

static inline void fail_if(struct screen *s, int result)
{
	if (result < 0)
		s->error = result;
}

/* Notes that a row is written, from a column on. */
static inline void touch(const struct screen *s, struct row *r, unsigned x)
{
	if (x < r->same)
		r->same = (uint16_t)x;
	r->last = s->now;
	if (r->first == 0)
		r->first = s->now;
}

/* What erased cells look like: the background of the pen. */
static inline struct pen erase_pen(const struct screen *s)
{
	return (struct pen){0, s->pen.bg & COLOR_MASK, 0};
}

/* screen.c */
void screen_reset(struct screen *s);
void screen_soft_reset(struct screen *s);
void plane_set_tabs(struct screen *s, struct plane *p);
void screen_show(struct screen *s, bool alternate);
void screen_drop_history(struct screen *s);

/* screen_move.c: the cursor, and rows as wholes. */
void cursor_restrict(struct screen *s, unsigned max_x);
void cursor_move(struct screen *s, int64_t x, int64_t y);
/* As cursor_move(), from the top margin where origin mode says so. */
void cursor_set(struct screen *s, int64_t x, int64_t y);
void cursor_save(struct screen *s);
void cursor_restore(struct screen *s);
void screen_index(struct screen *s);
void screen_reverse_index(struct screen *s);
void screen_line_feed(struct screen *s);
void screen_next_row(struct screen *s); /* the text goes on there */
/* Rows [from, to] by n; what comes in is `fill`. */
void rows_up(
    struct screen *s, unsigned from, unsigned to, unsigned n, struct pen fill);
void rows_down(
    struct screen *s, unsigned from, unsigned to, unsigned n, struct pen fill);
/* Tells who watches that row y of a plane leaves. */
void row_leave(const struct screen *s, const struct plane *p, unsigned y,
    enum row_leaves how);
void rows_clear(
    struct screen *s, const struct plane *p, unsigned y, struct pen fill);
void screen_tab(struct screen *s, bool back, unsigned n);
/* Row y of the primary screen leaves for the history; a blank one comes back.
 */
struct row *history_push(struct screen *s, unsigned y);

/* screen_credit.c */
void screen_credit_reset(struct screen *s);
/* Whether so many may be written for one sequence: then they are paid. */
bool screen_afford(struct screen *s, unsigned cells);
static inline bool screen_afford_all(struct screen *s)
{
	return screen_afford(s, s->rows * s->cols);
}
/* As a snapshot tells what is left; `behind`: its bytes that come next. */
void screen_credit_lower(struct screen *s, int32_t to);
void screen_write_credit(
    const struct screen *s, size_t behind, struct buf *out);

/* screen_print.c */
void screen_print_ascii(void *user, const char *p, size_t n);
void screen_print(void *user, uint32_t cp);
void screen_repeat(struct screen *s, unsigned n);

/* screen_csi.c, screen_mode.c, screen_pen.c */
void screen_csi(void *user, const struct sequence *q, char final);
void screen_set_modes(struct screen *s, const struct sequence *q, bool on);
void screen_set_pen(struct screen *s, const struct sequence *q);
/* The private modes that are on or off otherwise than at first. */
void screen_write_modes(const struct screen *s, struct buf *out);

#endif
