/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows the screen after pieces of a recording, for who compares it with
 * another terminal: a line of JSON after each STEP-th piece and the last one.
 *
 * usage: screen_dump CHUNK-FILE STEP [HISTORY]
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/json_string.h"
#include "record/chunk.h"
#include "record/screen.h"

#define FILE_MAX (8 << 20)

/* No control character gets into a cell. */
static void add_string(struct buf *b, struct str s)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, s.p[i]);
	}
	buf_add_char(b, '"');
}

/* A run of cells that look alike: [columns, text, fg, bg, flags]. */
static void add_run(struct buf *b, unsigned n, struct str text, struct pen pen)
{
	if (b->p[b->n - 1] != '[')
		buf_add_char(b, ',');
	buf_printf(b, "[%u,", n);
	add_string(b, text);
	buf_printf(b, ",%u,%u,%u,%u]", pen.fg & COLOR_MASK, pen.bg & COLOR_MASK,
	    pen.fg & ~COLOR_MASK,
	    (pen.bg & ~COLOR_MASK & ~PEN_PROTECTED) >> 24);
}

static void add_cell_text(struct buf *b, const struct cell *c)
{
	char text[4];

	if (c->code == 0)
		return;
	buf_add(b, text, utf8_encode(c->code & CELL_CODE, text));
	for (uint64_t m = c->marks; m; m >>= CELL_MARK_BITS)
		buf_add(b, text, utf8_encode((uint32_t)m & CELL_CODE, text));
}

static void add_row(struct buf *b, const struct row *r, unsigned cols)
{
	struct pen pen = row_cell(r, 0).pen;
	struct buf text = BUF_INIT;
	unsigned from = 0;

	buf_add_char(b, '[');
	for (unsigned x = 0; x < cols; x++) {
		struct cell c = row_cell(r, x);

		c.pen.line = 0;
		if (!pen_eq(c.pen, pen)) {
			add_run(b, x - from, buf_str(&text), pen);
			buf_clear(&text);
			from = x;
			pen = c.pen;
		}
		add_cell_text(&text, &c);
	}
	add_run(b, cols - from, buf_str(&text), pen);
	buf_add_char(b, ']');
	buf_free(&text);
}

static void show(const struct screen *s, unsigned n, struct buf *b)
{
	struct screen_cursor c = screen_cursor(s);

	buf_clear(b);
	buf_printf(b,
	    "{\"piece\":%u,\"x\":%u,\"y\":%u,\"alt\":%s,\"history\":[", n, c.x,
	    c.y, screen_is_alternate(s) ? "true" : "false");
	for (unsigned i = 0; i < screen_n_history(s); i++) {
		struct buf text = BUF_INIT;

		row_text(screen_history(s, i), &text);
		if (i)
			buf_add_char(b, ',');
		add_string(b, buf_str(&text));
		buf_free(&text);
	}
	buf_add_z(b, "],\"rows\":[");
	for (unsigned y = 0; y < screen_rows(s); y++) {
		if (y)
			buf_add_char(b, ',');
		add_row(b, screen_row(s, y), screen_cols(s));
	}
	buf_add_z(b, "]}\n");
	fwrite(b->p, 1, b->n, stdout);
}

static void replay(struct chunk_reader *r, unsigned step, unsigned history)
{
	struct screen *s = NULL;
	struct buf b = BUF_INIT;
	unsigned n = 0;
	struct piece p;

	while (chunk_next(r, &p) > 0) {
		if (!s && p.type == PIECE_SIZE)
			s = screen_new(p.rows, p.cols, history);
		else if (!s)
			s = screen_new(24, 80, history);
		if (!s)
			abort();
		if (p.type == PIECE_OUTPUT)
			screen_feed(s, p.boot, p.bytes);
		else if (p.type == PIECE_SIZE)
			screen_resize(s, p.boot, p.rows, p.cols);
		if (++n % step == 0 || r->rest.n == 0)
			show(s, n, &b);
	}
	buf_free(&b);
	screen_free(s);
}

int main(int argc, char **argv)
{
	FILE *f = argc > 2 ? fopen(argv[1], "rb") : NULL;
	char *bytes = malloc(FILE_MAX);
	struct chunk_reader r;
	uint64_t step, history = 0;

	if (!f || !bytes || !str_u64(str_z(argv[2]), &step) || step == 0 ||
	    (argc > 3 && !str_u64(str_z(argv[3]), &history))) {
		fputs("usage: screen_dump CHUNK-FILE STEP [HISTORY]\n", stderr);
		return 2;
	}
	if (!chunk_open(&r, str_make(bytes, fread(bytes, 1, FILE_MAX, f)))) {
		fprintf(stderr, "%s: no chunk of a recording\n", argv[1]);
		return 1;
	}
	replay(&r, (unsigned)step, (unsigned)history);
	fclose(f);
	free(bytes);
	return 0;
}
