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

/* Bytes that are hashed at once, so that a processor does many side by side. */
#define RUN 64

/* Of each of RUN bytes with the two, and the three, before it. */
static inline __attribute__((always_inline)) void hash_each(
    const uint8_t *p, uint32_t *three, uint32_t *four)
{
	for (size_t i = 0; i < RUN; i++) {
		uint32_t v = (uint32_t)p[i] << 24 | (uint32_t)p[i + 1] << 16 |
			     (uint32_t)p[i + 2] << 8 | p[i + 3];

		three[i] = gram_hash(v & 0xffffff);
		four[i] = gram_hash(v);
	}
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void hash_avx2(
    const uint8_t *p, uint32_t *three, uint32_t *four)
{
	hash_each(p, three, four);
}
#endif

static void hash_run(const uint8_t *p, uint32_t *three, uint32_t *four)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		hash_avx2(p, three, four);
		return;
	}
#endif
	hash_each(p, three, four);
}

void gram_add(struct gram *g, struct str text)
{
	uint8_t bytes[3 + RUN] = {0};
	uint32_t three[RUN], four[RUN];

	for (size_t at = 0; at < text.n; at += RUN) {
		size_t n = text.n - at < RUN ? text.n - at : RUN;

		for (size_t i = 0; i < n; i++)
			bytes[3 + i] = fold_byte((uint8_t)text.p[at + i]);
		hash_run(bytes, three, four);
		for (size_t i = at ? 0 : 2; i < n; i++)
			set(g, three[i]);
		for (size_t i = at ? 0 : 3; i < n; i++)
			set(g, four[i]);
		memcpy(bytes, bytes + RUN, 3);
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
