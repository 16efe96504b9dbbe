/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes on a recorded screen, seen through a terminal of another size: that
 * is sent nothing but what view.h lists, and shows what is to be shown.
 */
#include "cli/play/view.h"

#include "cli/text/escape.h"
#include "record/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pair {
	struct view view;
	struct screen *recorded, *terminal;
	struct buf out;
	unsigned x, y; /* of the part that is seen */
};

/* SGR, or the cursor's place, or one of the fixed ones. */
static struct str behind_sequence(struct str s)
{
	static const char *const fixed[] = {"?25l", "?25h", "2J", "K"};

	if (!str_skip(&s, STR("\33[")))
		__builtin_trap();
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (str_skip(&s, str_z(fixed[i])))
			return s;
	while (s.n && ((*s.p >= '0' && *s.p <= '9') || *s.p == ';'))
		s = str_from(s, 1);
	if (s.n == 0 || (*s.p != 'm' && *s.p != 'H'))
		__builtin_trap();
	return str_from(s, 1);
}

static void check_bytes(struct str s)
{
	while (s.n) {
		int32_t c;
		size_t n = utf8_next(s, &c);

		if (c == '\33') {
			s = behind_sequence(s);
			continue;
		}
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || escape_is_hidden(c))
			__builtin_trap();
		s = str_from(s, n);
	}
}

static void check_cells(const struct pair *p)
{
	for (unsigned y = 0; y < p->view.rows; y++)
		for (unsigned x = 0; x < p->view.cols; x++) {
			struct cell c = row_cell(screen_row(p->terminal, y), x);

			if (!cell_eq(&c,
				&p->view.wanted[(size_t)y * p->view.cols + x]))
				__builtin_trap();
		}
}

static void look(struct pair *p)
{
	buf_clear(&p->out);
	view_put(&p->view, 0, p->view.rows, p->recorded, p->x, p->y);
	view_set_cursor(&p->view, screen_cursor(p->recorded));
	view_draw(&p->view, &p->out);
	check_bytes(buf_str(&p->out));
	screen_feed(p->terminal, 1, buf_str(&p->out));
	check_cells(p);
}

/* The first byte says how long a piece is, and which part is seen. */
static void take_raw(struct pair *p, const uint8_t *data, size_t size)
{
	size_t step = size ? 1u + data[0] % 32 : 1;

	p->x = size ? data[0] >> 6 : 0;
	p->y = size ? data[0] >> 5 & 1 : 0;
	for (size_t i = 1; i < size; i += step) {
		screen_feed(p->recorded, 1,
		    str_make(data + i, size - i < step ? size - i : step));
		look(p);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair p = {.view = {.utf8 = true, .color = true},
	    .recorded = screen_new(6, 14, 0),
	    .terminal = screen_new(5, 12, 0)};
	struct chunk_reader r;
	struct piece piece;

	if (!p.recorded || !p.terminal || view_resize(&p.view, 5, 12) < 0)
		__builtin_trap();
	screen_feed(p.terminal, 1, STR("\33[?7l"));
	if (!chunk_open(&r, str_make(data, size))) {
		take_raw(&p, data, size);
	} else {
		while (chunk_next(&r, &piece) > 0) {
			piece.boot = 1;
			if (piece.type != PIECE_SIZE)
				screen_take(p.recorded, &piece);
			look(&p);
		}
	}
	view_free(&p.view);
	screen_free(p.recorded);
	screen_free(p.terminal);
	buf_free(&p.out);
	return 0;
}
