/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies where in a store directory, and the secrets that lie there. Knows
 * names and modes, nothing of what trails and index contain.
 */
#ifndef ARCHIVE_LAYOUT_H
#define ARCHIVE_LAYOUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/checkpoint.h"

#define LAYOUT_TRAIL	   "trail"
#define LAYOUT_INDEX	   "index"
#define LAYOUT_SCREENS	   "screens"
/* In a chain's directory, see trail/trail.h. */
#define LAYOUT_CHECKPOINT  "checkpoint"
/* Of a chain that another host writes: its newest checkpoint, cosigned. */
#define LAYOUT_WRITER_NOTE "writer.note"
/*
 * Of a host that has joined a hub: CHAIN.note is the newest checkpoint that the
 * hub has cosigned.
 */
#define LAYOUT_JOINED	   "joined"
#define LAYOUT_ID_KEY_LEN  16

/*
 * Open the store directory. With `make`, it is made when it is not there
 * (mode 0700, parents too). -ENOENT: no store there; -EPROTO: made by a newer
 * version of sshtrail; -ENOTEMPTY: no store at all but something else.
 */
int layout_open(const char *dir, bool make, int *ret_dirfd, struct err *err);

/*
 * The signing key and the identity key, made when they are not there yet.
 * -ENOKEY: the store has trails, but one of its keys is gone.
 */
int layout_keys(int dirfd, struct sign_key *key,
    uint8_t id_key[static LAYOUT_ID_KEY_LEN], struct err *err);

/* The store's own public key, for verification without the secret one. */
int layout_public_key(int dirfd, struct sign_public *ret, struct err *err);

/*
 * Directory of a chain below trail/. Bytes of the name other than letters,
 * digits and ".:_-" are written as %XX: names of hosts come from log lines.
 * With `make`, it is made when it is not there.
 */
int layout_open_chain(
    int dirfd, const char *chain, bool make, int *ret, struct err *err);

/* As layout_open_chain(): what was derived of its recordings, below screens/.
 */
int layout_open_screens(
    int dirfd, const char *chain, bool make, int *ret, struct err *err);

/*
 * Read the checkpoint in directory `chainfd` of a chain, which `pub` must have
 * signed: its text in *note, which is freed on errors, and its *size. -ENOENT:
 * there is none yet.
 */
int layout_checkpoint(int chainfd, const char *chain,
    const struct sign_public *pub, struct buf *note, uint64_t *size,
    struct err *err);
/* So many frames of a chain are on the disk and signed; 0: none yet. */
int layout_signed_size(
    int dirfd, const char *chain, uint64_t *ret, struct err *err);

/*
 * What the host that writes a chain calls it. A hub keeps a second history of
 * "events:HOST" as "events:HOST:2", and so "recordings:HOST"; see docs/hub.md.
 */
struct str layout_written_as(const char *chain);

/* Whether there are events in a chain of this name. */
bool layout_has_events(const char *chain);

/*
 * Call fn with the name of each chain, sorted. A non-zero return stops and is
 * returned.
 */
int layout_each_chain(int dirfd, int (*fn)(void *ctx, const char *chain),
    void *ctx, struct err *err);

#endif
