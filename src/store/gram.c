/* SPDX-License-Identifier: Apache-2.0 */
#include "store/gram.h"

#include "store/fold.h"

/* The low bits must be the good ones: halving keeps them. */
static inline uint32_t gram_hash(uint32_t v)
{
	v *= 0x9e3779b1u;
	v ^= v >> 15;
	v *= 0x85ebca77u;
	return (v ^ v >> 16) & ((1u << GRAM_BITS_MAX) - 1);
}

static inline void set(struct gram *g, uint32_t bit)
{
	g->bits[bit / 64] |= (uint64_t)1 << (bit % 64);
}

void gram_add(struct gram *g, struct str text)
{
	uint32_t v = 0;

	for (size_t i = 0; i < text.n; i++) {
		v = v << 8 | fold_byte((unsigned char)text.p[i]);
		if (i >= 2)
			set(g, gram_hash(v & 0xffffff));
		if (i >= 3)
			set(g, gram_hash(v));
	}
}

static size_t count_bits(const uint64_t *w, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (size_t)__builtin_popcountll(w[i]);
	return sum;
}

void gram_write(struct gram *g, unsigned max, unsigned sparse, struct buf *b)
{
	size_t words = sizeof g->bits / sizeof g->bits[0];

	while (words > ((size_t)1 << GRAM_BITS_MIN) / 64 &&
	       (words > ((size_t)1 << max) / 64 ||
		   count_bits(g->bits, words) < words * 64 / sparse)) {
		words /= 2;
		for (size_t i = 0; i < words; i++)
			g->bits[i] |= g->bits[i + words];
	}
	for (size_t i = 0; i < words; i++)
		buf_add_u64le(b, g->bits[i]);
}

size_t gram_bits(struct str needle, uint32_t *ret, size_t max)
{
	uint32_t v = 0;
	size_t n = 0;

	for (size_t i = 0; i < needle.n && n < max; i++) {
		v = v << 8 | fold_byte((unsigned char)needle.p[i]);
		if (i >= 3)
			ret[n++] = gram_hash(v);
		else if (i == 2 && needle.n == 3)
			ret[n++] = gram_hash(v & 0xffffff);
	}
	return n;
}

bool gram_test(
    const void *bitmap, size_t n, const uint32_t *bits, size_t n_bits)
{
	const uint8_t *p = bitmap;

	for (size_t i = 0; i < n_bits; i++) {
		uint32_t bit = bits[i] & (uint32_t)(n * 8 - 1);

		if (!(p[bit / 8] >> (bit % 8) & 1))
			return false;
	}
	return true;
}
