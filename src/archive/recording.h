/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings of terminals and commands, in the chains "recordings:HOST" of a
 * store, and those that were imported, in "recordings:import:HOST".
 */
#ifndef ARCHIVE_RECORDING_H
#define ARCHIVE_RECORDING_H

#include "archive/archive.h"

/*
 * Append the name of a chain, with a NUL behind it, of which `chain` is what
 * comes behind "recordings:".
 */
void recording_chain(struct str chain, struct buf *ret);

struct recording_frames {
	uint64_t number; /* of the recording: of its first frame */
	uint64_t last;	 /* of its last; 0: to the end of the chain */
	bool damaged;	 /* frames of the chain could not be read */
	bool ended;	 /* the chain has `last`, or more: it was come to */
};

/*
 * 1 and the next frame of the recording that the reader comes to; 0: there is
 * none. Damage is passed over.
 */
int recording_next(struct trail_reader *reader, struct recording_frames *of,
    struct frame *ret, struct err *err);

/* One recording to be read, and what was found of it. */
struct recording_read {
	struct str chain; /* as recording_chain() has it */
	uint64_t number;  /* of its first frame */
	uint64_t last;	  /* of its last; 0: to the end of the chain */
	/* Each chunk (record/chunk.h) in order; not 0 stops. May be NULL. */
	int (*chunk)(void *ctx, struct str payload);
	void *ctx;
	struct sha256 digest; /* of all chunks */
	uint64_t found;	      /* number of the last frame found; 0: none */
	bool damaged;	      /* frames of the chain could not be read */
};

int recording_read(
    struct archive *a, struct recording_read *rr, struct err *err);

#endif
