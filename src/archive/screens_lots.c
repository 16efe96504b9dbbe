/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/screens_lots.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/piece_reader.h"
#include "archive/screens.h"
#include "archive/screens_inside.h"
#include "base/array.h"
#include "store/gram.h"

/* A lot ends with the piece that reaches one of these. */
#define LOT_BYTES      ((size_t)256 << 10)
#define LOT_PIECES     8192
/* Or is empty: so many recordings had no part. Then who waits may have enough,
 * and need not wait for all of them. */
#define LOT_RECORDINGS 32
/* One is the caller's, the others are made: those that begin a segment take
 * long, and those behind them little. */
#define SLOTS	       4

struct lots {
	struct archive *a;
	struct lots_query q;
	struct worker *worker; /* NULL: the caller makes them */
	struct lot slots[SLOTS];
	size_t next;   /* to be given */
	size_t wanted; /* atomic: recordings before it are not */
	/* Of who makes lots. */
	struct piece_reader pieces;
	size_t recording;
	struct screens screens; /* of it, if `is_open` */
	bool is_open;
	size_t block; /* of `screens`, to be looked at */
	bool rest;    /* what lies behind the last block was begun */
	bool in_part; /* pieces of it are to come */
	bool bounded; /* by `until` */
	struct place until;
};

static bool is_before(const struct place *a, const struct place *b)
{
	return a->frame != b->frame ? a->frame < b->frame : a->piece < b->piece;
}

static void leave(struct lots *h)
{
	if (h->is_open)
		screens_close(&h->screens);
	h->is_open = h->in_part = false;
	h->recording++;
}

static bool is_wanted(const struct lots *h)
{
	return h->recording >= __atomic_load_n(&h->wanted, __ATOMIC_RELAXED);
}

static int enter(struct lots *h)
{
	int r;

	if (h->is_open)
		return 0;
	r = screens_open(&h->screens, h->a, &h->q.recordings[h->recording]);
	h->is_open = true;
	h->block = 0;
	h->rest = false;
	return r;
}

/* The first keyframe of a block. */
static int read_first(struct lot *lot, const struct screens_block *b)
{
	int r = keyframe_open(&lot->block, b->keyframes);

	if (r == 0 && keyframe_next(&lot->block, &lot->from) <= 0)
		r = -EBADMSG;
	return r;
}

/* Whether the open recording has one more part: at `block`, or the rest. */
static bool has_part(struct lots *h)
{
	const struct screens *s = &h->screens;

	while (h->block < s->n) {
		struct str gram = s->v[h->block].gram;

		if (gram_test(gram.p, gram.n, h->q.bits, h->q.n_bits))
			return true;
		h->block++;
	}
	return !screens_are_whole(s) && !h->rest;
}

/* Its keyframe. */
static int begin_part(struct lots *h, struct lot *lot)
{
	const struct screens *s = &h->screens;
	int r;

	if (h->block < s->n) {
		const struct screens_block *b = &s->v[h->block++];

		h->bounded = !b->last;
		h->until = b->next;
		return read_first(lot, b);
	}
	h->rest = true;
	h->bounded = false;
	r = screens_end(s, &lot->block, &lot->from);
	return r == -ENOENT ? 0 : r;
}

/* 1: a part begins; 0: none was found, or there is none any more. */
static int find_part(struct lots *h, struct lot *lot, struct err *err)
{
	unsigned looked_at = 0;
	int r = 0;

	for (; h->recording < h->q.n; leave(h)) {
		if (!is_wanted(h))
			continue;
		if (looked_at++ == LOT_RECORDINGS)
			return 0;
		r = enter(h);
		if (r < 0 || has_part(h))
			break;
	}
	if (h->recording == h->q.n)
		return 0;
	if (r == 0)
		r = begin_part(h, lot);
	if (r < 0)
		return err_sys(err, r, "screens");
	lot->begins = h->in_part = true;
	r = piece_reader_open(&h->pieces, h->a, &h->q.recordings[h->recording],
	    lot->from.next, err);
	return r < 0 ? r : 1;
}

