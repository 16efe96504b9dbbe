/* SPDX-License-Identifier: Apache-2.0 */
/* A reel: one recording at work, and what its channel.close says of it. */
#ifndef AGENT_REEL_H
#define AGENT_REEL_H

#include "archive/archive.h"
#include "record/chunk.h"
#include "record/counts.h"

struct reel {
	uint64_t terminal;
	uint64_t number, last;	   /* its first frame, and its last so far */
	struct chunk_writer chunk; /* not written yet */
	struct sha256_ctx digest;
	int64_t bytes; /* of its frames */
	struct counts counts;
	int64_t time;	   /* of its last piece; microseconds */
	uint64_t skipped;  /* bytes of output, while it is paused */
	bool known;	   /* that is how it began: */
	struct event open; /* its channel.open, in mem */
	struct arena mem;
};

/* NULL is fine. */
void reel_free(struct reel *reel);

/* Keep a copy of its channel.open. -ENOMEM. */
int reel_open(struct reel *reel, const struct event *ev);
void reel_count(struct reel *reel, const struct piece *p);

/*
 * Its channel.close without an event from the source: as far as we know it
 * ourselves. Strings are those of reel->open.
 */
void reel_close(const struct reel *reel, struct event *ev);

/*
 * How that event vouches for what was recorded; where nothing is there
 * (`last` is 0), it does not. The digits live in `hex`.
 */
void reel_vouch(const struct reel *reel, struct event *ev, char hex[static 65]);

/*
 * Append it, for a collector that goes on with it (handover.h); what it
 * gathered must be written. Next, one that was left, from the front of *left;
 * false: there is none, or no memory.
 */
void reel_leave(const struct reel *reel, struct buf *to);
bool reel_take_over(struct reel *ret, struct str *left);

/*
 * Take what the chain holds of recording `number` for what was written: last
 * frame, digest, counts, time, and channel.open where it was not known.
 */
int reel_read_back(
    struct reel *reel, struct archive *a, struct str host, struct err *err);

#endif
