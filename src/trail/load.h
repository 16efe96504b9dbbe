/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the segments of a list one ahead in a thread of its own: reading and
 * decompressing the next goes on while the current one is hashed.
 */
#ifndef TRAIL_LOAD_H
#define TRAIL_LOAD_H

#include "base/worker.h"
#include "trail/segment.h"

struct load {
	struct job job; /* first, so that a job is its load */
	int dirfd;
	struct segment_files files;
	struct buf bytes;
	char name[SEGMENT_NAME_LEN];
	bool two_copies; /* a plain and a compressed one that differ */
	int error;	 /* of reading it; -EBADMSG: damaged */
};

struct loader {
	struct worker *worker;
	const struct segment_list *list; /* only .v[] with plain or packed */
	struct load slots[2];
	size_t next; /* to be begun */
	int dirfd;
};

int loader_start(struct loader *l, int dirfd, const struct segment_list *list);
/* The next segment, valid until the call after; NULL behind the last. */
struct load *loader_next(struct loader *l);
void loader_stop(struct loader *l);

#endif
