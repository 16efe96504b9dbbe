/* SPDX-License-Identifier: Apache-2.0 */
#include "record/indexer.h"

#include <errno.h>
#include <stdlib.h>

/* A jump over so much else takes as long as over so many bytes of output. */
#define SIZE_COST 1024

struct indexer {
	struct indexer_ops ops;
	struct screen *screen;
	struct lines *lines;
	struct place place;
	uint64_t boot; /* of the last piece, and of the last keyframe */
	int64_t time;
	uint64_t keyframe_boot;
	uint64_t bytes; /* since that: of output, or what costs as much */
	/* When one is due; and when even within a sequence, which may never
	 * end. */
	uint64_t due, late;
	bool begun;
	struct buf text, mark;
	int error;
};

static struct indexer *open_on(
    const struct indexer_ops *ops, struct screen *screen)
{
	struct indexer *ix = calloc(1, sizeof *ix);

	if (!ix || !screen) {
		screen_free(screen);
		free(ix);
		return NULL;
	}
	ix->ops = *ops;
	ix->due = ops->bytes ? ops->bytes : KEYFRAME_BYTES;
	ix->late = 2 * ix->due;
	ix->screen = screen;
	ix->lines = lines_new(screen, ops->line, ops->user);
	if (!ix->lines) {
		indexer_free(ix);
		return NULL;
	}
	return ix;
}

struct indexer *indexer_new(const struct indexer_ops *ops)
{
	return open_on(ops, screen_new(24, 80, 0));
}

struct indexer *indexer_resume(
    const struct indexer_ops *ops, const struct keyframe *k)
{
	struct indexer *ix = open_on(ops, keyframe_screen(k, 0));

	if (!ix)
		return NULL;
	ix->error = lines_resume(ix->lines, k->mark);
	ix->place = k->next;
	ix->boot = ix->keyframe_boot = k->boot;
	ix->time = k->time;
	ix->begun = true;
	return ix;
}

void indexer_free(struct indexer *ix)
{
	if (!ix)
		return;
	lines_free(ix->lines);
	screen_free(ix->screen);
	buf_free(&ix->text);
	buf_free(&ix->mark);
	free(ix);
}

void indexer_frame(struct indexer *ix, uint64_t frame)
{
	ix->place = (struct place){frame, 0, 0};
}

static void put_keyframe(struct indexer *ix)
{
	struct keyframe k = {.boot = ix->boot,
	    .time = ix->time,
	    .next = ix->place,
	    .rows = (uint16_t)screen_rows(ix->screen),
	    .cols = (uint16_t)screen_cols(ix->screen)};

	buf_clear(&ix->text);
	buf_clear(&ix->mark);
	screen_snapshot(ix->screen, &ix->text);
	lines_mark(ix->lines, ix->boot, &ix->mark);
	k.text = buf_str(&ix->text);
	k.mark = buf_str(&ix->mark);
	if (buf_error(&ix->text) || buf_error(&ix->mark))
		ix->error = -ENOMEM;
	else
		ix->ops.keyframe(ix->ops.user, &k);
	ix->keyframe_boot = ix->boot;
	ix->bytes = 0;
}

/* Before a piece that came later: what the screen was until then. */
static void look_at_clock(struct indexer *ix, const struct piece *p)
{
	if (!ix->begun) {
		ix->boot = p->boot;
		ix->time = p->time;
		ix->begun = true;
		put_keyframe(ix);
	}
	if (ix->bytes >= KEYFRAME_LEAST && p->boot > ix->keyframe_boot &&
	    p->boot - ix->keyframe_boot >= KEYFRAME_NS &&
	    screen_idle(ix->screen))
		put_keyframe(ix);
	if (p->boot > ix->boot)
		ix->boot = p->boot;
	ix->time = p->time;
}

static void put_keyframe_if_due(struct indexer *ix)
{
	if (ix->bytes >= ix->late ||
	    (ix->bytes >= ix->due && screen_idle(ix->screen)))
		put_keyframe(ix);
}

static void take_output(struct indexer *ix, struct piece p)
{
	struct str rest = p.bytes;

	while (rest.n) {
		uint64_t until = ix->bytes < ix->due ? ix->due : ix->late;
		size_t n = rest.n;

		if (n > until - ix->bytes)
			n = (size_t)(until - ix->bytes);
		p.bytes = str_upto(rest, n);
		rest = str_from(rest, n);
		screen_take(ix->screen, &p);
		lines_look(ix->lines, p.boot);
		ix->bytes += n;
		ix->place.byte += (uint32_t)n;
		if (rest.n == 0) {
			ix->place.piece++;
			ix->place.byte = 0;
		}
		put_keyframe_if_due(ix);
	}
}

void indexer_piece(struct indexer *ix, const struct piece *p)
{
	struct piece now = *p;

	look_at_clock(ix, p);
	/* Times of the screen do not run back, and 0 is none. */
	now.boot = ix->boot ? ix->boot : 1;
	if (piece_is_shown(p) && p->bytes.n) {
		take_output(ix, now);
		return;
	}
	ix->place.piece++;
	ix->place.byte = 0;
	screen_take(ix->screen, &now);
	lines_look(ix->lines, now.boot);
	ix->bytes += p->type == PIECE_SIZE ? SIZE_COST : p->bytes.n;
	put_keyframe_if_due(ix);
}

void indexer_end(struct indexer *ix)
{
	lines_end(ix->lines, ix->boot);
}

int indexer_error(const struct indexer *ix)
{
	int error = ix->error ? ix->error : screen_error(ix->screen);

	return error ? error : lines_error(ix->lines);
}

const struct screen *indexer_screen(const struct indexer *ix)
{
	return ix->screen;
}
