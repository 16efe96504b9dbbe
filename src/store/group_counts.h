/* SPDX-License-Identifier: Apache-2.0 */
/* What events are counted by, and how many each has: millions of addresses. */
#ifndef STORE_GROUP_COUNTS_H
#define STORE_GROUP_COUNTS_H

#include "base/str.h"

/* Compared by its bytes: no holes. What is not counted by is 0. */
struct group_key {
	int32_t day;		   /* since 1970, UTC */
	uint32_t user, host, addr; /* numbers of their names */
	int32_t kind;
};

struct group_count {
	struct group_key key;
	int64_t n;
};

struct group_counts {
	struct group_count *v; /* in the order in which they came */
	size_t n, cap;
	uint32_t *slots; /* place in v + 1 by hash; 0: free */
	size_t n_slots;
	size_t last; /* the one added to last */
};

/* Events come in runs of one group. -ENOMEM. */
int group_counts_add(
    struct group_counts *g, const struct group_key *key, int64_t n);
void group_counts_free(struct group_counts *g);

#endif
