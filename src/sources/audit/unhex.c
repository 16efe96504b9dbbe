/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/unhex.h"

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

bool unhex(struct str s, char *to)
{
	bool good = s.n % 2 == 0;

	for (size_t i = 0; i < s.n / 2; i++) {
		unsigned high = digits[(uint8_t)s.p[2 * i]];
		unsigned low = digits[(uint8_t)s.p[2 * i + 1]];

		good &= (high != 0) & (low != 0);
		to[i] = (char)(uint8_t)((high - 1) << 4 | ((low - 1) & 15));
	}
	return good;
}
