/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The append-only hash tree of RFC 6962, section 2.1: leaves are hashed as
 * SHA-256(0x00 || leaf), inner nodes as SHA-256(0x01 || left || right). Only
 * the frontier is kept: the roots of the perfect subtrees that the size's
 * binary digits stand for, largest first.
 */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include "crypto/digest.h"

#define MERKLE_MAX_LEVELS 64

struct merkle {
	uint64_t size; /* leaves */
	struct sha256 frontier[MERKLE_MAX_LEVELS];
};

void merkle_init(struct merkle *t);
/* Number of hashes in the frontier: the one-bits of size. */
unsigned merkle_n_frontier(const struct merkle *t);
void merkle_leaf_hash(const void *p, size_t n, struct sha256 *ret);
/* Of an inner node; `ret` may be one of the two. */
void merkle_node_hash(
    const struct sha256 *left, const struct sha256 *right, struct sha256 *ret);
void merkle_append(struct merkle *t, const struct sha256 *leaf_hash);
/* SHA-256 of nothing for an empty tree, as RFC 6962 says. */
void merkle_root(const struct merkle *t, struct sha256 *ret);

#endif
