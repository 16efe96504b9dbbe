/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of a store with all that proves them to somebody else: chain by chain
 * the frames as they lie in the trail, the tree cut down to them
 * (crypto/proof.h), and the signed checkpoints; with the keys that signed these
 * (docs/evidence.md). Everything is compared with the checkpoints while it is
 * written: what does not verify here is not handed out.
 */
#ifndef ARCHIVE_EVIDENCE_H
#define ARCHIVE_EVIDENCE_H

#include "archive/parcel.h"
#include "crypto/sign.h"

struct evidence;

/*
 * Of the store DIR, with its keys. -ENOKEY: one of them is gone or damaged;
 * -EACCES: they are not for the caller.
 */
int evidence_open(struct evidence **ret, const char *dir, struct err *err);
void evidence_close(struct evidence *e);

/* By which the store signs. */
const struct sign_key *evidence_key(const struct evidence *e);

/*
 * To be in it: event `seq` of the chain with this hash (struct event.chain), or
 * a recording as struct recording has it; `last` 0: it goes on, and all that is
 * signed of it is taken. -ENOENT: there is no such chain.
 */
int evidence_want(
    struct evidence *e, uint64_t chain, uint64_t seq, struct err *err);
int evidence_want_recording(struct evidence *e, struct str chain,
    uint64_t number, uint64_t last, struct err *err);

/* Asked at each frame that is read; what it returns if negative stops. */
struct evidence_pulse {
	int (*alive)(void *ctx); /* may be NULL */
	void *ctx;
};

/*
 * Write all that is wanted, a directory for each chain, and the keys. Appends
 * to `about` the members "chains" and "recordings" of a JSON object; of a
 * recording frames may be missing: retention removed them, or their host has
 * not sent them to this hub yet; then it is not `whole`. -EBADMSG:
 * a chain does not verify; -EAGAIN: an event is not signed yet; -ENOENT: it was
 * removed since it was found.
 */
int evidence_write(struct evidence *e, struct parcel *p,
    const struct evidence_pulse *pulse, struct buf *about, struct err *err);

#endif
