/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>

#include "base/hash.h"

/* Linear probing, at most 3/4 full. */
static struct map_slot *find_slot(const struct map *m, uint64_t key)
{
	size_t i = hash_u64(key) & (m->cap - 1);

	while (m->slots[i].used && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

uint64_t *map_get(const struct map *m, uint64_t key)
{
	struct map_slot *s;

	if (m->n == 0)
		return NULL;
	s = find_slot(m, key);
	return s->used ? &s->value : NULL;
}

static bool map_grow(struct map *m)
{
	struct map old = *m;
	size_t cap = old.cap ? old.cap * 2 : 64;

	m->slots = calloc(cap, sizeof *m->slots);
	if (!m->slots) {
		*m = old;
		return false;
	}
	m->cap = cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].used)
			*find_slot(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
	return true;
}

uint64_t *map_put(struct map *m, uint64_t key)
{
	struct map_slot *s;

	if (m->n + 1 > m->cap / 4 * 3 && !map_grow(m))
		return NULL;
	s = find_slot(m, key);
	if (!s->used) {
		*s = (struct map_slot){key, 0, true};
		m->n++;
	}
	return &s->value;
}

void map_del(struct map *m, uint64_t key)
{
	struct map_slot *s;
	size_t i;

	if (m->n == 0 || !(s = find_slot(m, key))->used)
		return;
	s->used = false;
	m->n--;
	/* Whoever probed past the hole must be put in anew. */
	i = (size_t)(s - m->slots);
	for (i = (i + 1) & (m->cap - 1); m->slots[i].used;
	     i = (i + 1) & (m->cap - 1)) {
		struct map_slot moved = m->slots[i];

		m->slots[i].used = false;
		*find_slot(m, moved.key) = moved;
	}
}

void map_clear(struct map *m)
{
	if (m->n)
		memset(m->slots, 0, m->cap * sizeof *m->slots);
	m->n = 0;
}

void map_free(struct map *m)
{
	free(m->slots);
	*m = MAP_INIT;
}

static uint32_t *intern_slot(const struct intern *in, struct str s, uint64_t h)
{
	uint32_t i = (uint32_t)h & (in->n_slots - 1);

	while (in->slots[i]) {
		uint32_t id = in->slots[i] - 1;

		if (in->hashes[id] == h && str_eq(in->strings[id], s))
			break;
		i = (i + 1) & (in->n_slots - 1);
	}
	return &in->slots[i];
}

static bool intern_grow_slots(struct intern *in)
{
	uint32_t n = in->n_slots ? in->n_slots * 2 : 64;
	uint32_t *slots = calloc(n, sizeof *slots);

	if (!slots)
		return false;
	free(in->slots);
	in->slots = slots;
	in->n_slots = n;
	for (uint32_t id = 0; id < in->n; id++) {
		uint32_t i = (uint32_t)in->hashes[id] & (n - 1);

		while (slots[i])
			i = (i + 1) & (n - 1);
		slots[i] = id + 1;
	}
	return true;
}

static bool intern_grow_strings(struct intern *in)
{
	uint32_t cap = in->cap ? in->cap * 2 : 32;
	struct str *strings;
	uint64_t *hashes;

	strings = realloc(in->strings, cap * sizeof *strings);
	if (!strings)
		return false;
	in->strings = strings;
	hashes = realloc(in->hashes, cap * sizeof *hashes);
	if (!hashes)
		return false;
	in->hashes = hashes;
	in->cap = cap;
	return true;
}

uint32_t intern_add(struct intern *in, struct str s)
{
	uint64_t h;
	uint32_t *slot;
	struct str copy;

	/* Records come in runs of the same user, program, directory. */
	if (in->last < in->n && str_eq(in->strings[in->last], s))
		return in->last;
	h = hash_bytes(s);
	if (in->n + 1 > in->n_slots / 4 * 3 && !intern_grow_slots(in))
		return INTERN_NONE;
	slot = intern_slot(in, s, h);
	if (*slot)
		return in->last = *slot - 1;
	if (in->n == in->cap && !intern_grow_strings(in))
		return INTERN_NONE;
	copy = arena_dup(&in->text, s);
	if (!copy.p)
		return INTERN_NONE;
	in->strings[in->n] = copy;
	in->hashes[in->n] = h;
	*slot = ++in->n;
	return in->last = in->n - 1;
}

uint32_t intern_find(const struct intern *in, struct str s)
{
	uint32_t *slot;

	if (in->n == 0)
		return INTERN_NONE;
	slot = intern_slot(in, s, hash_bytes(s));
	return *slot ? *slot - 1 : INTERN_NONE;
}

void intern_clear(struct intern *in)
{
	if (in->n)
		memset(in->slots, 0, in->n_slots * sizeof *in->slots);
	in->n = 0;
	arena_reset(&in->text);
}

void intern_free(struct intern *in)
{
	arena_free(&in->text);
	free(in->strings);
	free(in->hashes);
	free(in->slots);
	*in = INTERN_INIT;
}
