/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 keys, and their text forms. */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/digest.h"

#define SIGN_PUBLIC_LEN 32
#define SIGN_SECRET_LEN 64

struct sign_public {
	uint8_t key[SIGN_PUBLIC_LEN];
};

struct sign_key {
	struct sign_public pub;
	uint8_t secret[SIGN_SECRET_LEN];
};

/*
 * Read the key of directory `dirfd` (files NAME.key, mode 0600, and NAME.pub,
 * one line of text each), or make it when there is none. -EBADMSG for a
 * damaged file or two that do not belong together; -EACCES when others may
 * read the secret; never replaces an existing key.
 */
int sign_key_load(
    struct sign_key *ret, int dirfd, const char *name, struct err *err);
void sign_key_wipe(struct sign_key *key);

/*
 * The public key as a C2SP verifier key, NAME+HASH+BASE64, and back.
 * `origin` is the key name; no blanks, no plus sign. *ret_origin points into
 * `text` and may be NULL.
 */
void sign_public_format(
    const struct sign_public *pub, struct str origin, struct buf *b);
int sign_public_parse(struct str text, struct sign_public *ret,
    struct str *ret_origin, struct err *err);

/* First four bytes of SHA-256(NAME "\n" 0x01 KEY), as a C2SP note wants it. */
void sign_key_hash(
    const struct sign_public *pub, struct str name, uint8_t ret[static 4]);

#endif
