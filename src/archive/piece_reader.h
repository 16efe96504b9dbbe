/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of one recording, from any place of it on. */
#ifndef ARCHIVE_PIECE_READER_H
#define ARCHIVE_PIECE_READER_H

#include "archive/recording.h"
#include "record/chunk.h"
#include "record/keyframe.h"

struct piece_reader {
	struct trail_reader *reader;
	struct buf chain;		/* its name, and a NUL */
	struct recording_frames frames; /* damaged: or they were no chunks */
	struct place from; /* what comes before it is passed over */
	struct place next; /* the piece behind the last one given */
	struct chunk_reader chunk;
	bool in_chunk;
};

/*
 * `from` as a keyframe has it; all zero: the beginning. `p` is all zero, or
 * open: then what was read of the disk serves again where it can. Close it also
 * after a failure.
 */
int piece_reader_open(struct piece_reader *p, struct archive *a,
    const struct recording *r, struct place from, struct err *err);
/*
 * 1 and a piece, whose bytes hold until the next call, and where it stands
 * (may be NULL); 0: no more; other errors than damage, which is passed over.
 */
int piece_reader_next(struct piece_reader *p, struct piece *ret,
    struct place *place, struct err *err);
void piece_reader_close(struct piece_reader *p);

#endif
