/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fold.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static unsigned char upper(unsigned char c)
{
	return c >= 'a' && c <= 'z' ? (unsigned char)(c & ~0x20) : c;
}

void fold_init(struct fold *f, struct str folded)
{
	f->text = folded;
	memset(f->first, 0, sizeof f->first);
	memset(f->last, 0, sizeof f->last);
	if (!folded.n)
		return;
	f->first[0] = (unsigned char)folded.p[0];
	f->first[1] = upper(f->first[0]);
	f->last[0] = (unsigned char)folded.p[folded.n - 1];
	f->last[1] = upper(f->last[0]);
}

static bool match_at(const struct fold *f, const char *p)
{
	for (size_t i = 0; i < f->text.n; i++)
		if (fold_byte((unsigned char)p[i]) !=
		    (unsigned char)f->text.p[i])
			return false;
	return true;
}

#ifdef __SSE2__
static __m128i either(__m128i v, __m128i a, __m128i b)
{
	return _mm_or_si128(_mm_cmpeq_epi8(v, a), _mm_cmpeq_epi8(v, b));
}

/*
 * 16 places at a time: those where the first and the last byte of the needle
 * fit. Moves *at to where the bytewise search has to go on.
 */
static size_t find_wide(const struct fold *f, struct str s, size_t *at)
{
	const __m128i f0 = _mm_set1_epi8((char)f->first[0]);
	const __m128i f1 = _mm_set1_epi8((char)f->first[1]);
	const __m128i l0 = _mm_set1_epi8((char)f->last[0]);
	const __m128i l1 = _mm_set1_epi8((char)f->last[1]);
	const size_t n = f->text.n;
	size_t i = *at;

	for (; i + n - 1 + 16 <= s.n; i += 16) {
		const char *p = s.p + i;
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i b =
		    _mm_loadu_si128((const __m128i *)(const void *)(p + n - 1));
		unsigned m = (unsigned)_mm_movemask_epi8(
		    _mm_and_si128(either(a, f0, f1), either(b, l0, l1)));

		for (; m; m &= m - 1) {
			size_t k = i + (size_t)__builtin_ctz(m);

			if (match_at(f, s.p + k))
				return k;
		}
	}
	*at = i;
	return STR_NPOS;
}
#endif

size_t fold_find(const struct fold *f, struct str s, size_t from)
{
	const size_t n = f->text.n;
	size_t i = from;

	if (n == 0)
		return from <= s.n ? from : STR_NPOS;
	if (s.n < n || from > s.n - n)
		return STR_NPOS;
#ifdef __SSE2__
	size_t found = find_wide(f, s, &i);

	if (found != STR_NPOS)
		return found;
#endif
	for (; i + n <= s.n; i++)
		if (match_at(f, s.p + i))
			return i;
	return STR_NPOS;
}
