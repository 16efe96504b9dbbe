/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/vis.h"

static const char letters[] = "abtnvfrs\\^-";

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static int octal3(const char *p)
{
	if (!is_octal(p[0]) || !is_octal(p[1]) || !is_octal(p[2]))
		return -1;
	return (p[0] - '0') * 64 + (p[1] - '0') * 8 + (p[2] - '0');
}

/*
 * One escape at the front of s, which begins with a backslash. Returns its
 * length, or 0 when there is none.
 */
static size_t escape_read(struct str s, char *ret)
{
	static const char values[] = "\a\b\t\n\v\f\r \\";
	const char *at;
	int v;

	if (s.n >= 4) {
		v = octal3(s.p + 1);
		if (v >= 0 && v < 256) {
			*ret = (char)v;
			return 4;
		}
	}
	if (s.n < 2 || s.p[1] == '\0')
		return 0;
	at = memchr(letters, s.p[1], sizeof values - 1);
	if (!at)
		return 0;
	*ret = values[at - letters];
	return 2;
}

struct str vis_decode(struct str s, struct arena *a)
{
	size_t at = str_find_char(s, '\\');
	size_t n = 0;
	char *out;

	if (at == STR_NPOS)
		return s;
	out = arena_alloc(a, s.n);
	if (!out)
		return STR_NONE;
	for (size_t i = 0; i < s.n;) {
		size_t len = 0;

		if (s.p[i] == '\\')
			len = escape_read(str_from(s, i), out + n);
		if (!len) {
			out[n] = s.p[i];
			len = 1;
		}
		n++;
		i += len;
	}
	return str_make(out, n);
}

/* Whether vis could have written s, with at least one escape in it. */
static bool is_vis_output(struct str s)
{
	bool escapes = false;

	for (size_t i = 0; i < s.n;) {
		size_t len = 1;
		char c;

		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
		if (s.p[i] == '\\') {
			len = escape_read(str_from(s, i), &c);
			if (!len)
				return false;
			escapes = true;
		}
		i += len;
	}
	return escapes;
}

struct str vis_decode_preauth(struct str s, struct arena *a)
{
	s = vis_decode(s, a);
	return is_vis_output(s) ? vis_decode(s, a) : s;
}

static bool is_control(unsigned char c)
{
	return c < 32 || c == 127;
}

static int hash_read(struct str s)
{
	int v = s.n >= 4 && s.p[0] == '#' ? octal3(s.p + 1) : -1;

	return v >= 0 && v < 128 && is_control((unsigned char)v) ? v : -1;
}

struct str hash_decode(struct str s, struct arena *a)
{
	size_t at = str_find_char(s, '#');
	char *out = NULL;
	size_t n = 0;

	while (at != STR_NPOS && hash_read(str_from(s, at)) < 0) {
		size_t more = str_find_char(str_from(s, at + 1), '#');

		at = more == STR_NPOS ? STR_NPOS : at + 1 + more;
	}
	if (at == STR_NPOS)
		return s;
	out = arena_alloc(a, s.n);
	if (!out)
		return STR_NONE;
	for (size_t i = 0; i < s.n; n++) {
		int v = hash_read(str_from(s, i));

		out[n] = v < 0 ? s.p[i] : (char)v;
		i += v < 0 ? 1 : 4;
	}
	return str_make(out, n);
}

struct str hash_encode(struct str s, struct arena *a)
{
	uint8_t controls = 0;
	size_t n = 0;
	char *out;

	/* Bytes, and no way out of the loop: it looks at many at once. */
	for (size_t i = 0; i < s.n; i++)
		controls |= (uint8_t)is_control((unsigned char)s.p[i]);
	if (!controls)
		return s;
	if (s.n > SIZE_MAX / 4)
		return STR_NONE;
	out = arena_alloc(a, 4 * s.n);
	if (!out)
		return STR_NONE;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!is_control(c)) {
			out[n++] = s.p[i];
			continue;
		}
		out[n++] = '#';
		out[n++] = (char)('0' + (c >> 6));
		out[n++] = (char)('0' + (c >> 3 & 7));
		out[n++] = (char)('0' + (c & 7));
	}
	return str_make(out, n);
}
