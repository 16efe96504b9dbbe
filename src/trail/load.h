/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the segments of a list ahead in threads of their own: reading,
 * decompressing and hashing the next ones goes on while the current one is
 * judged.
 */
#ifndef TRAIL_LOAD_H
#define TRAIL_LOAD_H

#include "base/worker.h"
#include "trail/header.h"
#include "trail/segment.h"
#include "trail/walk.h"

struct load {
	struct job job; /* first, so that a job is its load */
	int dirfd;
	struct segment_files files;
	struct buf bytes;
	struct steps steps; /* behind a header that is good */
	char name[SEGMENT_NAME_LEN];
	bool two_copies; /* a plain and a compressed one that differ */
	int error;	 /* of reading it; -EBADMSG: damaged */
};

/* One more than threads: of what the caller has. */
#define LOADER_THREADS 2
#define LOADER_SLOTS   (LOADER_THREADS + 1)

struct loader {
	struct worker *workers[LOADER_THREADS]; /* by turns */
	const struct segment_list *list; /* only .v[] with plain or packed */
	struct load slots[LOADER_SLOTS];
	size_t next;  /* to be begun */
	size_t taken; /* by the caller */
	int dirfd;
};

int loader_start(struct loader *l, int dirfd, const struct segment_list *list);
/* The next segment, valid until the call after; NULL behind the last. */
struct load *loader_next(struct loader *l);
void loader_stop(struct loader *l);

#endif
