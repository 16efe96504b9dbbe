/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes once through a recording, piece by piece, and gives what a jump and a
 * search need: keyframes and the lines that stood on the screen. The first
 * keyframe comes before the first piece; then one after each 128 KiB of output,
 * and 60 s after the last one where at least 16 KiB were shown since: the first
 * keeps jumps short, the other would cost more than the output itself.
 */
#ifndef RECORD_INDEXER_H
#define RECORD_INDEXER_H

#include "record/keyframe.h"

#define KEYFRAME_BYTES (128 << 10)
#define KEYFRAME_NS    ((uint64_t)60000000000)
#define KEYFRAME_LEAST (16 << 10) /* bytes, of output after that time */

struct indexer_ops {
	/* A keyframe; its strings hold during the call. */
	void (*keyframe)(void *user, const struct keyframe *k);
	line_fn *line;
	void *user;
	uint32_t bytes; /* in place of KEYFRAME_BYTES; 0: that */
};

struct indexer;

/* Before its first size a terminal counts as one of 24 rows of 80 columns. */
struct indexer *indexer_new(const struct indexer_ops *ops);
/* From a keyframe on: what is told is what was told behind it before. */
struct indexer *indexer_resume(
    const struct indexer_ops *ops, const struct keyframe *k);
void indexer_free(struct indexer *ix);
/* The pieces that come next are of this frame, from its first one on. */
void indexer_frame(struct indexer *ix, uint64_t frame);
void indexer_piece(struct indexer *ix, const struct piece *p);
/* No piece comes any more: lines that stand are told. */
void indexer_end(struct indexer *ix);
int indexer_error(const struct indexer *ix);
/* The screen as it is now. */
const struct screen *indexer_screen(const struct indexer *ix);

#endif