static int add(struct lot *lot, const struct piece *p, uint64_t frame)
{
	if (array_grow(&lot->v, lot->n, &lot->cap, sizeof *lot->v) < 0)
		return -ENOMEM;
	buf_add_str(&lot->bytes, p->bytes);
	lot->v[lot->n++] = (struct lot_piece){*p, frame};
	return buf_error(&lot->bytes);
}

static int read_pieces(struct lots *h, struct lot *lot, struct err *err)
{
	while (lot->n < LOT_PIECES && lot->bytes.n < LOT_BYTES) {
		struct place place;
		struct piece p;
		int r = piece_reader_next(&h->pieces, &p, &place, err);

		if (r < 0)
			return r;
		if (r == 0) {
			lot->ends = true;
			h->in_part = false;
			return 0;
		}
		r = add(lot, &p, place.frame);
		if (r < 0)
			return err_sys(err, r, "screens");
		if (h->bounded && !is_before(&place, &h->until)) {
			h->in_part = false;
			return 0;
		}
	}
	return 0;
}

static void clear(struct lot *lot)
{
	keyframe_close(&lot->block);
	lot->block = (struct keyframe_reader){.raw = BUF_INIT};
	lot->from = (struct keyframe){0};
	lot->begins = lot->ends = lot->last = false;
	lot->n = 0;
	buf_clear(&lot->bytes);
}

static int make_lot(struct job *job)
{
	struct lot *lot = (struct lot *)job;
	struct lots *h = lot->of;
	int r = 1;

	clear(lot);
	if (!is_wanted(h))
		h->in_part = false;
	if (!h->in_part)
		r = find_part(h, lot, &job->err);
	lot->recording = h->recording;
	lot->bounded = h->bounded;
	lot->until = h->until;
	lot->begin = h->is_open && h->screens.n ? h->screens.v[0].begin : 0;
	if (r > 0)
		r = read_pieces(h, lot, &job->err);
	lot->last = r < 0 || (h->is_open && !h->in_part && !has_part(h));
	if (lot->last)
		leave(h);
	return r;
}

static void give(struct lots *h)
{
	worker_give(h->worker, &h->slots[h->next++ % SLOTS].job);
}

struct lots *lots_open(struct archive *a, const struct lots_query *q)
{
	struct lots *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->a = a;
	h->q = *q;
	for (size_t i = 0; i < SLOTS; i++) {
		h->slots[i].job.run = make_lot;
		h->slots[i].of = h;
	}
	if (q->n > 1 && !archive_is_far(a) &&
	    worker_start(&h->worker, SLOTS) < 0) {
		free(h);
		return NULL;
	}
	while (h->worker && h->next < SLOTS - 1)
		give(h);
	return h;
}

const struct lot *lots_next(struct lots *h)
{
	struct lot *lot = &h->slots[0];

	if (!h->worker) {
		lot->job.result = make_lot(&lot->job);
		return lot;
	}
	lot = (struct lot *)worker_take(h->worker, true);
	/* Its slot is the one that the caller is done with. */
	give(h);
	return lot;
}

void lots_pass(struct lots *h, size_t recording)
{
	__atomic_store_n(&h->wanted, recording, __ATOMIC_RELAXED);
}

void lots_close(struct lots *h)
{
	if (!h)
		return;
	lots_pass(h, SIZE_MAX);
	while (h->worker && worker_take(h->worker, true))
		;
	worker_stop(h->worker);
	if (h->is_open)
		screens_close(&h->screens);
	piece_reader_close(&h->pieces);
	for (size_t i = 0; i < SLOTS; i++) {
		keyframe_close(&h->slots[i].block);
		free(h->slots[i].v);
		buf_free(&h->slots[i].bytes);
	}
	free(h);
}
