/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator: many small pieces with one lifetime, given back together.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	char *at;		    /* free room of the newest chunk */
	size_t left;
	size_t used; /* bytes handed out since the last reset */
	size_t max;  /* 0: no limit */
};

#define ARENA_INIT ((struct arena){NULL, NULL, 0, 0, 0})

void *arena_alloc_slow(struct arena *a, size_t n);

/* For arena_alloc(): the next `rounded` bytes, which must be left. */
static inline void *arena_take(struct arena *a, size_t rounded)
{
	void *p = a->at;

	a->at += rounded;
	a->left -= rounded;
	a->used += rounded;
	return p;
}

/* Memory for n bytes, 16-byte aligned, not zeroed; NULL when there is none. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
	size_t rounded = (n + 15) & ~(size_t)15;

	/* 0 bytes, and what overflowed when it was rounded, go the slow way. */
	if (__builtin_expect(rounded - 1 < a->left && rounded >= n, 1))
		return arena_take(a, rounded);
	return arena_alloc_slow(a, n);
}

/* A copy of s with a NUL behind it; STR_NONE when there is no memory. */
struct str arena_dup(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Give all back but keep one chunk for the next round. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif
