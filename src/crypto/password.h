/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of passwords, slow to guess: Argon2id, as libsodium makes it. */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/str.h"

#define PASSWORD_HASH_LEN 128 /* printable ASCII, with the final NUL */

/* Takes 64 MiB and a tenth of a second for the time being. -ENOMEM. */
int password_hash(struct str password, char ret[static PASSWORD_HASH_LEN]);

/* As slow. False also where `hash` is none, or there is no memory. */
bool password_check(const char *hash, struct str password);

#endif
