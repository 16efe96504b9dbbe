/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing for tables in memory. The seed is drawn once per process, so that
 * hostile keys cannot be chosen to collide; never store such a hash.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

uint64_t hash_bytes(struct str s);
/* A hash without seed: the same everywhere, for stored filters. */
uint64_t hash_stable(struct str s);

static inline uint64_t hash_u64(uint64_t v)
{
	v ^= v >> 32;
	v *= 0x9e3779b97f4a7c15u;
	v ^= v >> 29;
	v *= 0xbf58476d1ce4e5b9u;
	return v ^ (v >> 32);
}

#endif
