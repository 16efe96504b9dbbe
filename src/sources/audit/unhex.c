/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/unhex.h"

#include "sources/audit/words.h"

#define ALL8(byte) ((uint64_t)(byte)*0x0101010101010101u)

/* Value of a digit plus one; 0 for what is no digit. */
static const uint8_t digits[256] = {
    ['0'] = 1,
    ['1'] = 2,
    ['2'] = 3,
    ['3'] = 4,
    ['4'] = 5,
    ['5'] = 6,
    ['6'] = 7,
    ['7'] = 8,
    ['8'] = 9,
    ['9'] = 10,
    ['A'] = 11,
    ['B'] = 12,
    ['C'] = 13,
    ['D'] = 14,
    ['E'] = 15,
    ['F'] = 16,
};

/*
 * Eight digits to four bytes, all at once: a letter has bit 6 set and stands
 * nine above its low four bits. What is no digit sets a high bit of *bad.
 */
static inline uint32_t unhex8(uint64_t v, uint64_t *bad)
{
	uint64_t letters = v >> 6 & ALL8(1);
	uint64_t digit = v ^ ALL8('0'), letter = v ^ ALL8('@');
	uint64_t nibbles = (v & ALL8(15)) + 9 * letters;
	uint64_t bytes = (nibbles << 4 | nibbles >> 8) & 0x00ff00ff00ff00ffu;

	/* The sums carry into a high bit from 10, from 7, and from 1 on. */
	*bad |= v | ((digit + ALL8(0x76)) &
			((letter + ALL8(0x79)) | ~(letter + ALL8(0x7f))));
	bytes = (bytes | bytes >> 8) & 0x0000ffff0000ffffu;
	return (uint32_t)(bytes | bytes >> 16);
}

bool unhex(struct str s, char *to)
{
	bool good = s.n % 2 == 0;
	uint64_t bad = 0;
	size_t i = 0;

	for (; i + 4 <= s.n / 2; i += 4) {
		uint32_t four =
		    htole32(unhex8(load8(s.p + 2 * i, s.n - 2 * i), &bad));

		memcpy(to + i, &four, 4);
	}
	for (; i < s.n / 2; i++) {
		unsigned high = digits[(uint8_t)s.p[2 * i]];
		unsigned low = digits[(uint8_t)s.p[2 * i + 1]];

		good &= (high != 0) & (low != 0);
		to[i] = (char)(uint8_t)((high - 1) << 4 | ((low - 1) & 15));
	}
	return good && !(bad & ALL8(0x80));
}
