/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/screens_search.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/screens_lots.h"
#include "record/indexer.h"
#include "store/fold.h"
#include "store/gram.h"

#define NEEDLE_BITS 64

struct screens_search {
	struct screens_query q;
	struct buf folded;
	struct fold fold;
	uint32_t bits[NEEDLE_BITS];
	size_t n_bits;
	struct lots *lots;
	const struct lot *lot; /* to be shown; NULL: the next one */
	size_t next;	       /* recording */
	uint64_t parts;
	/* Of the part at work. */
	struct indexer *ix;
	uint64_t frame;
	uint64_t begin;	      /* boot time of the recording's first piece */
	struct keyframe from; /* boot 0: the beginning of the recording */
	bool clock; /* `from` tells the time, from the first piece on */
	bool done;
	int stop; /* as `hit` returned */
};

static int64_t wall(const struct screens_search *s, uint64_t boot)
{
	return (int64_t)((uint64_t)s->from.time + (boot - s->from.boot)) / 1000;
}

static void on_line(void *user, const struct line *l)
{
	struct screens_search *s = user;
	struct screens_hit hit = {.boot_from = l->since,
	    .boot_to = l->to,
	    .boot_first = l->from,
	    .boot_begin = s->begin,
	    .alternate = l->alternate,
	    .text = l->text};

	if (s->done || s->stop)
		return;
	hit.match = fold_find(&s->fold, l->text, 0);
	if (hit.match == STR_NPOS)
		return;
	hit.from = wall(s, l->since);
	hit.to = wall(s, l->to);
	s->stop = s->q.hit(s->q.ctx, &hit);
}

static void on_keyframe(void *user, const struct keyframe *k)
{
	struct screens_search *s = user;
	const struct place *until = &s->lot->until;

	if (s->lot->bounded && k->next.frame == until->frame &&
	    k->next.piece == until->piece && k->next.byte == until->byte)
		s->done = true;
}

static int begin_part(struct screens_search *s, struct err *err)
{
	const struct indexer_ops ops = {on_keyframe, on_line, s, 0};
	const struct lot *lot = s->lot;

	indexer_free(s->ix);
	s->from = lot->from;
	s->clock = lot->from.boot != 0;
	s->ix = s->clock ? indexer_resume(&ops, &lot->from) : indexer_new(&ops);
	s->frame = lot->from.next.frame;
	s->begin = lot->begin;
	s->done = false;
	s->parts++;
	return s->ix ? 0 : err_sys(err, -ENOMEM, "screens");
}

static void show_piece(
    struct screens_search *s, struct piece p, uint64_t frame, struct str bytes)
{
	p.bytes = bytes;
	if (!s->clock) {
		s->from.time = p.time;
		s->from.boot = s->begin = p.boot;
		s->clock = true;
	}
	if (frame != s->frame)
		indexer_frame(s->ix, frame);
	s->frame = frame;
	indexer_piece(s->ix, &p);
}

/* What `hit` returned, or an error: also that of who made the lot. */
static int show(struct screens_search *s, struct err *err)
{
	const struct lot *lot = s->lot;
	struct str bytes = buf_str(&lot->bytes);
	int r = lot->begins ? begin_part(s, err) : 0;

	for (size_t i = 0; r == 0 && i < lot->n && !s->done && !s->stop; i++) {
		const struct lot_piece *p = &lot->v[i];

		show_piece(
		    s, p->piece, p->frame, str_upto(bytes, p->piece.bytes.n));
		bytes = str_from(bytes, p->piece.bytes.n);
	}
	if (r == 0 && lot->ends && !s->done && !s->stop)
		indexer_end(s->ix);
	if (r == 0 && s->ix && indexer_error(s->ix) < 0)
		r = err_sys(err, indexer_error(s->ix), "screens");
	if (r == 0 && !s->stop && lot->job.result < 0) {
		*err = lot->job.err;
		r = lot->job.result;
	}
	return r < 0 ? r : s->stop;
}

struct screens_search *screens_search_open(
    struct archive *a, const struct screens_query *q)
{
	struct screens_search *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->q = *q;
	for (size_t i = 0; i < q->text.n; i++)
		buf_add_char(
		    &s->folded, (char)fold_byte((unsigned char)q->text.p[i]));
	if (buf_error(&s->folded)) {
		screens_search_close(s);
		return NULL;
	}
	fold_init(&s->fold, buf_str(&s->folded));
	s->n_bits = gram_bits(buf_str(&s->folded), s->bits, NEEDLE_BITS);
	s->lots = lots_open(
	    a, &(struct lots_query){q->recordings, q->n, s->bits, s->n_bits});
	if (!s->lots) {
		screens_search_close(s);
		return NULL;
	}
	return s;
}

/* Whether there is a lot of this recording. */
static bool has_lot(struct screens_search *s, size_t recording)
{
	while (!s->lot || s->lot->recording < recording)
		s->lot = lots_next(s->lots);
	return s->lot->recording == recording;
}

int screens_search_next(struct screens_search *s, struct err *err)
{
	size_t at = s->next;
	bool last = false;
	int r = 0;

	if (at == s->q.n)
		return 0;
	s->next++;
	s->stop = 0;
	while (r == 0 && !last && has_lot(s, at)) {
		r = show(s, err);
		last = s->lot->last;
		/* The next is taken only when it is asked for. */
		s->lot = NULL;
	}
	if (r != 0)
		lots_pass(s->lots, at + 1);
	return r;
}

uint64_t screens_search_parts(const struct screens_search *s)
{
	return s->parts;
}

void screens_search_close(struct screens_search *s)
{
	if (!s)
		return;
	lots_close(s->lots);
	indexer_free(s->ix);
	buf_free(&s->folded);
	free(s);
}
