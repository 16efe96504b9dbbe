/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One chain of a trail: append-only frames in segments, under a hash tree.
 * The format is written down in docs/trail-format.md. A chain lies in one
 * directory and has one writer at a time (the caller holds a lock).
 */
#ifndef TRAIL_TRAIL_H
#define TRAIL_TRAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"

#define TRAIL_SEGMENT_MAX ((size_t)8 << 20)
#define TRAIL_PAYLOAD_MAX ((size_t)1 << 20)

enum frame_type {
	FRAME_EVENT = 1,     /* payload: one event as JSON */
	FRAME_RECORDING = 2, /* payload: raw recording bytes */
};

struct frame {
	uint64_t seq;      /* from 1, without gaps */
	int64_t realtime;  /* microseconds since 1970, when appended */
	int64_t boottime;  /* microseconds since boot, when appended */
	enum frame_type type;
	uint32_t stream;
	struct str payload;
};

struct trail;

struct trail_config {
	const char *origin;          /* chain name, "import:web-01" */
	const struct sign_key *key;
	/* Clocks; NULL for the system's. Tests drive time through it. */
	void (*now)(int64_t *realtime, int64_t *boottime);
};

/* What recovery found; all zero when the last writer closed properly. */
struct trail_recovery {
	uint64_t torn_bytes;   /* cut from the tail */
	uint64_t last_seq;     /* of the chain after recovery */
	bool unclean;          /* frames were found behind the last checkpoint */
};

/*
 * Open the chain in directory `dirfd` for appending, made if new. A torn tail
 * of the last segment is moved to a file *.torn beside it, never discarded;
 * *recovery says so, and the caller writes the gap event. -EBADMSG: damage
 * elsewhere, see trail_verify(); nothing is changed then.
 */
int trail_open(struct trail **ret, int dirfd, const struct trail_config *cfg,
    struct trail_recovery *recovery, struct err *err);

/*
 * Append one frame; its sequence number in *ret_seq. Durable after the next
 * trail_sync(). -EMSGSIZE: payload above TRAIL_PAYLOAD_MAX. -ENOSPC and other
 * write errors: nothing was added, what came before is unharmed, and further
 * appends fail with the same error until the chain is opened anew.
 */
int trail_append(struct trail *t, enum frame_type type, uint32_t stream,
    struct str payload, uint64_t *ret_seq, struct err *err);

/* Everything appended is on the disk when this returns 0. */
int trail_sync(struct trail *t, struct err *err);

/* Sync, then sign size and root and put the checkpoint in place atomically. */
int trail_checkpoint(struct trail *t, struct err *err);

uint64_t trail_last_seq(const struct trail *t);

/* Checkpoint and close. `t` is gone in any case; NULL is fine. */
int trail_close(struct trail *t, struct err *err);
/* Close without another write, after an error. */
void trail_abandon(struct trail *t);

/* Reading, from sequence number `from` on; the chain may be growing. */
struct trail_reader;

int trail_reader_open(struct trail_reader **ret, int dirfd, uint64_t from,
    struct err *err);
/*
 * 1 and a frame, valid until the next call; 0 at the end of what is there;
 * -EBADMSG: damage, named in err; the reader stands behind the damaged
 * segment and the next call goes on there.
 */
int trail_reader_next(struct trail_reader *r, struct frame *ret,
    struct err *err);
void trail_reader_close(struct trail_reader *r);

#endif
