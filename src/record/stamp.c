/* SPDX-License-Identifier: Apache-2.0 */
#include "record/stamp.h"

/* Digits that can matter: of STAMP_MAX in nanoseconds. */
#define DIGITS_MAX 19

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The exponent of "1.2e-05", as Python writes small numbers. */
static bool take_exponent(struct str s, int *ret)
{
	bool negative = false;
	uint64_t n;

	if (s.n == 0) {
		*ret = 0;
		return true;
	}
	if (s.p[0] != 'e' && s.p[0] != 'E')
		return false;
	s = str_from(s, 1);
	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
		negative = s.p[0] == '-';
		s = str_from(s, 1);
	}
	if (!str_u64(s, &n) || n > 400)
		return false;
	*ret = negative ? -(int)n : (int)n;
	return true;
}

bool stamp_parse_scaled(struct str s, int scale, uint64_t *ret_ns)
{
	uint64_t v = 0;
	int digits = 0, exponent;
	bool point = false, any = false;
	size_t i = 0;

	for (; i < s.n && (is_digit(s.p[i]) || (s.p[i] == '.' && !point));
	     i++) {
		if (s.p[i] == '.') {
			point = true;
			continue;
		}
		any = true;
		if (digits < DIGITS_MAX) {
			v = v * 10 + (unsigned)(s.p[i] - '0');
			digits += v != 0;
			scale -= point;
		} else {
			scale += !point;
		}
	}
	if (!any || !take_exponent(str_from(s, i), &exponent))
		return false;
	for (scale += exponent; scale > 0 && v; scale--)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v))
			return false;
	for (; scale < 0 && v; scale++)
		v /= 10;
	*ret_ns = v;
	return v <= STAMP_MAX;
}

void stamp_add(struct buf *b, uint64_t ns, unsigned digits)
{
	uint64_t unit = NS_PER_S;

	for (unsigned i = 0; i < digits; i++)
		unit /= 10;
	buf_printf(b, "%llu.%0*llu", (unsigned long long)(ns / NS_PER_S),
	    (int)digits, (unsigned long long)(ns % NS_PER_S / unit));
}
