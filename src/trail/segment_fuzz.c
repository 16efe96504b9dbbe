/* SPDX-License-Identifier: Apache-2.0 */
/* A whole segment file from anywhere, plain or compressed. */
#include "trail/segment.h"

#include <stdlib.h>

#include "trail/frame.h"
#include "trail/pack.h"
#include "trail/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *ctx, const struct walk *w, const struct frame *f)
{
	uint64_t *n = ctx;

	if (f->seq != w->tree.size || f->payload.n > TRAIL_PAYLOAD_MAX)
		abort();
	++*n;
}

static struct walk walk_bytes_with(struct str bytes, const struct merkle *tree,
    bool is_last, struct steps ahead)
{
	uint64_t n = 0;
	struct walk w = {.frames = bytes,
	    .ahead = ahead,
	    .tree = *tree,
	    .sealed = tree->size + 1,
	    .is_last = is_last,
	    .each = see,
	    .ctx = &n};

	walk_run(&w);
	if (n > w.n_frames || (walk_is_whole(&w) && w.last != w.tree.size))
		abort();
	return w;
}

static bool is_same(const struct walk *a, const struct walk *b)
{
	struct sha256 one, other;

	merkle_root(&a->tree, &one);
	merkle_root(&b->tree, &other);
	return memcmp(&one, &other, sizeof one) == 0 &&
	       a->n_frames == b->n_frames && a->last == b->last &&
	       a->end_unknown == b->end_unknown && a->edited == b->edited &&
	       a->missing == b->missing && a->reordered == b->reordered &&
	       a->cut == b->cut && a->torn == b->torn;
}

/* What was read ahead, or a part of it, changes nothing. */
static void walk_bytes(struct str bytes, const struct merkle *tree)
{
	struct steps ahead = {NULL, 0, 0};

	for (unsigned i = 0; i < 4; i++) {
		struct walk with, without;

		steps_read(&ahead, bytes);
		ahead.n = i & 2 ? ahead.n / 2 : ahead.n;
		with = walk_bytes_with(bytes, tree, i & 1, ahead);
		without = walk_bytes_with(
		    bytes, tree, i & 1, (struct steps){NULL, 0, 0});
		if (!is_same(&with, &without))
			abort();
	}
	steps_free(&ahead);
}

static void read_bytes(struct str bytes)
{
	struct merkle empty;
	struct segment_header h;

	merkle_init(&empty);
	walk_bytes(bytes, &empty);
	if (segment_header_get(bytes, &h, NULL) < 0)
		return;
	if (h.len > bytes.n || h.tree.size + 1 != h.first_seq)
		abort();
	segment_header_check(
	    &h, STR("events:test"), &(struct sign_public){{1}}, NULL);
	walk_bytes(str_from(bytes, h.len), &h.tree);
}

/* From any mark on, or the beginning, parts are the end of the whole. */
static void read_parts(struct str packed, struct str plain)
{
	for (uint64_t from = 0; from < 64; from = 2 * from + 1) {
		uint64_t first;
		struct str rest = pack_seek(packed, from, &first);
		struct buf b = BUF_INIT;

		if (first > from)
			abort();
		while (pack_next(&rest, &b) > 0)
			;
		if (!str_ends(plain, buf_str(&b)) ||
		    (first == 0 && b.n != plain.n))
			abort();
		buf_free(&b);
	}
}

static void read_packed(struct str packed)
{
	struct str rest = packed;
	struct buf b = BUF_INIT;
	size_t size;
	int r;

	if (pack_size(packed, 1 << 20, &size) < 0)
		return;
	while ((r = pack_next(&rest, &b)) > 0)
		;
	if (b.n > size || (r == 0 && b.n != size))
		abort();
	if (r == 0) {
		read_bytes(buf_str(&b));
		read_parts(packed, buf_str(&b));
	}
	buf_free(&b);
}

/* Whatever it is, it is the same again. */
static void pack_bytes(struct str plain)
{
	struct buf packed = BUF_INIT, b = BUF_INIT;
	struct str rest;

	if (pack_append(&packed, plain, 1) < 0)
		abort();
	rest = buf_str(&packed);
	while (pack_next(&rest, &b) > 0)
		;
	if (!str_eq(buf_str(&b), plain))
		abort();
	buf_free(&packed);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_make(data, size);

	read_bytes(bytes);
	read_packed(bytes);
	pack_bytes(bytes);
	return 0;
}
