/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blocks have rows of a track, on the way into the catalogue. Ids of
 * tracks are hashes: written one by one, each of millions would need a page of
 * its own; of many together those of a page are written at once.
 */
#ifndef STORE_TRACK_BLOCKS_H
#define STORE_TRACK_BLOCKS_H

#include "store/block.h"
#include "store/sql.h"

struct track_block {
	uint64_t track;
	int64_t block;
	uint32_t first, n; /* rows of the block */
};

struct track_blocks {
	struct track_block *v;
	size_t n, cap;
};

/* May write what was added before. -ENOMEM, or what the catalogue says. */
int track_blocks_add(struct track_blocks *t, struct sql *s, int64_t block,
    const struct run *run, struct err *err);
/* Write all. Of several of one track and block the first counts. */
int track_blocks_flush(struct track_blocks *t, struct sql *s, struct err *err);
void track_blocks_free(struct track_blocks *t);

#endif
