/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proves of some leaves that they are in a signed tree: the tree (RFC
 * 6962) with all subtrees that hold none of them cut down to their hashes. For
 * one leaf these are the hashes of its audit path; leaves that stand together
 * share them. Lines of text, in the order of the leaves, counted from 1:
 *
 *   hidden FIRST COUNT HASH     a whole subtree of 2^k leaves, in base64
 *   shown FIRST COUNT           leaves that the reader has
 *
 * FIRST - 1 is a multiple of COUNT in the first. To check: append them in this
 * order to a tree, and compare the root where the size is that of a checkpoint.
 */
#ifndef CRYPTO_PROOF_H
#define CRYPTO_PROOF_H

#include "base/buf.h"
#include "crypto/merkle.h"

/* A subtree of 1 << level leaves, none of which is shown. */
struct proof_part {
	unsigned level;
	struct sha256 hash;
};

/* One pass over the leaves; all zero to begin with, but `lines`. */
struct proof {
	struct buf *lines;
	uint64_t size;	/* leaves so far */
	uint64_t shown; /* the last so many of them */
	/* Not written yet: up to `size`, the largest in the middle. */
	struct proof_part parts[2 * MERKLE_MAX_LEVELS];
	unsigned n;
};

/* The next leaf is one that the reader has. */
void proof_show(struct proof *p);
/* The next leaf is not. */
void proof_hide(struct proof *p, const struct sha256 *leaf);
/* All leaves of a tree, before any other. */
void proof_hide_tree(struct proof *p, const struct merkle *t);
/*
 * A checkpoint has this size: no subtree goes beyond it. To be called at the
 * end, too; look at buf_error() of the lines then.
 */
void proof_cut(struct proof *p);

#endif
