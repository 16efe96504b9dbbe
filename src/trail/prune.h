/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removal of the oldest segments of a chain, and what is left in their place:
 * the hole, a checkpoint of the tree of all frames that are gone, signed, which
 * says when they went and why. The tree itself goes on: the header of the first
 * segment that is left holds its frontier.
 */
#ifndef TRAIL_PRUNE_H
#define TRAIL_PRUNE_H

#include "crypto/sign.h"

/* A checkpoint beside the chain, so that verification compares it, too. */
#define TRAIL_HOLE    "removed.checkpoint"
#define TRAIL_WHY_MAX 400

struct trail_hole {
	uint64_t upto; /* frames 1 to this one were to be removed */
	int64_t time;  /* microseconds: when the last of them was */
	char why[TRAIL_WHY_MAX + 1];
};

/*
 * 0; -ENOENT: there is none; -EBADMSG, -EKEYREJECTED, -ENOKEY as
 * checkpoint_verify() has it.
 */
int trail_hole_read(int dirfd, const struct sign_public *pub,
    const char *origin, struct trail_hole *ret, struct err *err);

/* Put it in place, signed. `root`: of the tree of its frames. */
int trail_hole_write(int dirfd, const char *origin, const struct sign_key *key,
    const struct trail_hole *hole, const struct sha256 *root, struct err *err);

/* A segment, from the front of the chain on. */
struct trail_piece {
	uint64_t first;
	uint64_t end;	/* the number behind its last frame */
	uint64_t bytes; /* of its files */
	int64_t begun;	/* when the one behind it was: nothing in it is newer */
	bool sealed;	/* compressed: who writes the chain is done with it */
};

/*
 * Call fn with each segment that could be removed, the oldest first: all but
 * the last. Not 0 stops and is returned. -EBADMSG: the header behind one of
 * them is damaged. *ret_bytes (set before) is that of the whole chain.
 */
int trail_pieces(int dirfd, uint64_t *ret_bytes,
    int (*fn)(void *ctx, const struct trail_piece *p), void *ctx,
    struct err *err);

/*
 * Number of the first frame that is there, as the names of files say; 0: none.
 */
int trail_first(int dirfd, uint64_t *ret);
/*
 * Append the header of that segment, `first` (trail/header.h): it says, signed,
 * which tree the frames before it were.
 */
int trail_first_header(
    int dirfd, uint64_t first, struct buf *ret, struct err *err);

/*
 * Remove all segments in front of the one that begins with hole->upto + 1,
 * which must be there and signed, after the hole is written. A crash leaves a
 * hole with all or some of them: the same call goes on. Where the chain is open
 * for writing, all of these segments must be sealed. `why`: no control
 * characters.
 */
int trail_prune(int dirfd, const char *origin, const struct sign_key *key,
    const struct trail_hole *hole, struct err *err);

#endif
