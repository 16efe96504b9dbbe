/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recording on its way into a chain of recordings, and the two events that
 * vouch for it. What it says gives it an identity (the `id` of its
 * channel.close), by which it is known when it is read again.
 */
#ifndef CLI_IMPORT_TAPE_H
#define CLI_IMPORT_TAPE_H

#include "core/event.h"
#include "crypto/digest.h"
#include "record/chunk.h"
#include "record/counts.h"
#include "trail/trail.h"

struct tape {
	/* Where it is written to; NULL: it is only looked at. */
	struct trail *trail;
	uint64_t number, last; /* its frames */
	struct chunk_writer chunk;
	struct sha256_ctx frames, said; /* of its frames; of what it says */
	int64_t start;			/* nanoseconds since 1970 */
	uint64_t now;			/* since then */
	struct counts counts;
	int64_t status;	 /* -1: not known */
	struct buf open; /* its channel.open, as JSON */
};

/* Where its frames will begin in the trail. */
uint64_t tape_number(const struct trail *trail);

/*
 * Begin one at `start`. `open` is its channel.open: with `trail` (NULL: nothing
 * is written) it is the first piece, and tells where the recording is; `said`,
 * of the same, is what is of its identity.
 */
int tape_begin(struct tape *t, struct trail *trail, int64_t start,
    const struct event *open, struct str said, struct err *err);

/* `boot` of p counts from the begin. */
int tape_piece(struct tape *t, const struct piece *p, struct err *err);

/* Nothing of it is held in memory any more that the trail may have. */
int tape_flush(struct tape *t, struct err *err);

/* Nothing comes any more. */
int tape_end(struct tape *t, struct err *err);

/*
 * Its channel.open and channel.close, with strings of `a`; `key` is that of
 * source_id(). `partial`: something of it could not be read.
 */
int tape_events(const struct tape *t, const uint8_t key[static 16],
    bool partial, struct event *ret_open, struct event *ret_close,
    struct arena *a, struct err *err);

void tape_free(struct tape *t);

#endif
