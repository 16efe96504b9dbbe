/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON writer and reader of events share. */
#ifndef CORE_JSON_STRING_H
#define CORE_JSON_STRING_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/str.h"

/*
 * Length of the well-formed UTF-8 sequence at p (n > 0 bytes at hand), 0 when
 * there is none: overlong forms, surrogates and what lies above U+10FFFF are
 * not well-formed. *ret is the code point.
 */
size_t utf8_decode(const uint8_t *p, size_t n, uint32_t *ret);
/* Bytes written to p (at most 4); cp must be a scalar value. */
size_t utf8_encode(uint32_t cp, char *p);

/*
 * Beyond ASCII controls: C1, line separators and the characters that turn the
 * direction of text, with which a command can be made to look like another one.
 */
static inline bool utf8_deceptive(uint32_t cp)
{
	return (cp >= 0x80 && cp <= 0x9f) || cp == 0x061c || cp == 0x200e ||
	       cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

/* "2026-11-22T11:49:28.940565Z": the only form written and read. */
#define JSON_TIME_LEN 27
/* False, nothing written, for years outside 0 to 9999. */
bool json_time_format(int64_t us, char ret[static JSON_TIME_LEN]);
bool json_time_parse(struct str s, int64_t *ret);

#define SWAR_ONES ((uint64_t)0x0101010101010101)
#define SWAR_TOPS ((uint64_t)0x8080808080808080)

/*
 * Eight bytes at once: not 0 when one of them is below 0x20, a quotation mark,
 * a backslash, DEL or not ASCII. May not tell which, as borrows run upwards.
 */
static inline uint64_t swar_special(uint64_t v)
{
	uint64_t quote = v ^ SWAR_ONES * '"';
	uint64_t slash = v ^ SWAR_ONES * '\\';
	uint64_t del = v ^ SWAR_ONES * 0x7f;

	return (v | (v - SWAR_ONES * 0x20) | (quote - SWAR_ONES) |
		   (slash - SWAR_ONES) | (del - SWAR_ONES)) &
	       SWAR_TOPS;
}

/* How many of the sixteen bytes at p stand before the first such byte. */
static inline unsigned plain16(const char *p)
{
#ifdef __SSE2__
	__m128i v, special;

	memcpy(&v, p, sizeof v);
	/* Signed: what is not ASCII is below 0x20 as well. */
	special = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
	special = _mm_or_si128(special, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	special = _mm_or_si128(special, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	special = _mm_or_si128(special, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
	return (unsigned)__builtin_ctz(
	    (unsigned)_mm_movemask_epi8(special) | 1u << 16);
#else
	unsigned n = 0;
	uint64_t v;

	for (; n < 16; n++) {
		v = (uint8_t)p[n] * SWAR_ONES;
		if (swar_special(v))
			break;
	}
	return n;
#endif
}

#endif
