/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cosignatures: a line below a checkpoint by which somebody else than its
 * writer says that he holds the tree of this size and root, and since when
 * (https://c2sp.org/tlog-cosignature, version 1).
 */
#ifndef CRYPTO_COSIGN_H
#define CRYPTO_COSIGN_H

#include "crypto/checkpoint.h"

/*
 * Append the line of `name` to the signed note in b. `seconds` since 1970.
 * -EINVAL: b holds no signed note, or the name does not fit into one.
 */
int cosign_add(struct buf *b, struct str name, const struct sign_key *key,
    uint64_t seconds);

/*
 * Whether `note` has the line of `name`. 0, and when in *ret_seconds;
 * -EBADMSG: no signed note; -ENOKEY: no such line; -EKEYREJECTED: there is one,
 * and it does not verify.
 */
int cosign_check(struct str note, struct str name,
    const struct sign_public *pub, uint64_t *ret_seconds, struct err *err);

#endif
