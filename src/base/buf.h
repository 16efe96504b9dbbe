/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer with a maximum. Errors are sticky: once an append
 * fails (no memory, or beyond the maximum) all later ones do nothing, so a
 * whole record is built first and buf_error() asked once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
	char *p;
	size_t n; /* bytes in use */
	size_t cap;
	size_t max; /* 0: no limit */
	int error;  /* 0, -ENOMEM or -EMSGSIZE */
};

#define BUF_INIT ((struct buf){NULL, 0, 0, 0, 0})

void buf_free(struct buf *b);
/* Empty it, keep the memory, forget the error. */
void buf_clear(struct buf *b);
int buf_error(const struct buf *b);

/* Room for n more bytes; a pointer to it, or NULL and a sticky error. */
char *buf_reserve_slow(struct buf *b, size_t n);
static inline char *buf_reserve(struct buf *b, size_t n)
{
	if (__builtin_expect(b->cap - b->n >= n && !b->error, 1))
		return b->p + b->n;
	return buf_reserve_slow(b, n);
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
	char *at;

	/* An empty buffer has no memory to point into. */
	if (n == 0)
		return;
	at = buf_reserve(b, n);
	if (at) {
		memcpy(at, p, n);
		b->n += n;
	}
}

static inline void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

static inline void buf_add_char(struct buf *b, char c)
{
	char *at = buf_reserve(b, 1);

	if (at) {
		*at = c;
		b->n++;
	}
}

void buf_add_z(struct buf *b, const char *z);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Little-endian integers and LEB128 variable-length integers. */
void buf_add_u32le(struct buf *b, uint32_t v);
void buf_add_u64le(struct buf *b, uint64_t v);
void buf_add_varint(struct buf *b, uint64_t v);
/* Such a number off the front of *s; false: none there. */
bool varint_get(struct str *s, uint64_t *ret);

/* Signed numbers near 0 as short ones. */
static inline uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

/* Drop the first n bytes. */
void buf_consume(struct buf *b, size_t n);

static inline struct str buf_str(const struct buf *b)
{
	return str_make(b->p, b->n);
}

/* The content with a NUL behind it (not counted), or NULL on error. */
char *buf_z(struct buf *b);

#endif
