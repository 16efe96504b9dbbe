/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the end of a chain, and mending what a crash left there. */
#ifndef TRAIL_RECOVER_H
#define TRAIL_RECOVER_H

#include "trail/header.h"
#include "trail/trail.h"

struct chain_end {
	struct merkle tree;
	uint64_t segment; /* first number of the last segment; 0: no segment */
	size_t segment_len; /* its length, header included */
	size_t header_len;
	bool may_continue; /* plain, clean, and of this boot */
};

/*
 * As trail_open() says of it. Frames behind the last checkpoint are durable
 * when this returns 0.
 */
int chain_recover(int dirfd, const struct trail_config *cfg,
    const uint8_t boot[static 16], struct chain_end *ret,
    struct trail_recovery *recovery, struct err *err);

#endif
