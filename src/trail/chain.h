/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a chain is and how far its tree has come: what signing a checkpoint and
 * beginning a segment need. One thread at a time uses it.
 */
#ifndef TRAIL_CHAIN_H
#define TRAIL_CHAIN_H

#include "trail/header.h"
#include "trail/trail.h"

struct chain {
	char origin[TRAIL_ORIGIN_MAX + 1];
	const struct sign_key *key;
	void (*now)(int64_t *realtime, int64_t *boottime);
	uint8_t id[16];
	uint8_t boot[16];
	struct merkle tree; /* of the frames written */
};

/* As cfg says. -EINVAL: the origin is no name for a chain. */
int chain_init(
    struct chain *c, const struct trail_config *cfg, struct err *err);

/* Append the signed note of the tree as it is to b. */
int chain_sign(const struct chain *c, struct buf *b);

/* Append the header of a segment that begins behind the tree to b. */
int chain_header(const struct chain *c, struct buf *b);

/* Take frames, one whole frame behind the other, into the tree. */
void chain_add(struct chain *c, struct str frames);

#endif
