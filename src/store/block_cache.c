/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block_cache.h"

#include <errno.h>
#include <stdlib.h>

int block_cache_init(
    struct block_cache *c, struct sql *s, int blocks_fd, const struct plan *p)
{
	*c = (struct block_cache){.sql = s, .blocks_fd = blocks_fd, .plan = p};
	c->open = calloc(p->n_blocks + 1, sizeof(struct block *));
	c->used_at = calloc(p->n_blocks + 1, sizeof *c->used_at);
	c->list = calloc(p->n_blocks + 1, sizeof *c->list);
	return c->open && c->used_at && c->list ? 0 : -ENOMEM;
}

void block_cache_free(struct block_cache *c)
{
	for (size_t i = 0; i < c->n; i++)
		block_close(c->open[c->list[i]]);
	free(c->open);
	free(c->used_at);
	free(c->list);
}

void block_cache_put(struct block_cache *c, size_t i, struct block *b)
{
	c->open[i] = b;
	c->used_at[i] = ++c->clock;
	c->list[c->n++] = i;
}

int block_cache_get(
    struct block_cache *c, size_t i, struct block **ret, struct err *err)
{
	if (!c->open[i]) {
		struct block *b;
		int r = catalogue_block(
		    c->sql, c->blocks_fd, c->plan->blocks[i].id, &b, err);

		if (r < 0)
			return r;
		block_cache_put(c, i, b);
	}
	c->used_at[i] = ++c->clock;
	*ret = c->open[i];
	return 0;
}

void block_cache_drop(struct block_cache *c, size_t i)
{
	for (size_t k = 0; k < c->n; k++) {
		if (c->list[k] != i)
			continue;
		c->list[k] = c->list[--c->n];
		break;
	}
	block_close(c->open[i]);
	c->open[i] = NULL;
}

size_t block_cache_bytes(const struct block_cache *c)
{
	size_t sum = 0;

	for (size_t k = 0; k < c->n; k++)
		sum += block_memory(c->open[c->list[k]]);
	return sum;
}

void block_cache_trim(struct block_cache *c, size_t bytes)
{
	while (c->n && block_cache_bytes(c) > bytes) {
		size_t oldest = c->list[0];

		for (size_t k = 1; k < c->n; k++)
			if (c->used_at[c->list[k]] < c->used_at[oldest])
				oldest = c->list[k];
		block_cache_drop(c, oldest);
	}
}
