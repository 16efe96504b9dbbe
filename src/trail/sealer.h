/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes full segments in threads of its own, one that hashes and compresses
 * and one that waits for the disk: they become durable under their final names,
 * in the order given, while the appending thread goes on.
 */
#ifndef TRAIL_SEALER_H
#define TRAIL_SEALER_H

#include "trail/chain.h"

struct sealer;

/*
 * `dirfd` and `chain` stay the caller's. Between sealer_give() and
 * sealer_wait() the chain's tree is not to be touched.
 */
int sealer_start(
    struct sealer **ret, int dirfd, int level, struct chain *chain);

/* A full segment. */
struct sealer_segment {
	uint64_t first; /* its first sequence number */
	/* Written to a file already, the frames in the chain's tree: its
	 * descriptor. Otherwise -1. */
	int fd;
	bool fresh; /* the name of that file ends in .new still */
	/* With fd -1: SEGMENT_HEADER_MAX bytes for the header, the frames. */
	struct buf frames;
};

/*
 * Takes over what *seg holds; seg->frames is then empty, with memory to be
 * used again. Waits when too many are not done yet. Errors come out of
 * sealer_wait().
 */
int sealer_give(struct sealer *s, struct sealer_segment *seg);

/* The error that sealer_wait() would give, without waiting. */
int sealer_failed(struct sealer *s);

/*
 * Until all given are durable. An error stays: later segments are not sealed
 * then, since a segment must not come to be before the one ahead of it. The
 * chain's tree then ends with the last segment that is durable.
 */
int sealer_wait(struct sealer *s, struct err *err);

/* Waits as well. NULL is fine. */
void sealer_stop(struct sealer *s);

/*
 * Sync and compress one closed segment: `name` to FIRST.seg.zst, then remove
 * `name`.
 * A crash leaves one of them whole, or both.
 */
int segment_pack(
    int dirfd, uint64_t first, const char *name, int level, struct err *err);

#endif
