/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyframe: what the screen of a recording is at one moment, so that a jump
 * there need not begin at its beginning. Derived: made again from the
 * recording whenever it is missing. docs/recordings.md has the format.
 */
#ifndef RECORD_KEYFRAME_H
#define RECORD_KEYFRAME_H

#include "record/lines.h"

#define KEYFRAME_VERSION 1

/* Where in a recording: what comes first after the keyframe. */
struct place {
	uint64_t frame; /* of the chain recordings:HOST */
	uint32_t piece; /* of its chunk, from 0 on */
	uint32_t byte;	/* of its output */
};

struct keyframe {
	/* Of the last piece that it shows, as that has them; of the first
	 * keyframe: of the first piece. */
	uint64_t boot;
	int64_t time;
	struct place next;
	uint16_t rows, cols;
	struct str text; /* screen_snapshot() */
	struct str mark; /* lines_mark() */
};

/* Keyframes one behind the other; those alike cost little. */
struct keyframe_block {
	struct buf raw;
	unsigned n;
	uint64_t first, last; /* their boot times */
};

/* Look at buf_error(&b->raw) afterwards. */
void keyframe_add(struct keyframe_block *b, const struct keyframe *k);
/* The block, compressed, is appended to `out`, and is empty then. */
int keyframe_seal(struct keyframe_block *b, struct buf *out);
void keyframe_block_free(struct keyframe_block *b);

struct keyframe_reader {
	struct buf raw; /* what keyframes point into */
	struct str rest;
	uint64_t boot;
};

/* 0; -EBADMSG: it is no block, or a damaged one; -ENOMEM. */
int keyframe_open(struct keyframe_reader *r, struct str block);
/* 1 and a keyframe, which holds until the reader is closed; 0; -EBADMSG. */
int keyframe_next(struct keyframe_reader *r, struct keyframe *ret);
void keyframe_close(struct keyframe_reader *r);

/* A screen as the keyframe says. NULL: no memory. */
struct screen *keyframe_screen(const struct keyframe *k, unsigned history);

#endif
