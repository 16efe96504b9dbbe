/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as keyframes, and as a recording: what is told from a keyframe on
 * is what is told from the beginning.
 */
#include "record/indexer.h"

#include "record/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVERY	      96 /* bytes */
#define SIZE_MAX_HERE 60

struct run {
	struct indexer *ix;
	struct indexer_ops ops;
	uint64_t lines;	     /* a hash of them */
	struct buf keyframe; /* the last one, as a block of its own */
	struct keyframe last;
};

static void on_line(void *user, const struct line *l)
{
	struct run *r = user;

	if (l->from > l->since || l->since > l->to || l->text.n == 0)
		__builtin_trap();
	r->lines =
	    r->lines * 31 + l->from * 7 + l->since * 5 + l->to + l->alternate;
	for (size_t i = 0; i < l->text.n; i++) {
		if ((uint8_t)l->text.p[i] < 0x20 || l->text.p[i] == 0x7f)
			__builtin_trap();
		r->lines = r->lines * 31 + (uint8_t)l->text.p[i];
	}
}

static void on_keyframe(void *user, const struct keyframe *k)
{
	struct run *r = user;
	size_t text = k->text.n;

	buf_clear(&r->keyframe);
	buf_add_str(&r->keyframe, k->text);
	buf_add_str(&r->keyframe, k->mark);
	r->last = *k;
	r->last.text = str_upto(buf_str(&r->keyframe), text);
	r->last.mark = str_from(buf_str(&r->keyframe), text);
}

static void run_init(struct run *r)
{
	*r = (struct run){.keyframe = BUF_INIT};
	r->ops = (struct indexer_ops){on_keyframe, on_line, r, EVERY};
}

static void run_free(struct run *r)
{
	indexer_free(r->ix);
	buf_free(&r->keyframe);
}

static void take_keyframes(const uint8_t *data, size_t size)
{
	struct keyframe_reader reader = {.rest = str_make(data, size)};
	struct piece p = {
	    .type = PIECE_OUTPUT, .boot = 9, .bytes = STR_INIT("\nx\33[2J\ny")};
	struct keyframe k;
	struct run r;

	while (keyframe_next(&reader, &k) > 0) {
		if (k.rows > SIZE_MAX_HERE || k.cols > SIZE_MAX_HERE)
			continue;
		run_init(&r);
		r.ix = indexer_resume(&r.ops, &k);
		if (!r.ix)
			__builtin_trap();
		indexer_piece(r.ix, &p);
		indexer_end(r.ix);
		run_free(&r);
	}
}

/* From the keyframe that `first` just gave on. */
static void begin_again(struct run *second, const struct run *first)
{
	run_free(second);
	run_init(second);
	second->ix = indexer_resume(&second->ops, &first->last);
	if (!second->ix || indexer_error(second->ix))
		__builtin_trap();
}

static void take_piece(struct run *first, struct run *second, struct piece p)
{
	uint32_t pieces = first->last.next.piece;

	if (p.cols > SIZE_MAX_HERE)
		p.cols %= SIZE_MAX_HERE;
	if (p.rows > SIZE_MAX_HERE)
		p.rows %= SIZE_MAX_HERE;
	first->lines = second->lines = 0;
	indexer_piece(first->ix, &p);
	if (second->ix) {
		indexer_piece(second->ix, &p);
		if (first->lines != second->lines)
			__builtin_trap();
	}
	if (first->last.next.piece != pieces && p.type == PIECE_OUTPUT &&
	    first->last.next.byte == 0 && first->last.boot == p.boot)
		begin_again(second, first);
}

static void take_chunk(struct chunk_reader *reader)
{
	struct run first, second;
	uint32_t n = 0;
	struct piece p;

	run_init(&first);
	run_init(&second);
	first.ix = indexer_new(&first.ops);
	if (!first.ix)
		__builtin_trap();
	while (chunk_next(reader, &p) > 0 && n++ < 1000)
		take_piece(&first, &second, p);
	first.lines = second.lines = 0;
	indexer_end(first.ix);
	if (second.ix) {
		indexer_end(second.ix);
		if (first.lines != second.lines)
			__builtin_trap();
	}
	run_free(&first);
	run_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk_reader reader;

	take_keyframes(data, size);
	if (chunk_open(&reader, str_make(data, size)))
		take_chunk(&reader);
	return 0;
}
