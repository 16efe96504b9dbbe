/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording as a page that plays itself: screens are made here, by our
 * terminal, so that the player only puts rows where they belong. In the page,
 * as JSON:
 *
 * segments: each begins with a blank screen of `rows` and `cols` at `t`, so it
 * is a keyframe; `frames` follow: [t, cursor's x, y, whether it is visible,
 * then pairs of row and what stands in it now]. That is the number of a row
 * of the segment that was given before, or a new one: [text, style, columns,
 * ...]. styles: [colour, background, flags], colours as -1, 0 to 255, or
 * 0x1000000 and RGB. marks: [t, text]. Times are milliseconds.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/map.h"
#include "core/event_json.h"
#include "core/json_string.h"
#include "record/format.h"
#include "record/html/player.h"
#include "record/screen.h"

#define NS_PER_MS     1000000
#define FRAME_NS      ((uint64_t)33000000) /* what comes within is one frame */
#define SEGMENT_BYTES ((size_t)256 << 10)

enum style_flags {
	BOLD = 1,
	DIM = 2,
	ITALIC = 4,
	BLINK = 8,
	INVERSE = 16,
	INVISIBLE = 32,
	STRIKE = 64,
	OVERLINE = 128,
	UNDERLINE = 256,
};

struct page {
	struct screen *screen; /* NULL: no memory */
	struct buf *out;
	struct buf frames; /* JSON that is not escaped for the page yet */
	size_t segment;	   /* bytes of its frames so far */
	struct buf marks;
	struct buf row, text; /* the row at work, and the text of a run */
	struct intern rows;   /* of the segment */
	struct intern styles; /* struct style */
	uint32_t base;	      /* tags of rows up to it are of segments before */
	uint32_t stands[SCREEN_MAX]; /* number of row + 1; 0: blank */
	struct screen_cursor cursor;
	unsigned n_rows, n_cols; /* of the segment; 0: there is none yet */
	uint64_t boot;		 /* of the begin */
	uint64_t first, last;	 /* pieces of the frame at work */
	bool waits;		 /* there is such a frame */
};

struct style {
	int32_t fg, bg;
	uint32_t flags;
};

/* It stands between tags of the page, where '<' could end it. */
static void put_json(struct page *p, struct buf *json)
{
	struct str rest = buf_str(json), part;

	if (buf_error(json) && !p->out->error)
		p->out->error = buf_error(json);
	while (rest.n) {
		size_t at = str_find_char(rest, '<');

		part = str_upto(rest, at == STR_NPOS ? rest.n : at);
		buf_add_str(p->out, part);
		rest = str_from(rest, part.n);
		if (rest.n) {
			buf_add_z(p->out, "\\u003c");
			rest = str_from(rest, 1);
		}
	}
	buf_clear(json);
}

static uint64_t ms(const struct page *p, uint64_t boot)
{
	return boot > p->boot ? (boot - p->boot) / NS_PER_MS : 0;
}

/* What reorders or hides text has no place in a grid of cells. */
static bool is_shown(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200b, 0x200f},
	    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
	    {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	return true;
}

static void add_code(struct buf *b, uint32_t code)
{
	char bytes[4];

	if (is_shown(code))
		buf_add(b, bytes, utf8_encode(code, bytes));
}

static void add_cell(struct buf *b, const struct cell *c)
{
	add_code(b, c->code & CELL_CODE);
	for (uint64_t marks = c->marks; marks; marks >>= CELL_MARK_BITS)
		add_code(b, (uint32_t)(marks & CELL_CODE));
}

static int32_t color(uint32_t c)
{
	uint32_t value = c & COLOR_VALUE;

	if ((c & COLOR_KIND) == COLOR_RGB)
		return (int32_t)(0x1000000 | value);
	return (c & COLOR_KIND) == COLOR_INDEXED ? (int32_t)(value & 0xff) : -1;
}

static uint32_t style_of(struct page *p, struct pen pen)
{
	static const struct {
		uint32_t in, flag;
	} front[] = {{PEN_BOLD, BOLD}, {PEN_DIM, DIM}, {PEN_ITALIC, ITALIC},
	    {PEN_BLINK, BLINK}, {PEN_INVERSE, INVERSE},
	    {PEN_INVISIBLE, INVISIBLE}},
	  back[] = {{PEN_STRIKE, STRIKE}, {PEN_OVERLINE, OVERLINE},
	      {PEN_UNDERLINE, UNDERLINE}};
	struct style s = {.fg = color(pen.fg), .bg = color(pen.bg)};

	for (size_t i = 0; i < sizeof front / sizeof *front; i++)
		s.flags |= pen.fg & front[i].in ? front[i].flag : 0;
	for (size_t i = 0; i < sizeof back / sizeof *back; i++)
		s.flags |= pen.bg & back[i].in ? back[i].flag : 0;
	return intern_add(&p->styles, str_make((const char *)&s, sizeof s));
}

