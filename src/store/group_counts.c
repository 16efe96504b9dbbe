/* SPDX-License-Identifier: Apache-2.0 */
#include "store/group_counts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

static bool is_group(
    const struct group_counts *g, size_t i, const struct group_key *k)
{
	return memcmp(&g->v[i].key, k, sizeof *k) == 0;
}

/* Linear probing, at most 3/4 full. */
static uint32_t *find_slot(
    const struct group_counts *g, const struct group_key *k)
{
	size_t i = hash_bytes(str_make(k, sizeof *k)) & (g->n_slots - 1);

	while (g->slots[i] && !is_group(g, g->slots[i] - 1, k))
		i = (i + 1) & (g->n_slots - 1);
	return &g->slots[i];
}

static int more_slots(struct group_counts *g)
{
	const size_t n = g->n_slots ? 2 * g->n_slots : 64;
	uint32_t *slots = calloc(n, sizeof *slots);

	if (!slots)
		return -ENOMEM;
	free(g->slots);
	g->slots = slots;
	g->n_slots = n;
	for (size_t i = 0; i < g->n; i++)
		*find_slot(g, &g->v[i].key) = (uint32_t)i + 1;
	return 0;
}

int group_counts_add(
    struct group_counts *g, const struct group_key *key, int64_t n)
{
	uint32_t *slot;
	int r = 0;

	if (g->n && is_group(g, g->last, key)) {
		g->v[g->last].n += n;
		return 0;
	}
	if (g->n + 1 > g->n_slots / 4 * 3)
		r = g->n < UINT32_MAX ? more_slots(g) : -ENOMEM;
	if (r == 0)
		r = array_grow(&g->v, g->n, &g->cap, sizeof *g->v);
	if (r < 0)
		return r;
	slot = find_slot(g, key);
	if (!*slot) {
		g->v[g->n++] = (struct group_count){*key, 0};
		*slot = (uint32_t)g->n;
	}
	g->last = *slot - 1;
	g->v[g->last].n += n;
	return 0;
}

void group_counts_free(struct group_counts *g)
{
	free(g->v);
	free(g->slots);
	*g = (struct group_counts){NULL, 0, 0, NULL, 0, 0};
}
