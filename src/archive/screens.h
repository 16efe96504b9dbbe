/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is derived of a recording, so that a jump in it and a search in what it
 * showed are fast: a file of blocks, each with keyframes and with a filter of
 * the lines that stood on the screen between the first of them and the last.
 * Nothing of it is evidence: it can be thrown away, and what is missing is made
 * from the recording. docs/recordings.md has the format.
 */
#ifndef ARCHIVE_SCREENS_H
#define ARCHIVE_SCREENS_H

#include "archive/archive.h"
#include "archive/piece_reader.h"
#include "record/keyframe.h"

struct screens_block {
	uint64_t begin, end; /* boot times: of its first keyframe, its end */
	struct place next;   /* of its last keyframe: the next begins there */
	bool last;	     /* it goes to the end of the recording */
	struct str gram, keyframes;
};

struct screens {
	void *map; /* the file */
	size_t map_n;
	bool mapped;	 /* or else read into memory of our own */
	struct buf more; /* blocks that are in no file */
	struct screens_block *v;
	size_t n, cap;
};

/*
 * Those that are on the disk; none is fine, and a damaged file has those in
 * front of the damage. Fails for want of memory only.
 */
int screens_open(
    struct screens *s, struct archive *a, const struct recording *r);
void screens_close(struct screens *s);

/* Whether the blocks go to the end of the recording. */
bool screens_are_whole(const struct screens *s);

/*
 * Adds what lies behind them, in memory only, to where the recording is now:
 * takes a second for each 40 MB of output.
 */
int screens_complete(struct screens *s, struct archive *a,
    const struct recording *r, struct err *err);
/* As much of it as `budget` bytes of output take, or a block more. 1: there is
 * more to do; 0. */
int screens_complete_part(struct screens *s, struct archive *a,
    const struct recording *r, uint64_t budget, struct err *err);

/*
 * For who has the store open for writing: adds to the file what the recording
 * has in addition, about `budget` bytes of its output at most (0: no limit),
 * and whole blocks only until the chain has its end: at a hub that comes behind
 * the event that tells of it. 1: there is more to do; 0.
 * `pieces` is all zero, or as an earlier call left it: then what was read of
 * the disk serves again where it can. Close it in the end.
 */
int screens_extend(struct archive *a, const struct recording *r,
    uint64_t budget, struct piece_reader *pieces, struct err *err);

/*
 * The same for all recordings of the store that have ended, as far as they can
 * be read; those that have all of it cost a look. Fails where the store cannot
 * be asked, and for want of memory.
 */
int screens_make_missing(struct archive *a,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err);

/*
 * The last keyframe at or before a boot time, or the first one. It holds until
 * `block` is closed. -ENOENT: there is none.
 */
int screens_find(const struct screens *s, uint64_t boot,
    struct keyframe_reader *block, struct keyframe *ret);

#endif
