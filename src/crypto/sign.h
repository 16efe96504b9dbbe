/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 keys, and checkpoints as C2SP signed notes. */
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
 * both text), or make it when there is none. -EBADMSG for a damaged file;
 * never replaces an existing one.
 */
int sign_key_load(struct sign_key *ret, int dirfd, const char *name,
    struct err *err);
void sign_key_wipe(struct sign_key *key);

/*
 * The public key as a C2SP verifier key, NAME+HASH+BASE64, and back.
 * `origin` is the key name; no blanks, no plus sign.
 */
void sign_public_format(const struct sign_public *pub, struct str origin,
    struct buf *b);
int sign_public_parse(struct str text, struct sign_public *ret,
    struct str *ret_origin, struct err *err);

/* https://c2sp.org/tlog-checkpoint */
struct checkpoint {
	struct str origin;
	uint64_t size;
	struct sha256 root;
	struct str extension; /* further lines, each with its newline; or none */
};

void checkpoint_sign(const struct checkpoint *cp, const struct sign_key *key,
    struct buf *b);

/*
 * Parse and check one. 0; -EBADMSG: malformed; -EKEYREJECTED: no valid
 * signature by `pub`; -ENOKEY: signed, but by other keys only. Strings of
 * *ret point into `note`.
 */
int checkpoint_verify(struct str note, const struct sign_public *pub,
    struct checkpoint *ret, struct err *err);

#endif
