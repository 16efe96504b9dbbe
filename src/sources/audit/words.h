/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at several bytes in one step. Records are some 240 bytes of short
 * words, and finding where these end is most of the work of reading them.
 */
#ifndef SOURCES_AUDIT_WORDS_H
#define SOURCES_AUDIT_WORDS_H

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/str.h"

#define WORDS_STEP 16

/* Up to eight bytes, the first one lowest; zeros where n is less. */
static inline uint64_t load8(const char *p, size_t n)
{
	uint64_t v = 0;

	if (__builtin_expect(n >= 8, 1)) {
		memcpy(&v, p, 8);
		return le64toh(v);
	}
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return v;
}

/* Bit i is set where byte i of the WORDS_STEP bytes at p is c. */
static inline uint32_t match16(const char *p, char c)
{
#ifdef __SSE2__
	__m128i v;

	memcpy(&v, p, sizeof v);
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
#else
	uint32_t m = 0;

	for (unsigned i = 0; i < WORDS_STEP; i++)
		m |= (uint32_t)(p[i] == c) << i;
	return m;
#endif
}

/*
 * The same of up to 64 bytes in [p, end), of which there are WORDS_STEP at
 * least.
 */
static inline uint64_t match64(const char *p, const char *end, char c)
{
	unsigned n = end - p < 64 ? (unsigned)(end - p) : 64, at = 0;
	uint64_t m = 0;

	for (; at + WORDS_STEP <= n; at += WORDS_STEP)
		m |= (uint64_t)match16(p + at, c) << at;
	if (at < n)
		m |= (uint64_t)match16(p + n - WORDS_STEP, c)
		     << (n - WORDS_STEP);
	return m;
}

/* The first c in [p, end), or end. */
static inline const char *find1(const char *p, const char *end, char c)
{
	const char *last = end - WORDS_STEP;
	uint32_t m;

	if (__builtin_expect(end - p < WORDS_STEP, 0)) {
		while (p < end && *p != c)
			p++;
		return p;
	}
	for (; p < last; p += WORDS_STEP) {
		m = match16(p, c);
		if (m)
			return p + __builtin_ctz(m);
	}
	/* Once more the end: some of its bytes were looked at before. */
	m = match16(last, c) >> (p - last);
	return m ? p + __builtin_ctz(m) : end;
}

#endif
