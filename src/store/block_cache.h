/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of one walk that are open, within a budget of memory. */
#ifndef STORE_BLOCK_CACHE_H
#define STORE_BLOCK_CACHE_H

#include "store/plan.h"

/*
 * What open blocks may hold together. More does not help: with fewer blocks
 * open, memory is used again instead of being asked of the kernel anew.
 */
#define BLOCK_CACHE_BYTES ((size_t)32 << 20)

struct block_cache {
	struct sql *sql;
	int blocks_fd;
	const struct plan *plan;
	struct block **open; /* by index in the plan; NULL: closed */
	uint64_t *used_at;
	uint64_t clock;
	size_t *list; /* indices of those open */
	size_t n;
};

int block_cache_init(
    struct block_cache *c, struct sql *s, int blocks_fd, const struct plan *p);
void block_cache_free(struct block_cache *c);
/* A block that is open already; the cache's from now on. */
void block_cache_put(struct block_cache *c, size_t i, struct block *b);
/* Stays open until block_cache_trim() or _drop(). */
int block_cache_get(
    struct block_cache *c, size_t i, struct block **ret, struct err *err);
void block_cache_drop(struct block_cache *c, size_t i);
size_t block_cache_bytes(const struct block_cache *c);
/* Close the least recently used until they hold at most `bytes`. */
void block_cache_trim(struct block_cache *c, size_t bytes);

#endif
