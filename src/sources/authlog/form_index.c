/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/form_index.h"

#include <stdlib.h>

#define TABLES_MAX 16

struct form_index {
	const struct form *table;
	uint32_t first[256]; /* by byte: where its entries begin */
	struct form_entry *entries;
};

struct form_indexes {
	size_t n;
	struct form_index v[TABLES_MAX];
};

struct form_indexes *form_indexes_new(void)
{
	return calloc(1, sizeof(struct form_indexes));
}

void form_indexes_free(struct form_indexes *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->n; i++)
		free(all->v[i].entries);
	free(all);
}

static bool may_begin(const struct form *f, unsigned c)
{
	return f->pattern[0] == '%' || (unsigned char)f->pattern[0] == c;
}

static struct form_entry entry_of(const struct form *f)
{
	static const char ones[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
	size_t n = strcspn(f->pattern, "%");

	return (struct form_entry){f, n, form_first8(str_make(f->pattern, n)),
	    form_first8(str_make(ones, n < 8 ? n : 8))};
}

/* Entries of all bytes behind each other; counts them when there is no room. */
static size_t fill(struct form_index *ix, struct form_entry *to)
{
	size_t n = 0;

	for (unsigned c = 0; c < 256; c++) {
		ix->first[c] = (uint32_t)n;
		for (const struct form *f = ix->table; f->pattern; f++) {
			if (!may_begin(f, c))
				continue;
			if (to)
				to[n] = entry_of(f);
			n++;
		}
		if (to)
			to[n] = (struct form_entry){.form = NULL};
		n++;
	}
	return n;
}

static struct form_index *add(
    struct form_indexes *all, const struct form *table)
{
	struct form_index *ix = &all->v[all->n];

	if (all->n == TABLES_MAX)
		return NULL;
	ix->table = table;
	ix->entries = calloc(fill(ix, NULL), sizeof *ix->entries);
	if (!ix->entries)
		return NULL;
	fill(ix, ix->entries);
	all->n++;
	return ix;
}

const struct form_entry *form_index_get(
    struct form_indexes *all, const struct form *table, unsigned char c)
{
	const struct form_index *ix = all->v;
	const struct form_index *end = ix + all->n;

	while (ix < end && ix->table != table)
		ix++;
	if (ix == end)
		ix = add(all, table);
	return ix ? ix->entries + ix->first[c] : NULL;
}
