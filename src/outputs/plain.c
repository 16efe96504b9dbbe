/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/plain.h"

#include "core/event_json.h"
#include "core/json_string.h"

/* Bytes of printable ASCII at the start of s. */
static size_t ascii_run(struct str s)
{
	size_t i = 0;

	while (i < s.n && (uint8_t)(s.p[i] - 0x20) < 0x5f)
		i++;
	return i;
}

size_t plain_fit(struct str s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return s.n;
	/* A character has at most three bytes behind its first. */
	while (n && max - n < 3 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
		n--;
	return ((uint8_t)s.p[n] & 0xc0) == 0x80 ? max : n;
}

static void add_char(struct buf *b, struct str at, size_t n, uint32_t cp)
{
	static const char named[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	const uint8_t byte = (uint8_t)at.p[0];

	if (n == 0)
		buf_printf(b, "\\x%02x", byte);
	else if (cp < sizeof named && named[cp])
		buf_printf(b, "\\%c", named[cp]);
	else if (cp < 0x20 || cp == 0x7f)
		buf_printf(b, "\\x%02x", byte);
	else if (utf8_deceptive(cp))
		buf_printf(b, "\\u%04x", cp);
	else
		buf_add(b, at.p, n);
}

/* Takes one character, or the byte that is none, off s. */
static void add_next(struct buf *b, struct str *s, bool only_bytes)
{
	uint32_t cp = 0;
	size_t n = utf8_decode((const uint8_t *)s->p, s->n, &cp);

	if (only_bytes && n)
		buf_add(b, s->p, n);
	else
		add_char(b, *s, n, cp);
	*s = str_from(*s, n ? n : 1);
}

static bool add_rest(struct buf *b, size_t left)
{
	if (left)
		buf_printf(b, "[+%zu bytes]", left);
	return left != 0;
}

bool plain_add(struct buf *b, struct str s, size_t max)
{
	const size_t fit = max ? plain_fit(s, max) : s.n, left = s.n - fit;

	s = str_upto(s, fit);
	while (s.n) {
		size_t run = ascii_run(s);

		buf_add(b, s.p, run);
		s = str_from(s, run);
		if (s.n)
			add_next(b, &s, false);
	}
	return add_rest(b, left);
}

static bool is_utf8(struct str s)
{
	uint32_t cp;

	while (s.n) {
		size_t run = ascii_run(s), n;

		s = str_from(s, run);
		if (s.n == 0)
			return true;
		n = utf8_decode((const uint8_t *)s.p, s.n, &cp);
		if (n == 0)
			return false;
		s = str_from(s, n);
	}
	return true;
}

bool plain_add_json(struct buf *b, struct str s, size_t max)
{
	const size_t fit = max ? plain_fit(s, max) : s.n, left = s.n - fit;
	struct buf copy = BUF_INIT;

	s = str_upto(s, fit);
	if (left == 0 && is_utf8(s)) {
		json_add_string(b, s);
		return false;
	}
	while (s.n)
		add_next(&copy, &s, true);
	add_rest(&copy, left);
	json_add_string(b, buf_str(&copy));
	if (buf_error(&copy) && !b->error)
		b->error = buf_error(&copy);
	buf_free(&copy);
	return left != 0;
}
