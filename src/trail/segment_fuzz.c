/* SPDX-License-Identifier: Apache-2.0 */
/* A whole segment file from anywhere, plain or compressed. */
#include "trail/segment.h"

#include <stdlib.h>

#include "base/compress.h"
#include "trail/frame.h"
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

/* What can be unpacked at once can be in parts. */
static void read_parts(const uint8_t *data, size_t size, struct str plain)
{
	struct unpacker *u = NULL;
	char *p = malloc(plain.n + 1);

	if (p && unpacker_begin(&u, data, size, p, plain.n) == 0 &&
	    (unpacker_reach(u, plain.n / 2) < 0 ||
		unpacker_reach(u, plain.n) != (ssize_t)plain.n ||
		!str_eq(str_make(p, plain.n), plain)))
		abort();
	unpacker_free(u);
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t plain;
	char *p;

	read_bytes(str_make(data, size));
	if (decompressed_size(data, size, &plain) < 0 || plain > 1 << 20)
		return 0;
	p = malloc(plain + 1);
	if (!p)
		return 0;
	if (decompress(data, size, p, plain) == 0) {
		read_bytes(str_make(p, plain));
		read_parts(data, size, str_make(p, plain));
	}
	free(p);
	return 0;
}
