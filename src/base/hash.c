/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sys/random.h>

static uint64_t process_seed(void)
{
	static uint64_t seed;

	while (!seed)
		if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
			seed = 0;
	return seed;
}

uint64_t hash_bytes(struct str s)
{
	return XXH3_64bits_withSeed(s.p ? s.p : "", s.n, process_seed());
}

uint64_t hash_stable(struct str s)
{
	return XXH3_64bits(s.p ? s.p : "", s.n);
}
