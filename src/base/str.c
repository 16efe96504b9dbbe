/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return c;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	if (r)
		return r;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool str_eq_fold(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	return true;
}

size_t str_find(struct str s, struct str needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return STR_NPOS;
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at ? (size_t)(at - s.p) : STR_NPOS;
}

size_t str_rfind(struct str s, struct str needle)
{
	if (s.n < needle.n)
		return STR_NPOS;
	for (size_t i = s.n - needle.n + 1; i-- > 0;)
		if (memcmp(s.p + i, needle.p, needle.n) == 0)
			return i;
	return STR_NPOS;
}

size_t str_rfind_char(struct str s, char c)
{
	const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : STR_NPOS;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_from(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

int str_hexdigit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool parse_unsigned(struct str s, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int d = str_hexdigit(s.p[i]);

		if (d < 0 || (unsigned)d >= base ||
		    __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (unsigned)d, &v))
			return false;
	}
	*ret = v;
	return true;
}

bool str_u64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	/* 19 digits cannot overflow. */
	if (s.n > 19)
		return parse_unsigned(s, 10, ret);
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	if (s.n)
		*ret = v;
	return s.n > 0;
}

bool str_hex64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	/* 16 digits cannot overflow. */
	if (s.n > 16)
		return parse_unsigned(s, 16, ret);
	for (size_t i = 0; i < s.n; i++) {
		int d = str_hexdigit(s.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (unsigned)d;
	}
	if (s.n)
		*ret = v;
	return s.n > 0;
}

bool str_oct64(struct str s, uint64_t *ret)
{
	return parse_unsigned(s, 8, ret);
}

bool str_i64(struct str s, int64_t *ret)
{
	bool minus = str_skip(&s, STR("-"));
	uint64_t v;

	if (!parse_unsigned(s, 10, &v))
		return false;
	if (v > (uint64_t)INT64_MAX + (minus ? 1 : 0))
		return false;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}
