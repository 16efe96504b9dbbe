/* SPDX-License-Identifier: Apache-2.0 */
#include "record/veil_line.h"

#include <errno.h>
#include <stdlib.h>

#include "record/width.h"

/* As long as a block of core/mask.h may be. */
#define BLOCK_MAX  ((unsigned)64 << 10)
#define KEY_WORD   16
#define TAB_STOP   8
/*
 * A line that is written over again and again is looked at so often that this
 * takes no more than so many times what reading it does.
 */
#define SHORT_LINE 256
#define LOOK_RATIO 64

static bool is_blank(const struct veil_cell *c)
{
	return c->n_bytes == 0 || (c->n_bytes == 1 && *c->bytes == ' ');
}

/* The text of the line, a blank where nothing was written. */
static struct str make_text(struct veil_line *l)
{
	buf_clear(&l->text);
	for (size_t i = 0; i < l->n; i++)
		buf_add(&l->text, l->cells[i].bytes, l->cells[i].n_bytes);
	if (buf_error(&l->text))
		l->error = -ENOMEM;
	memset(l->marks, 0, l->text.n);
	return buf_str(&l->text);
}

/* Whether a line can be one of a key: base64, whatever stands before it. */
static bool is_of_key(struct str line)
{
	struct str word, rest = str_trim(line);
	size_t n = 0;

	if (str_starts(rest, STR("Proc-Type:")) ||
	    str_starts(rest, STR("DEK-Info:")))
		return true;
	for (word = rest; rest.n; n++) {
		str_cut(&rest, ' ', &word);
		rest = str_trim(rest);
	}
	for (size_t i = 0; i < word.n; i++)
		if (!mask_is_token(word.p[i]))
			return false;
	return n <= 1 || word.n >= KEY_WORD;
}

/* The rest of a block that began in a line before. */
static void mark_block(struct veil_line *l, struct str text)
{
	size_t end = str_find(text, STR("-----END"));

	if (end == STR_NPOS && !is_of_key(text)) {
		l->block = 0;
		return;
	}
	memset(l->marks, 1, end == STR_NPOS ? text.n : end);
	/* It is one secret, whatever number of lines it has. */
	for (size_t i = 0; i < l->n && l->block > 1; i++)
		l->cells[i].counted = true;
}

/* What began in a part of the line that is gone. */
static void mark_running(struct veil_line *l, struct str text)
{
	for (size_t i = 0; i < text.n && text.p[i] != ' '; i++)
		l->marks[i] = 1;
}

/* Hide cells [from, to), which are one secret. */
static void hide(struct veil_line *l, size_t from, size_t to)
{
	bool counted = false;

	for (size_t i = from; i < to; i++)
		counted |= l->cells[i].counted;
	if (!counted)
		l->hides = l->ops->hide(l->ops->user);
	for (size_t i = from; i < to; i++) {
		struct veil_cell *c = &l->cells[i];

		if (!c->hidden && l->hides)
			l->ops->cell(l->ops->user, c);
		c->hidden = c->counted = true;
	}
}

static void hide_marked(struct veil_line *l)
{
	size_t from = 0, byte = 0;
	bool before = false;

	for (size_t i = 0; i < l->n; i++) {
		/* A right half is as its left one. */
		bool marked = l->cells[i].n_bytes ? l->marks[byte] : before;

		if (marked && !before)
			from = i;
		if (!marked && before)
			hide(l, from, i);
		byte += l->cells[i].n_bytes;
		before = marked;
	}
	if (before)
		hide(l, from, l->n);
}

/* True: a block has begun, and goes on in the next line. */
static bool look(struct veil_line *l)
{
	struct str text = make_text(l);
	bool open;

	if (l->error)
		return false;
	open = mask_mark(l->mask, text, l->marks);
	if (l->block)
		mark_block(l, text);
	if (l->runs)
		mark_running(l, text);
	hide_marked(l);
	for (size_t i = 0; i < l->n; i++)
		l->cells[i].seen = true;
	l->written = 0;
	return open;
}

void veil_line_look(struct veil_line *l)
{
	if (l->written)
		look(l);
}

void veil_line_end(struct veil_line *l)
{
	bool open = l->n && look(l);
	bool ended = str_find(buf_str(&l->text), STR("-----END")) != STR_NPOS;

	if (open)
		l->block = 1;
	else if (l->block && l->n)
		l->block = ended || l->block > BLOCK_MAX
			       ? 0
			       : l->block + (unsigned)l->n;
	l->n = l->x = 0;
	l->runs = false;
	l->from = UINT64_MAX;
}

void veil_line_cut(struct veil_line *l)
{
	veil_line_end(l);
	/* CAN: neither does a sequence that was begun. */
	sequence_feed(&l->parser, STR("\030"));
}

