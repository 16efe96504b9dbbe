/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/escape.h"

#include <wchar.h>

struct range {
	int32_t from, to;
};

/* Format characters that have a width to wcwidth() but act unseen. */
static const struct range hidden[] = {
    {0x00ad, 0x00ad},
    {0x061c, 0x061c},
    {0x115f, 0x1160},
    {0x180e, 0x180e},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0x3164, 0x3164},
    {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe0fff},
};

bool escape_is_hidden(int32_t c)
{
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return true;
	return false;
}

/* Length of the sequence that a lead byte announces, 0 when it is none. */
static size_t sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

size_t utf8_next(struct str s, int32_t *ret_char)
{
	static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *p = (const uint8_t *)s.p;
	size_t n;
	int32_t c;

	*ret_char = -1;
	if (s.n == 0)
		return 0;
	n = sequence_length(p[0]);
	if (n == 0 || n > s.n)
		return 1;
	c = n == 1 ? p[0] : p[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*ret_char = c;
	return n;
}

static size_t put_hex(char *at, uint32_t v, size_t digits)
{
	for (size_t i = digits; i-- > 0; v >>= 4)
		at[i] = "0123456789abcdef"[v & 15];
	return digits;
}

#define ESCAPE_MAX 10

/* The escape of c, or of `byte` when c is negative; its length. */
static size_t escape_write(char ret[static ESCAPE_MAX], int32_t c, uint8_t byte)
{
	size_t n = 0;

	ret[n++] = '\\';
	if (c == '\n' || c == '\t' || c == '\r') {
		ret[n++] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
	} else if (c < 0x80) {
		ret[n++] = 'x';
		n += put_hex(ret + n, byte, 2);
	} else if (c <= 0xffff) {
		ret[n++] = 'u';
		n += put_hex(ret + n, (uint32_t)c, 4);
	} else {
		ret[n++] = 'U';
		n += put_hex(ret + n, (uint32_t)c, 8);
	}
	return n;
}

/* Columns of c when it can be shown as it is, else -1. */
static int plain_width(int32_t c, unsigned flags)
{
	if (c < 0x20 || c == 0x7f)
		return -1;
	if (c < 0x7f)
		return 1;
	if (c < 0xa0 || flags & ESCAPE_ASCII || escape_is_hidden(c))
		return -1;
	return wcwidth((wchar_t)c);
}

/* Bytes of printable ASCII at the start of s. */
static size_t plain_run(struct str s)
{
	size_t i = 0;

	while (i < s.n && (uint8_t)(s.p[i] - 0x20) < 0x5f)
		i++;
	return i;
}

size_t escape_add(struct buf *b, struct str s, size_t max_columns,
    unsigned flags, bool *ret_all)
{
	size_t columns = 0, run, n;

	while (s.n) {
		char text[ESCAPE_MAX];
		int32_t c;
		int width;

		run = plain_run(str_upto(s, max_columns - columns));
		buf_add(b, s.p, run);
		columns += run;
		s = str_from(s, run);
		n = utf8_next(s, &c);
		if (n == 0)
			break;
		width = plain_width(c, flags);
		if (width < 0) {
			size_t len = escape_write(text, c, (uint8_t)s.p[0]);

			if (len > max_columns - columns)
				break;
			buf_add(b, text, len);
			width = (int)len;
		} else {
			if ((size_t)width > max_columns - columns)
				break;
			buf_add(b, s.p, n);
		}
		columns += (size_t)width;
		s = str_from(s, n);
	}
	if (ret_all)
		*ret_all = s.n == 0;
	return columns;
}

size_t escape_add_cut(
    struct buf *b, struct str s, size_t max_columns, unsigned flags)
{
	size_t begin = b->n, columns;
	bool all;

	columns = escape_add(b, s, max_columns, flags, &all);
	if (all)
		return columns;
	b->n = begin;
	columns = escape_add(b, s, max_columns - 1, flags, NULL);
	if (flags & ESCAPE_ASCII)
		buf_add_char(b, '>');
	else
		buf_add_z(b, "\u2026");
	return columns + 1;
}
