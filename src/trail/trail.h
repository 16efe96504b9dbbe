/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One chain of a trail: append-only frames in segments, under a hash tree.
 * The format is written down in docs/trail-format.md. A chain lies in one
 * directory and has one writer at a time, who locks the directory.
 */
#ifndef TRAIL_TRAIL_H
#define TRAIL_TRAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"

/* Frames of a segment: what a reader takes, and what the writer puts in. */
#define TRAIL_SEGMENT_MAX  ((size_t)8 << 20)
#define TRAIL_SEGMENT_FULL ((size_t)4 << 20)
#define TRAIL_PAYLOAD_MAX  ((size_t)1 << 20)

enum frame_type {
	FRAME_EVENT = 1,     /* payload: one event as JSON */
	FRAME_RECORDING = 2, /* payload: raw recording bytes */
};

struct frame {
	uint64_t seq;	  /* from 1, without gaps */
	int64_t realtime; /* microseconds since 1970, when appended */
	int64_t boottime; /* microseconds since boot, when appended */
	enum frame_type type;
	uint32_t stream;
	struct str payload;
};

struct trail;

#define TRAIL_ORIGIN_MAX 255

/*
 * What a chain that is made is to lack in front, as it is kept elsewhere: `why`
 * says where, and stands in the hole (trail/prune.h).
 */
struct trail_behind {
	struct merkle tree; /* of the frames that it lacks */
	const char *why;
};

struct trail_config {
	const char *origin;	    /* chain name, "import:web-01" */
	const struct sign_key *key; /* must stay until the trail is closed */
	/* Clocks; NULL for the system's. Tests drive time through it. */
	void (*now)(int64_t *realtime, int64_t *boottime);
	/* 16 bytes; NULL: asked of /proc, which a sandbox may hide. */
	const uint8_t *boot_id;
	int level; /* of zstd for closed segments; 0: 1 */
	const struct trail_behind *behind; /* NULL: it begins with frame 1 */
};

/* What recovery found; all zero when the last writer closed properly. */
struct trail_recovery {
	uint64_t torn_bytes; /* cut from the tail, in *.torn now */
	uint64_t last_seq;   /* of the chain after recovery; always set */
	bool unclean;	     /* frames were found behind the last checkpoint */
};

/*
 * Open the chain in directory `dirfd` (not needed afterwards) for appending,
 * made if new. A torn tail of the last segment is moved to a file *.torn
 * beside it, never discarded; *recovery says so, and the caller writes the gap
 * event. -EBADMSG: damage to what was signed, see trail_verify(); nothing is
 * changed then. -EKEYREJECTED, -ENOKEY: signed by another key. -EBUSY: somebody
 * has it open.
 */
int trail_open(struct trail **ret, int dirfd, const struct trail_config *cfg,
    struct trail_recovery *recovery, struct err *err);

/* Whether somebody has the chain in directory `dirfd` open for appending. */
bool trail_is_open(int dirfd);

/*
 * Append one frame; its sequence number in *ret_seq (may be NULL). Durable
 * after the next trail_sync(): until then it may lie in a buffer of this
 * process. -EMSGSIZE: payload above TRAIL_PAYLOAD_MAX, the trail goes on.
 *
 * -ENOSPC (-EDQUOT, -EFBIG): this frame was not added, nor were those of
 * before, not synced yet, whose numbers are above trail_last_seq() now. What
 * came before them is unharmed: trail_sync(), trail_checkpoint() and
 * trail_close() still work, appends fail until the chain is opened anew.
 * Any other error: nothing more can be done with `t` but trail_abandon().
 */
int trail_append(struct trail *t, enum frame_type type, uint32_t stream,
    struct str payload, uint64_t *ret_seq, struct err *err);

/*
 * The same with a frame that was written elsewhere: number and times stay as
 * they are, and so does the tree. -EINVAL: its number is not the next one.
 */
int trail_append_as(struct trail *t, const struct frame *f, struct err *err);

/* Everything up to trail_last_seq() is on the disk when this returns 0. */
int trail_sync(struct trail *t, struct err *err);

/*
 * Sync, then sign size and root and put the checkpoint in place atomically.
 * Works on a full disk too, once: room is kept for it in the file `reserve`.
 */
int trail_checkpoint(struct trail *t, struct err *err);

/*
 * Somebody may remove, rename or replace the file of the segment that is being
 * written. 0: it is where it was; 1: it is put back, with all that it held; or
 * the error that keeps it from there, -ENOENT when the directory is gone. While
 * the disk is full, 0: the next call tries again. Cheap: two stat(2).
 */
int trail_guard(struct trail *t, struct err *err);

uint64_t trail_last_seq(const struct trail *t);
/* Of all frames; to be asked only behind trail_sync(), until the next append.
 */
const struct merkle *trail_tree(const struct trail *t);

/* Checkpoint and close. `t` is gone in any case; NULL is fine. */
int trail_close(struct trail *t, struct err *err);
/* Close without another write, after an error. */
void trail_abandon(struct trail *t);
/*
 * The one or the other, where nobody asks how it went: closed, after a full
 * disk too, so that what was taken is signed; abandoned where it is `broken`,
 * by an error after which it takes no more. NULL is fine.
 */
void trail_end(struct trail *t, bool broken);

/*
 * Reading, from sequence number `from` on (or from the first that is there);
 * the chain may be growing. Nothing is believed but the checksums: whether it
 * is the signed history is asked of trail_verify(). Frames of a new segment
 * are seen once it was synced or closed.
 */
struct trail_reader;

int trail_reader_open(
    struct trail_reader **ret, int dirfd, uint64_t from, struct err *err);

/* Frames of a chain that do not lie in a directory of it, nor all of them. */
struct frame_source {
	/*
	 * 1 and frame `from`, or the first behind it, until the next call; 0:
	 * there is none. `sought`: it need not be behind the one given last.
	 */
	int (*next)(void *ctx, uint64_t from, bool sought, struct frame *ret,
	    struct err *err);
	void (*close)(void *ctx);
	void *ctx;
};

/* From there; it is closed with the reader, also after a failure. */
int trail_reader_open_source(struct trail_reader **ret,
    const struct frame_source *source, uint64_t from, struct err *err);
/*
 * 1 and a frame, valid until the next call; 0 at the end of what is there,
 * call again when there may be more; -EBADMSG: damage or missing frames, named
 * in err; the reader stands behind it and the next call goes on there.
 */
int trail_reader_next(
    struct trail_reader *r, struct frame *ret, struct err *err);
void trail_reader_close(struct trail_reader *r);
/* Go on from `from`; costs little in the segment that was read last. */
void trail_reader_seek(struct trail_reader *r, uint64_t from);

#endif