/* Something that stands there is about to be lost. */
static void lose(struct veil_line *l)
{
	if (l->written &&
	    (l->n <= SHORT_LINE || l->written * LOOK_RATIO >= l->n))
		look(l);
}

/* The cursor finds no more room: the end of the line stays, so that rules see
 * it. */
static void slide(struct veil_line *l)
{
	const size_t gone = l->n - VEIL_LINE_KEPT;

	look(l);
	l->runs = l->cells[gone - 1].hidden && l->cells[gone].hidden;
	memmove(l->cells, l->cells + gone, VEIL_LINE_KEPT * sizeof *l->cells);
	l->n = VEIL_LINE_KEPT;
	l->x -= gone;
	l->from = UINT64_MAX;
	for (size_t i = 0; i < l->n && l->from == UINT64_MAX; i++)
		if (l->cells[i].n)
			l->from = l->cells[i].at;
}

static void put(struct veil_line *l, struct veil_cell c)
{
	if (l->x == VEIL_LINE_MAX)
		slide(l);
	if (l->x < l->n) {
		struct veil_cell *old = &l->cells[l->x];

		if (!old->seen && !is_blank(old))
			lose(l);
		c.counted = old->counted;
	}
	l->cells[l->x++] = c;
	if (l->x > l->n)
		l->n = l->x;
	if (c.n && l->from == UINT64_MAX)
		l->from = c.at;
	l->written++;
}

static void put_blank(struct veil_line *l)
{
	put(l, (struct veil_cell){.bytes = " ", .n_bytes = 1});
}

static void move_to(struct veil_line *l, size_t x)
{
	x = x < VEIL_LINE_MAX ? x : VEIL_LINE_MAX - 1;
	if (x > l->n)
		for (l->x = l->n; l->x < x;)
			put_blank(l);
	l->x = x;
}

/* The column at which the row of the cursor begins. */
static size_t row_begin(const struct veil_line *l)
{
	size_t x = l->x;

	if (l->cols == 0 || x == 0)
		return 0;
	/* Behind the last column it is still in that row. */
	return (x == l->n && x % l->cols == 0 ? x - 1 : x) / l->cols * l->cols;
}

static void erase(struct veil_line *l, size_t from, size_t to)
{
	to = to < l->n ? to : l->n;
	if (from >= to)
		return;
	lose(l);
	if (to == l->n) {
		l->n = from > l->x ? from : l->x < l->n ? l->x : l->n;
		to = l->n;
	}
	for (size_t i = from; i < to; i++)
		l->cells[i] = (struct veil_cell){.bytes = " ", .n_bytes = 1};
}

static void cut_out(struct veil_line *l, size_t n)
{
	if (l->x >= l->n)
		return;
	n = n < l->n - l->x ? n : l->n - l->x;
	lose(l);
	memmove(l->cells + l->x, l->cells + l->x + n,
	    (l->n - l->x - n) * sizeof *l->cells);
	l->n -= n;
	l->written++;
}

static void make_room(struct veil_line *l, size_t n)
{
	if (l->x >= l->n || n > VEIL_LINE_MAX - l->n)
		return;
	memmove(l->cells + l->x + n, l->cells + l->x,
	    (l->n - l->x) * sizeof *l->cells);
	for (size_t i = l->x; i < l->x + n; i++)
		l->cells[i] = (struct veil_cell){.bytes = " ", .n_bytes = 1};
	l->n += n;
	l->written++;
}

static void on_ascii(void *user, const char *p, size_t n)
{
	struct veil_line *l = user;

	for (size_t i = 0; i < n; i++)
		put(l, (struct veil_cell){.at = l->at + i,
			   .n = 1,
			   .cols = 1,
			   .bytes = {p[i]},
			   .n_bytes = 1});
}

static void add_bytes(struct veil_cell *c, uint32_t cp)
{
	if (cp < 0x800) {
		c->bytes[c->n_bytes++] = (char)(0xc0 | cp >> 6);
	} else if (cp < 0x10000) {
		c->bytes[c->n_bytes++] = (char)(0xe0 | cp >> 12);
		c->bytes[c->n_bytes++] = (char)(0x80 | (cp >> 6 & 0x3f));
	} else {
		c->bytes[c->n_bytes++] = (char)(0xf0 | cp >> 18);
		c->bytes[c->n_bytes++] = (char)(0x80 | (cp >> 12 & 0x3f));
		c->bytes[c->n_bytes++] = (char)(0x80 | (cp >> 6 & 0x3f));
	}
	c->bytes[c->n_bytes++] = (char)(0x80 | (cp & 0x3f));
}

