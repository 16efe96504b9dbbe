/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain beside the one that archive_begin() began. Most are of another host
 * that writes them, kept frame for frame as they were written there, under the
 * same name: numbers, times and bytes are the writer's, and so is the hash
 * tree; replica_write() is for those of this store's own. This store signs what
 * it has with its own key; the newest checkpoint that the writer signed lies
 * beside it (file `writer.note`).
 *
 * Events are added to the index as they come, each chain with a memory of its
 * own, so that many chains can be written side by side. Replicas must be closed
 * before their archive.
 */
#ifndef ARCHIVE_REPLICA_H
#define ARCHIVE_REPLICA_H

#include "archive/archive.h"

struct replica;

/* Open the chain, made when new. The archive must be open for writing. */
int replica_open(struct replica **ret, struct archive *a, const char *chain,
    struct err *err);
/* A new chain that begins behind frames kept in another one. */
int replica_begin(struct replica **ret, struct archive *a, const char *chain,
    const struct trail_behind *behind, struct err *err);
/* What is not committed is indexed by the next opening. NULL is fine. */
void replica_close(struct replica *r);

/*
 * The tree of what is kept; to be asked behind replica_open() or
 * replica_sync(), until the next append.
 */
const struct merkle *replica_tree(const struct replica *r);

/*
 * Add the frame that follows. -EINVAL: it does not; -EBADMSG: it is an event
 * that cannot be read, or that only a hub may tell. Nothing was added then.
 * Other errors end the replica, as those of trail_append() do.
 */
int replica_append(struct replica *r, const struct frame *f, struct err *err);
/* Whether it told of other hosts, since it was opened; see archive/teller.h. */
const struct teller *replica_teller(const struct replica *r);
/*
 * Into a chain that this store writes itself, beside others and the one begun:
 * trail, track and index, as archive_append() has it. Errors other than -ENOMEM
 * end the replica.
 */
int replica_write(struct replica *r, struct event *ev, struct err *err);
/* The gap that tells how its last writer was cut off; nothing: it was not. */
int replica_write_gap(struct replica *r, const char *chain, struct err *err);
/* Read back the last `n` events that are on the disk, as archive_recent(). */
int replica_recent(struct replica *r, uint64_t n,
    int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *err);

/* All appended is on the disk when this returns 0. */
int replica_sync(struct replica *r, struct err *err);

/*
 * Replicas that wait for the disk at the same time (base/crew.h): what
 * replica_sync() waits for, or, with `sign`, replica_prepare(), which follows
 * and returns what went wrong here.
 */
void replicas_wait(struct replica *const *v, size_t n, bool sign);
/* replica_close() for each, likewise. */
void replicas_close(struct replica **v, size_t n);
/* Something was appended since replica_prepare(). */
bool replica_is_dirty(const struct replica *r);

/* The writer's newest checkpoint with its cosignatures; empty: none yet. */
int replica_note(const struct replica *r, struct buf *ret, struct err *err);
int replica_set_note(struct replica *r, struct str note, struct err *err);

/* Read what is kept, from frame `from` on, as trail_reader_open() says. */
int replica_read(const struct replica *r, uint64_t from,
    struct trail_reader **ret, struct err *err);

/*
 * Ready for archive_commit(), which must follow for all of the archive: signed,
 * and what the index is to hold handed to it.
 */
int replica_prepare(struct replica *r, struct err *err);

#endif
