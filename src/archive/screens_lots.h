/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For archive/screens_search.c only: the parts of recordings that may hold a
 * text, one after the other, and their pieces, a lot at a time. While the
 * caller shows one lot, the next three are looked for and unpacked in a thread
 * of its own, which holds one segment of a chain; a lot takes up to 1.5 MiB.
 */
#ifndef ARCHIVE_SCREENS_LOTS_H
#define ARCHIVE_SCREENS_LOTS_H

#include "archive/archive.h"
#include "base/worker.h"
#include "record/chunk.h"
#include "record/keyframe.h"

/* Pieces of one part, or of a bit of it. */
struct lot {
	struct job job; /* first, so that a job is its lot; its result: 0, or
			   why the recording cannot be gone on with */
	struct lots *of;
	size_t recording; /* which one; those before it have no more lots */
	uint64_t begin;	  /* boot time of its first piece, where it is known */
	bool begins;	  /* a part, at `from`; or else one goes on */
	bool ends;	  /* no piece of the recording comes behind it */
	bool last;	  /* no part of the recording comes behind it */
	struct keyframe from; /* boot 0: the beginning of the recording */
	bool bounded;	      /* the part ends where `until` comes, at last
				 in the last piece of the last of its lots */
	struct place until;
	struct keyframe_reader block; /* of `from` */
	struct lot_piece {
		struct piece piece; /* but where its bytes are */
		uint64_t frame;
	} * v;
	size_t n, cap;
	struct buf bytes; /* of all pieces, in order */
};

/* What is looked for, and in what; all of it stays the caller's, and there. */
struct lots_query {
	const struct recording *recordings; /* n of them, in this order */
	size_t n;
	const uint32_t *bits; /* as gram_bits() gives them */
	size_t n_bits;
};

struct lots;

/*
 * One recording, and any of a store that is elsewhere, is read by the caller's
 * thread. Else the archive is used by the other one until lots_close(), to read
 * chains and screens. NULL: no memory.
 */
struct lots *lots_open(struct archive *a, const struct lots_query *q);
/*
 * The next lot; it holds until the call after. It may be empty, where many
 * recordings have no part. Its recording is `n` when there are no more.
 */
const struct lot *lots_next(struct lots *h);
/* Recordings before this one are not wanted any more; a lot of theirs may still
 * come. */
void lots_pass(struct lots *h, size_t recording);
/* Waits for what the thread does just now. NULL is fine. */
void lots_close(struct lots *h);

#endif