/* How many bytes were taken for a character: what is broken, or complete. */
static uint8_t length_read(const struct veil_line *l, uint32_t cp)
{
	size_t n = (size_t)(l->at - l->begun);

	if (cp != 0xfffd || n == 0 || (n == 2 && l->byte == (char)0xbd))
		return (uint8_t)(n + 1);
	return (uint8_t)n;
}

static void on_character(void *user, uint32_t cp)
{
	struct veil_line *l = user;
	struct veil_cell c = {.at = l->begun,
	    .n = length_read(l, cp),
	    .cols = (uint8_t)width_of(cp)};

	l->begun = l->at;
	if (c.cols == 0 && l->x > 0) {
		struct veil_cell *on = &l->cells[l->x - 1];

		/* It goes with the letter that it stands on. */
		if (on->n && on->at + on->n == c.at && on->n < 250)
			on->n = (uint8_t)(on->n + c.n);
		return;
	}
	add_bytes(&c, cp);
	put(l, c);
	if (c.cols == 2)
		put(l, (struct veil_cell){.n = 0});
}

static void on_control(void *user, uint32_t code)
{
	struct veil_line *l = user;

	switch (code) {
	case '\r':
		if (l->typed)
			veil_line_end(l);
		else
			l->x = row_begin(l);
		break;
	case '\b':
		l->x -= l->x > 0;
		if (l->typed)
			erase(l, l->x, l->n);
		break;
	case '\t':
		move_to(l, (l->x / TAB_STOP + 1) * TAB_STOP);
		break;
	case '\n':
	case '\v':
	case '\f':
	case 0x84: /* IND */
	case 0x85: /* NEL */
	case 0x8d: /* RI */
		veil_line_end(l);
		break;
	default:
		break;
	}
}

static void on_escape(void *user, const struct sequence *s, char final)
{
	if (s->marks == 0 && strchr("8DEMc", final))
		veil_line_end(user);
}

static void erase_line(struct veil_line *l, int32_t how)
{
	erase(l, how == 0 ? l->x : 0, how == 1 ? l->x + 1 : l->n);
}

static void on_csi(void *user, const struct sequence *s, char final)
{
	struct veil_line *l = user;
	size_t n = (size_t)sequence_param(s, 0, 1);

	if (s->marks)
		return;
	n = n < VEIL_LINE_MAX ? n : VEIL_LINE_MAX;
	switch (final) {
	case 'C':
	case 'a':
		move_to(l, l->x + n);
		break;
	case 'D':
		l->x -= n < l->x ? n : l->x;
		break;
	case 'G':
	case '`':
		move_to(l, row_begin(l) + n - 1);
		break;
	case 'K':
		erase_line(l, sequence_param(s, 0, 0));
		break;
	case 'P':
		cut_out(l, n);
		break;
	case '@':
		make_room(l, n);
		break;
	case 'X':
		erase(l, l->x, l->x + n);
		break;
	case 'J':
		if (sequence_param(s, 0, 0) == 0)
			erase_line(l, 0);
		else
			veil_line_end(l);
		break;
	default:
		if (strchr("ABEFHfdeLMSTru", final))
			veil_line_end(l);
	}
}

static void on_string(void *user)
{
	(void)user;
}

static const struct sequence_ops ops = {
    on_ascii, on_character, on_control, on_escape, on_csi, on_string};

static size_t printable(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f)
		n++;
	return n;
}

/* A byte at a time, so that it is known which one a character is of. */
static void feed_byte(struct veil_line *l, char c)
{
	if (l->parser.n_tail == 0)
		l->begun = l->at;
	l->byte = c;
	if (l->typed && c == 0x7f)
		c = '\b';
	sequence_feed(&l->parser, str_make(&c, 1));
	if (l->parser.n_tail == 1)
		l->begun = l->at;
}

void veil_line_feed(struct veil_line *l, uint64_t at, struct str bytes)
{
	l->at = at;
	while (bytes.n && !l->error) {
		size_t n = sequence_idle(&l->parser) ? printable(bytes) : 0;

		if (n)
			on_ascii(l, bytes.p, n);
		else
			feed_byte(l, *bytes.p);
		n = n ? n : 1;
		l->at += n;
		bytes = str_from(bytes, n);
	}
}

int veil_line_init(struct veil_line *l, const struct mask *m,
    const struct veil_line_ops *line_ops, bool typed)
{
	l->mask = m;
	l->ops = line_ops;
	l->typed = typed;
	l->from = UINT64_MAX;
	l->text = BUF_INIT;
	sequence_init(&l->parser, &ops, l);
	l->cells = calloc(VEIL_LINE_MAX, sizeof *l->cells);
	l->marks = malloc(VEIL_LINE_MAX * sizeof l->cells->bytes);
	return l->cells && l->marks ? 0 : -ENOMEM;
}

void veil_line_free(struct veil_line *l)
{
	free(l->cells);
	free(l->marks);
	buf_free(&l->text);
}
