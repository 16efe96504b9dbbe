/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/screens_search.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/piece_reader.h"
#include "archive/screens.h"
#include "archive/screens_inside.h"
#include "record/indexer.h"
#include "store/fold.h"
#include "store/gram.h"

#define NEEDLE_BITS 64

struct screens_search {
	struct archive *a;
	struct screens_query q;
	struct buf folded;
	struct fold fold;
	uint32_t bits[NEEDLE_BITS];
	size_t n_bits;
	struct piece_reader pieces;
	uint64_t parts;
	/* Of the part at work. */
	const struct recording *recording;
	uint64_t begin;	      /* boot time of the recording's first piece */
	struct keyframe from; /* boot 0: the beginning of the recording */
	bool clock; /* `from` tells the time, from the first piece on */
	const struct place *until;
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

	if (s->until && k->next.frame == s->until->frame &&
	    k->next.piece == s->until->piece && k->next.byte == s->until->byte)
		s->done = true;
}

static int show(struct screens_search *s, struct indexer *ix, struct err *err)
{
	uint64_t frame = s->from.next.frame;
	struct place place;
	struct piece p;
	int r = 0;

	while (!s->done && !s->stop &&
	       (r = piece_reader_next(&s->pieces, &p, &place, err)) > 0) {
		if (!s->clock) {
			s->from.time = p.time;
			s->from.boot = s->begin = p.boot;
			s->clock = true;
		}
		if (place.frame != frame)
			indexer_frame(ix, place.frame);
		frame = place.frame;
		indexer_piece(ix, &p);
	}
	if (r == 0 && !s->done && !s->stop)
		indexer_end(ix);
	if (r >= 0 && indexer_error(ix) < 0)
		r = err_sys(err, indexer_error(ix), "screens");
	return r < 0 ? r : s->stop;
}

/* From a keyframe (NULL: the beginning) until a place (NULL: the end). */
static int search_part(struct screens_search *s, const struct keyframe *k,
    const struct place *until, struct err *err)
{
	const struct indexer_ops ops = {on_keyframe, on_line, s, 0};
	struct indexer *ix = k ? indexer_resume(&ops, k) : indexer_new(&ops);
	int r;

	if (!ix)
		return err_sys(err, -ENOMEM, "screens");
	s->parts++;
	s->from = k ? *k : (struct keyframe){0};
	s->clock = k != NULL;
	s->until = until;
	s->done = false;
	r = piece_reader_open(
	    &s->pieces, s->a, s->recording, s->from.next, err);
	if (r == 0)
		r = show(s, ix, err);
	indexer_free(ix);
	return r;
}

static int search_block(
    struct screens_search *s, const struct screens_block *b, struct err *err)
{
	struct keyframe_reader block;
	struct keyframe k;
	int r;

	if (!gram_test(b->gram.p, b->gram.n, s->bits, s->n_bits))
		return 0;
	r = keyframe_open(&block, b->keyframes);
	if (r == 0 && keyframe_next(&block, &k) <= 0)
		r = -EBADMSG;
	if (r < 0)
		err_sys(err, r, "screens");
	else
		r = search_part(s, &k, b->last ? NULL : &b->next, err);
	keyframe_close(&block);
	return r;
}

/* What lies behind the last block. */
static int search_rest(
    struct screens_search *s, const struct screens *screens, struct err *err)
{
	struct keyframe_reader block;
	struct keyframe k;
	int r = screens_end(screens, &block, &k);

	if (r < 0 && r != -ENOENT)
		err_sys(err, r, "screens");
	else
		r = search_part(s, r == 0 ? &k : NULL, NULL, err);
	keyframe_close(&block);
	return r;
}

struct screens_search *screens_search_open(
    struct archive *a, const struct screens_query *q)
{
	struct screens_search *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->a = a;
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
	return s;
}

int screens_search_in(
    struct screens_search *s, const struct recording *r, struct err *err)
{
	struct screens screens;
	int result = screens_open(&screens, s->a, r);

	s->recording = r;
	s->begin = screens.n ? screens.v[0].begin : 0;
	s->stop = 0;
	for (size_t i = 0; result == 0 && i < screens.n; i++)
		result = search_block(s, &screens.v[i], err);
	if (result == 0 && !screens_are_whole(&screens))
		result = search_rest(s, &screens, err);
	screens_close(&screens);
	return result;
}

uint64_t screens_search_parts(const struct screens_search *s)
{
	return s->parts;
}

void screens_search_close(struct screens_search *s)
{
	if (!s)
		return;
	piece_reader_close(&s->pieces);
	buf_free(&s->folded);
	free(s);
}
