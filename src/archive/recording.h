/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of terminals in the chains "recordings:HOST" of a store. */
#ifndef ARCHIVE_RECORDING_H
#define ARCHIVE_RECORDING_H

#include "archive/archive.h"

/* Append the name of the chain of a host, with a NUL behind it. */
void recording_chain(struct str host, struct buf *ret);

/* One recording to be read, and what was found of it. */
struct recording_read {
	struct str host; /* or what else the chain is named by */
	uint64_t number; /* of its first frame */
	uint64_t last;	 /* of its last; 0: to the end of the chain */
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