static void end_run(struct page *p, uint32_t style, unsigned columns)
{
	if (columns == 0)
		return;
	if (p->row.n > 1)
		buf_add_char(&p->row, ',');
	json_add_string(&p->row, buf_str(&p->text));
	buf_printf(&p->row, ",%u,%u", style, columns);
	buf_clear(&p->text);
}

/* Runs of one style, wide characters apart: each begins at its column. */
static void describe_row(struct page *p, const struct row *r)
{
	unsigned n = r->fill ? p->n_cols : r->used, columns = 0;
	uint32_t style = 0;
	bool wide = false;

	buf_clear(&p->row);
	buf_add_char(&p->row, '[');
	for (unsigned x = 0; x < n; x++) {
		const struct cell c = row_cell(r, x);
		bool is_wide = c.code & CELL_WIDE;
		uint32_t next;

		if (c.code == 0)
			continue;
		next = style_of(p, c.pen);
		if (next != style || is_wide != wide || c.marks) {
			end_run(p, style, columns);
			columns = 0;
		}
		style = next;
		wide = is_wide;
		add_cell(&p->text, &c);
		columns += is_wide ? 2 : 1;
	}
	end_run(p, style, columns);
	buf_add_char(&p->row, ']');
}

/* The row's number in the segment; *ret_new: it was not given before. */
static uint32_t number_of(struct page *p, struct row *r, bool *ret_new)
{
	uint32_t n = p->rows.n, number;

	*ret_new = false;
	if (r->same == ROW_SEEN && r->tag > p->base)
		return r->tag - p->base - 1;
	describe_row(p, r);
	number = intern_add(&p->rows, buf_str(&p->row));
	if (number == INTERN_NONE || buf_error(&p->row)) {
		p->out->error = -ENOMEM;
		return 0;
	}
	*ret_new = p->rows.n > n;
	r->tag = p->base + number + 1;
	r->same = ROW_SEEN;
	return number;
}

static void end_segment(struct page *p)
{
	if (p->n_rows)
		buf_add_z(&p->frames, "]}");
	put_json(p, &p->frames);
}

static void begin_segment(struct page *p, uint64_t t)
{
	bool first = p->n_rows == 0;

	end_segment(p);
	p->n_rows = screen_rows(p->screen);
	p->n_cols = screen_cols(p->screen);
	p->base += p->rows.n;
	intern_clear(&p->rows);
	memset(p->stands, 0, sizeof p->stands);
	p->segment = 0;
	buf_printf(&p->frames,
	    "%s{\"t\":%llu,\"rows\":%u,\"cols\":%u,\"frames\":[",
	    first ? "" : ",\n", (unsigned long long)t, p->n_rows, p->n_cols);
}

/* What became different since the last frame. */
static void add_frame(struct page *p)
{
	struct screen_cursor c = screen_cursor(p->screen);
	uint64_t t = ms(p, p->last);
	bool fresh = p->n_rows != screen_rows(p->screen) ||
		     p->n_cols != screen_cols(p->screen) ||
		     p->segment > SEGMENT_BYTES;
	size_t before;
	bool is_new;

	p->waits = false;
	if (fresh)
		begin_segment(p, t);
	before = p->frames.n;
	buf_printf(&p->frames, "%s[%llu,%u,%u,%d", fresh ? "" : ",",
	    (unsigned long long)t, c.x < p->n_cols ? c.x : p->n_cols - 1, c.y,
	    c.visible);
	for (unsigned y = 0; y < p->n_rows; y++) {
		uint32_t number =
		    number_of(p, screen_row(p->screen, y), &is_new);

		if (p->stands[y] == number + 1)
			continue;
		p->stands[y] = number + 1;
		buf_printf(&p->frames, ",%u,", y);
		if (is_new)
			buf_add_str(&p->frames, buf_str(&p->row));
		else
			buf_add_u64(&p->frames, number);
	}
	buf_add_char(&p->frames, ']');
	p->segment += p->frames.n - before;
	put_json(p, &p->frames);
}

__attribute__((format(printf, 3, 4))) static void add_mark(
    struct page *p, const struct piece *piece, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_printf(&p->marks, "%s[%llu,", p->marks.n ? ",\n" : "",
	    (unsigned long long)ms(p, piece->boot));
	json_add_string(&p->marks, str_z(text));
	buf_add_char(&p->marks, ']');
}

