/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain that another host writes, kept frame for frame as it was written
 * there, under the same name: numbers, times and bytes are the writer's, and so
 * is the hash tree. This store signs what it has with its own key; the newest
 * checkpoint that the writer signed lies beside it (file `writer.note`).
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
/* What is not committed is indexed by the next opening. NULL is fine. */
void replica_close(struct replica *r);

/*
 * The tree of what is kept; to be asked behind replica_open() or
 * replica_sync(), until the next append.
 */
const struct merkle *replica_tree(const struct replica *r);

/*
 * Add the frame that follows. -EINVAL: it does not; -EBADMSG: it is an event
 * that cannot be read. Nothing was added then. Other errors end the replica, as
 * those of trail_append() do.
 */
int replica_append(struct replica *r, const struct frame *f, struct err *err);
/* All appended is on the disk when this returns 0. */
int replica_sync(struct replica *r, struct err *err);

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
