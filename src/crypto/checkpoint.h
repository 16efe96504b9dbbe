/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: the size and root hash of a tree in a C2SP signed note
 * (https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note). Anybody
 * may have written the note that is read here.
 */
#ifndef CRYPTO_CHECKPOINT_H
#define CRYPTO_CHECKPOINT_H

#include "crypto/sign.h"

#define CHECKPOINT_NOTE_MAX 16384

struct checkpoint {
	struct str origin; /* also the name of the key; no blank, no plus */
	uint64_t size;
	struct sha256 root;
	struct str
	    extension; /* further lines, each with its newline; or none */
};

/*
 * Append the signed note to b. 0; -EINVAL: the origin or the extension does
 * not fit into a note; or the error of b.
 */
int checkpoint_sign(
    const struct checkpoint *cp, const struct sign_key *key, struct buf *b);

/*
 * Parse and check one. 0; -EBADMSG: malformed; -EKEYREJECTED: a signature
 * that claims to be by `pub` is not; -ENOKEY: signed, but by other keys only.
 * Signatures by others beside a good one are fine (cosignatures). Strings of
 * *ret point into `note`.
 */
int checkpoint_verify(struct str note, const struct sign_public *pub,
    struct checkpoint *ret, struct err *err);

#endif
