/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttyrec(1): frames of a time (seconds and microseconds since 1970), a length
 * (three little-endian numbers of 32 bits) and bytes of the output. No sizes:
 * by convention (ipbt, asciinema-player) the first frame may say it, as
 * ESC [ 8 ; ROWS ; COLS t. The Bastion's ttyrec keeps bits 32 to 43 of the
 * seconds above the 20 bits that microseconds need.
 */
#include <stdio.h>

#include "record/reading.h"

#define HEAD_BYTES 12
#define FRAME_MAX  ((size_t)4 << 20)
/* 1990 and 2100: what is believed to be a time. */
#define TIME_FIRST INT64_C(631152000)
#define TIME_LAST  INT64_C(4102444800)

/* Behind damage: so long a frame, and so much later, is one believed to be. */
#define FOUND_MAX  ((size_t)64 << 10)
#define FOUND_TIME (INT64_C(86400) * (int64_t)NS_PER_S)

struct ttyrec {
	struct reading r; /* first */
	bool begun;
	bool lost;     /* behind damage: where is the next frame? */
	int64_t start; /* nanoseconds since 1970 */
};

struct frame {
	int64_t time; /* nanoseconds since 1970 */
	size_t n;
};

static uint32_t get_u32(const char *p)
{
	const uint8_t *u = (const uint8_t *)p;

	return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 |
	       (uint32_t)u[3] << 24;
}

/* False: these bytes are the head of no frame. */
static bool get_frame(struct str s, struct frame *ret)
{
	uint32_t us = get_u32(s.p + 4);
	int64_t sec = (int64_t)get_u32(s.p) | (int64_t)(us >> 20) << 32;

	us &= 0xfffff;
	ret->n = get_u32(s.p + 8);
	ret->time = 0;
	if (sec < 0 || sec > TIME_LAST || us >= 1000000 || ret->n > FRAME_MAX)
		return false;
	ret->time = sec * (int64_t)NS_PER_S + (int64_t)us * (int64_t)NS_PER_US;
	return true;
}

static int probe(struct str head, const char *name, unsigned *ret_part)
{
	struct frame f;
	int frames = 0;

	while (head.n >= HEAD_BYTES && frames < 3) {
		if (!get_frame(head, &f) ||
		    f.time < TIME_FIRST * (int64_t)NS_PER_S)
			return 0;
		head = str_from(head, HEAD_BYTES + f.n);
		frames++;
	}
	return frames == 0 ? 0 : frames == 1 ? 60 : 85;
}

/* Whether s is the sequence that says a size, and nothing else. */
static bool is_size(struct str s, uint16_t *ret_cols, uint16_t *ret_rows)
{
	struct str rows;
	uint64_t r, c;

	if (!str_skip(&s, STR("\033[8;")) || !str_chop(&s, STR("t")) ||
	    !str_cut(&s, ';', &rows) || !str_u64(rows, &r) || !str_u64(s, &c) ||
	    r > UINT16_MAX || c > UINT16_MAX)
		return false;
	*ret_cols = (uint16_t)c;
	*ret_rows = (uint16_t)r;
	return true;
}

static int take_frame(struct ttyrec *t, const struct frame *f, struct str bytes,
    struct format_sink *sink)
{
	int r = 0;

	if (!t->begun) {
		struct head h = HEAD_NONE;

		t->begun = true;
		t->start = h.time = f->time;
		if (is_size(bytes, &h.cols, &h.rows))
			bytes = STR_NONE;
		r = sink->begin(sink, 0, &h);
	}
	/* A clock that was set back holds the time, as in all formats. */
	if (f->time - t->start > (int64_t)t->r.now)
		t->r.now = (uint64_t)(f->time - t->start);
	return r < 0 ? r : reading_bytes(&t->r, sink, 0, PIECE_OUTPUT, bytes);
}

static bool is_later(const struct ttyrec *t, const struct frame *f)
{
	int64_t now = t->start + (int64_t)t->r.now;

	return t->begun ? f->time >= now && f->time - now < FOUND_TIME
			: f->time >= TIME_FIRST * (int64_t)NS_PER_S;
}

/* Whether a frame stands here, and behind it another one or the end. */
static bool is_found(const struct ttyrec *t, struct str s)
{
	struct frame f;

	for (int i = 0; i < 2; i++) {
		if (s.n < HEAD_BYTES || !get_frame(s, &f) || f.n > FOUND_MAX ||
		    !is_later(t, &f))
			return i == 1 && s.n == 0;
		if (s.n < HEAD_BYTES + f.n)
			return i == 1;
		s = str_from(s, HEAD_BYTES + f.n);
	}
	return true;
}

/* Passes over what is no frame; t->lost: there is none in all that is there. */
static int find_frame(
    struct ttyrec *t, struct str *rest, bool last, struct format_sink *sink)
{
	const size_t ahead = last ? HEAD_BYTES : FOUND_MAX + 2 * HEAD_BYTES;
	struct piece hole = {.type = PIECE_HOLE};
	size_t n = 0;

	while (rest->n - n >= ahead && !is_found(t, str_from(*rest, n)))
		n++;
	t->lost = rest->n - n < ahead;
	*rest = str_from(*rest, n);
	t->r.offset += n;
	return t->lost || !t->begun ? 0 : reading_piece(&t->r, sink, 0, &hole);
}

/* All frames that are there; what is left over is in *rest. */
static int take_frames(
    struct ttyrec *t, struct str *rest, bool last, struct format_sink *sink)
{
	struct frame f;
	int r = 0;

	while (rest->n >= HEAD_BYTES && r == 0) {
		if (t->lost) {
			r = find_frame(t, rest, last, sink);
			if (t->lost)
				break;
			continue;
		}
		if (!get_frame(*rest, &f)) {
			t->lost = true;
			reading_skip(&t->r, sink,
			    "a frame: its time, its length of at most 4 MiB",
			    STR_NONE);
			continue;
		}
		if (rest->n - HEAD_BYTES < f.n)
			break;
		r = take_frame(
		    t, &f, str_upto(str_from(*rest, HEAD_BYTES), f.n), sink);
		*rest = str_from(*rest, HEAD_BYTES + f.n);
		t->r.offset += HEAD_BYTES + f.n;
	}
	return r;
}

static ssize_t feed(
    void *state, struct str data, bool last, struct format_sink *sink)
{
	struct str rest = data;
	struct ttyrec *t = state;
	struct frame f;
	int r = take_frames(t, &rest, last, sink);

	if (r < 0)
		return r;
	if (!last)
		return (ssize_t)(data.n - rest.n);
	if (rest.n && !t->lost) {
		reading_skip(&t->r, sink,
		    "a frame: its time, its length, and so many bytes",
		    STR_NONE);
		/* What is there of the last frame. */
		if (rest.n > HEAD_BYTES && get_frame(rest, &f))
			r = take_frame(t, &f, str_from(rest, HEAD_BYTES), sink);
	}
	return r < 0 ? r : (ssize_t)data.n;
}

struct writing {
	int64_t time; /* of the begin, nanoseconds since 1970 */
	uint64_t boot;
};

static void add_frame(struct buf *b, int64_t time, struct str bytes)
{
	uint64_t us = time > 0 ? (uint64_t)time / NS_PER_US : 0;
	uint64_t sec = us / 1000000;

	buf_add_u32le(b, (uint32_t)sec);
	buf_add_u32le(
	    b, (uint32_t)(us % 1000000) | (uint32_t)(sec >> 32) << 20);
	buf_add_u32le(b, (uint32_t)bytes.n);
	buf_add_str(b, bytes);
}

static void begin(void *state, struct format_files *files, const struct head *h,
    uint64_t boot)
{
	struct writing *w = state;
	char size[32];

	*w = (struct writing){h->time, boot};
	if (!h->cols || !h->rows)
		return;
	snprintf(size, sizeof size, "\033[8;%u;%ut", h->rows, h->cols);
	add_frame(&files->part[0], h->time, str_z(size));
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *p)
{
	const struct writing *w = state;
	uint64_t since = p->boot > w->boot ? p->boot - w->boot : 0;
	struct str rest = p->bytes;

	if (!piece_is_shown(p))
		return;
	while (rest.n) {
		add_frame(&files->part[0], w->time + (int64_t)since,
		    str_upto(rest, FRAME_MAX));
		rest = str_from(rest, FRAME_MAX);
	}
}

static const struct format_reader reader = {
    .size = sizeof(struct ttyrec),
    .feed = feed,
};

static const struct format_writer writer = {
    .size = sizeof(struct writing),
    .begin = begin,
    .piece = add_piece,
};

const struct format format_ttyrec = {
    .name = "ttyrec",
    .help = "ttyrec and the Bastion, output only",
    .hostile = true,
    .probe = probe,
    .reader = &reader,
    .writer = &writer,
};
