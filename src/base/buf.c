/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_free(struct buf *b)
{
	size_t max = b->max;

	free(b->p);
	*b = BUF_INIT;
	b->max = max;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->error = 0;
}

int buf_error(const struct buf *b)
{
	return b->error;
}

/*
 * Half as much again, within the maximum. One byte more than that is
 * allocated always, for the NUL of buf_z() and buf_printf().
 */
static size_t next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap < 64 ? 64 : b->cap;

	if (__builtin_add_overflow(cap, cap / 2, &cap) || cap < need)
		cap = need;
	return b->max && cap > b->max ? b->max : cap;
}

char *buf_reserve_slow(struct buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (b->error)
		return NULL;
	if (__builtin_add_overflow(b->n, n, &need) || need >= PTRDIFF_MAX ||
	    (b->max && need > b->max)) {
		b->error = -EMSGSIZE;
		return NULL;
	}
	if (need <= b->cap && b->p)
		return b->p + b->n;
	cap = next_cap(b, need);
	/* Nothing in it is worth copying. */
	if (b->n == 0) {
		free(b->p);
		b->p = NULL;
		b->cap = 0;
	}
	p = realloc(b->p, cap + 1);
	if (!p) {
		b->error = -ENOMEM;
		return NULL;
	}
	b->p = p;
	b->cap = cap;
	return b->p + b->n;
}

void buf_add_z(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

/* How many decimal digits v has: from its bits, and 1233 / 4096 is log10(2). */
static unsigned n_digits(uint64_t v)
{
	static const uint64_t least[] = {0, 10, 100, 1000, 10000, 100000,
	    1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
	    1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	    10000000000000000, 100000000000000000, 1000000000000000000,
	    10000000000000000000u};
	unsigned n = (unsigned)(64 - __builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= least[n]);
}

void buf_add_u64(struct buf *b, uint64_t v)
{
	static const char pairs[] = "00010203040506070809"
				    "10111213141516171819"
				    "20212223242526272829"
				    "30313233343536373839"
				    "40414243444546474849"
				    "50515253545556575859"
				    "60616263646566676869"
				    "70717273747576777879"
				    "80818283848586878889"
				    "90919293949596979899";
	unsigned n = n_digits(v), i = n;
	char *at = buf_reserve(b, n);

	if (!at)
		return;
	/* Where they stay: a copy would wait for all these small stores. */
	for (; i >= 2; v /= 100)
		memcpy(at + (i -= 2), &pairs[2 * (v % 100)], 2);
	if (i)
		at[0] = (char)('0' + v);
	b->n += n;
}

void buf_add_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_add_char(b, '-');
	buf_add_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *at;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->error = -EINVAL;
		return;
	}
	at = buf_reserve(b, (size_t)n);
	if (!at)
		return;
	va_start(ap, fmt);
	vsnprintf(at, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_add_u32le(struct buf *b, uint32_t v)
{
	uint8_t le[4];

	for (unsigned i = 0; i < 4; i++)
		le[i] = (uint8_t)(v >> (8 * i));
	buf_add(b, le, sizeof le);
}

void buf_add_u64le(struct buf *b, uint64_t v)
{
	buf_add_u32le(b, (uint32_t)v);
	buf_add_u32le(b, (uint32_t)(v >> 32));
}

void buf_add_varint(struct buf *b, uint64_t v)
{
	char *at = buf_reserve(b, 10);
	size_t n = 0;

	if (!at)
		return;
	while (v >= 0x80) {
		at[n++] = (char)(v | 0x80);
		v >>= 7;
	}
	at[n++] = (char)v;
	b->n += n;
}

bool varint_get(struct str *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < s->n && i < 10; i++) {
		unsigned char c = (unsigned char)s->p[i];

		v |= (uint64_t)(c & 0x7f) << (7 * i);
		if (!(c & 0x80)) {
			*s = str_from(*s, i + 1);
			*ret = v;
			return true;
		}
	}
	return false;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

char *buf_z(struct buf *b)
{
	char *at = buf_reserve_slow(b, 0);

	if (!at)
		return NULL;
	*at = '\0';
	return b->p;
}
