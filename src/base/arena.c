/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/touch.h"

#define CHUNK_SIZE ((size_t)64 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(16) char data[];
};

/*
 * Bytes of the next chunk, never more than may still be handed out: so what is
 * left of a chunk is always within the maximum. 0: nothing may.
 */
static size_t next_size(const struct arena *a, size_t wanted)
{
	size_t size = wanted > CHUNK_SIZE ? wanted : CHUNK_SIZE;
	size_t allowed = a->max ? (a->max - a->used) & ~(size_t)15 : size;

	if (a->max && (a->used > a->max || wanted > allowed))
		return 0;
	return size < allowed ? size : allowed;
}

void *arena_alloc_slow(struct arena *a, size_t n)
{
	/* Pieces of no bytes have their own address too. */
	size_t rounded = n ? (n + 15) & ~(size_t)15 : 16, size;
	struct arena_chunk *c;

	if (n == 0 && a->left >= rounded)
		return arena_take(a, rounded);
	if (rounded < n || rounded > PTRDIFF_MAX - sizeof *c)
		return NULL;
	size = next_size(a, rounded);
	c = size ? malloc(sizeof *c + size) : NULL;
	if (!c)
		return NULL;
	/* What took one chunk will fill the next. */
	if (a->chunks)
		touch_pages(c, sizeof *c + size);
	c->next = a->chunks;
	c->size = size;
	a->chunks = c;
	a->at = c->data;
	a->left = size;
	return arena_take(a, rounded);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (!p)
		return STR_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return str_make(p, s.n);
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (!p)
		return STR_NONE;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return str_make(p, (size_t)n);
}

static void free_chunks(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *next = c->next;

		free(c);
		c = next;
	}
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = a->chunks;

	a->used = 0;
	if (!keep)
		return;
	free_chunks(keep->next);
	keep->next = NULL;
	a->at = keep->data;
	a->left = keep->size;
}

void arena_free(struct arena *a)
{
	size_t max = a->max;

	free_chunks(a->chunks);
	*a = ARENA_INIT;
	a->max = max;
}