static void note_piece(struct page *p, const struct piece *piece)
{
	switch (piece->type) {
	case PIECE_MARK:
		add_mark(p, piece, "%.*s", STR_ARG(piece->bytes));
		break;
	case PIECE_MASKED:
		add_mark(p, piece, "(typed without echo: not kept)");
		break;
	case PIECE_HOLE:
		add_mark(p, piece, "(output is missing here: %llu bytes)",
		    (unsigned long long)piece->lost);
		break;
	case PIECE_LEFT_OUT:
		add_mark(p, piece, "(output left out: %llu bytes)",
		    (unsigned long long)piece->lost);
		break;
	case PIECE_EXIT:
		add_mark(p, piece, "(exit status %u)", piece->status);
		break;
	default:
		break;
	}
}

static void add_text(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "\"%s\":", key);
	json_add_string(b, value);
	buf_add_char(b, ',');
}

static void begin(void *state, struct format_files *files,
    const struct head *head, uint64_t boot)
{
	struct page *p = state;
	struct buf json = BUF_INIT;

	p->out = &files->part[0];
	p->rows = p->styles = INTERN_INIT;
	p->boot = boot;
	p->screen = screen_new(
	    head->rows ? head->rows : 24, head->cols ? head->cols : 80, 0);
	if (!p->screen || style_of(p, (struct pen){0, 0, 0}) != 0) {
		p->out->error = -ENOMEM;
		return;
	}
	buf_add_z(p->out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src '" PLAYER_CSS_HASH
	    "'; script-src '" PLAYER_JS_HASH "'\">\n"
	    "<title>Recording</title>\n<style>");
	buf_add(p->out, player_css, sizeof player_css);
	buf_add_z(p->out, "</style>\n<body>\n<noscript>It is played by the "
			  "script in this page.</noscript>\n"
			  "<script type=\"application/json\" id=\"recording\">"
			  "{");
	add_text(&json, "title", head->title);
	add_text(&json, "host", head->host);
	add_text(&json, "user", head->user);
	add_text(&json, "tty", head->tty);
	add_text(&json, "command", head->command);
	buf_printf(&json, "\"start\":%lld,\n\"segments\":[",
	    (long long)(head->time / NS_PER_MS));
	put_json(p, &json);
	buf_free(&json);
	p->waits = true;
	p->first = p->last = boot;
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *piece)
{
	struct page *p = state;
	struct piece now = *piece;

	(void)files;
	if (!p->screen || p->out->error)
		return;
	if (p->waits && now.boot > p->first && now.boot - p->first >= FRAME_NS)
		add_frame(p);
	note_piece(p, piece);
	if (!p->waits)
		p->first = now.boot;
	if (now.boot > p->last)
		p->last = now.boot;
	p->waits = true;
	/* Times of a screen are any but 0. */
	now.boot = now.boot ? now.boot : 1;
	screen_take(p->screen, &now);
	if (screen_error(p->screen) < 0)
		p->out->error = screen_error(p->screen);
}

static void add_styles(struct page *p, struct buf *json)
{
	for (uint32_t i = 0; i < p->styles.n; i++) {
		struct style s;

		memcpy(&s, intern_str(&p->styles, i).p, sizeof s);
		buf_printf(
		    json, "%s[%d,%d,%u]", i ? "," : "", s.fg, s.bg, s.flags);
	}
}

static void end(void *state, struct format_files *files)
{
	struct page *p = state;
	struct buf json = BUF_INIT;

	(void)files;
	if (!p->screen || p->out->error)
		return;
	if (p->waits)
		add_frame(p);
	end_segment(p);
	buf_add_z(&json, "],\n\"marks\":[");
	buf_add_str(&json, buf_str(&p->marks));
	buf_add_z(&json, "],\n\"styles\":[");
	add_styles(p, &json);
	buf_printf(&json, "],\n\"duration\":%llu}",
	    (unsigned long long)ms(p, p->last));
	put_json(p, &json);
	buf_free(&json);
	buf_add_z(p->out, "</script>\n<script>");
	buf_add(p->out, player_js, sizeof player_js);
	buf_add_z(p->out, "</script>\n</body>\n</html>\n");
}

static void free_state(void *state)
{
	struct page *p = state;

	screen_free(p->screen);
	buf_free(&p->frames);
	buf_free(&p->marks);
	buf_free(&p->row);
	buf_free(&p->text);
	intern_free(&p->rows);
	intern_free(&p->styles);
}

static const struct format_writer writer = {
    .size = sizeof(struct page),
    .begin = begin,
    .piece = add_piece,
    .end = end,
    .free = free_state,
};

const struct format format_html = {
    .name = "html",
    .help = "a page that plays itself in a browser",
    .marks = true,
    .writer = &writer,
};
