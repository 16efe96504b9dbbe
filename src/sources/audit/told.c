/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/told.h"

#include <errno.h>

#include "base/hash.h"

int told_add(
    struct told *t, struct str line, enum told_way way, enum told_way *ret)
{
	const uint64_t hash = hash_bytes(line);
	uint64_t *who = map_get(&t->before, hash);

	if (!who)
		who = map_put(&t->now, hash);
	if (!who)
		return -ENOMEM;
	*ret = (enum told_way) * who;
	if (*who == TOLD_NEW)
		*who = way;
	if (t->now.n < t->most)
		return 0;
	map_free(&t->before);
	t->before = t->now;
	t->now = MAP_INIT;
	return 0;
}

void told_free(struct told *t)
{
	map_free(&t->now);
	map_free(&t->before);
}
