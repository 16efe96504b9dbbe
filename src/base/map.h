/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tables: struct map from a 64-bit key to a 64-bit value, and struct
 * intern from a string to a small number and back (a dictionary).
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"

struct map_slot {
	uint64_t key;
	uint64_t value;
	bool used;
};

struct map {
	struct map_slot *slots;
	size_t n;
	size_t cap; /* a power of two, or 0 */
};

#define MAP_INIT ((struct map){NULL, 0, 0})

/*
 * The value's place for `key`, or NULL. Valid until the next map_put() or
 * map_del().
 */
uint64_t *map_get(const struct map *m, uint64_t key);
/* As map_get(), made with value 0 when new; NULL: no memory. */
uint64_t *map_put(struct map *m, uint64_t key);
void map_del(struct map *m, uint64_t key);
void map_clear(struct map *m);
void map_free(struct map *m);

struct intern {
	struct arena text;
	struct str *strings; /* by number */
	uint64_t *hashes;    /* by number */
	uint32_t *slots;     /* number + 1, 0: free */
	uint32_t n;
	uint32_t cap; /* of strings and hashes */
	uint32_t n_slots;
	uint32_t last; /* number given last */
};

#define INTERN_INIT ((struct intern){ARENA_INIT, NULL, NULL, NULL, 0, 0, 0, 0})
#define INTERN_NONE UINT32_MAX

/* The number of s, given a new one when not seen yet. INTERN_NONE: no memory.
 */
uint32_t intern_add(struct intern *in, struct str s);
/* The number of s, or INTERN_NONE. */
uint32_t intern_find(const struct intern *in, struct str s);
/* The string of a number below in->n; valid until intern_clear(). */
static inline struct str intern_str(const struct intern *in, uint32_t id)
{
	return in->strings[id];
}
/* Forget all strings, keep the memory. */
void intern_clear(struct intern *in);
void intern_free(struct intern *in);

#endif
