/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk: pieces of one recording, one behind the other, as the payload of
 * one frame of a trail (docs/recordings.md). Each can be read alone.
 */
#ifndef RECORD_CHUNK_H
#define RECORD_CHUNK_H

#include "base/buf.h"
#include "record/piece.h"

#define CHUNK_VERSION 1

struct chunk_writer {
	struct buf bytes; /* the payload; empty: no piece yet */
	uint64_t boot;	  /* of the last piece */
};

/* Appends a piece; look at buf_error(&w->bytes) afterwards. */
void chunk_add(struct chunk_writer *w, const struct piece *p);

struct chunk_reader {
	struct str rest;
	uint64_t boot;
	int64_t time;
};

/* False: no chunk of a version that is known. */
bool chunk_open(struct chunk_reader *r, struct str payload);
/* 1 and a piece, whose bytes point into the payload; 0: no more; -EBADMSG. */
int chunk_next(struct chunk_reader *r, struct piece *ret);

#endif
