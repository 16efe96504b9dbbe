/* SPDX-License-Identifier: Apache-2.0 */
#include "record/json_text.h"

#include "core/json_string.h"

/* As event_json does; what is no character here is U+FFFD already. */
void json_text_put(struct buf *b, uint32_t cp)
{
	char text[4];

	if (cp == '"' || cp == '\\') {
		buf_add_char(b, '\\');
		buf_add_char(b, (char)cp);
	} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
		   (cp >= 0x2028 && cp <= 0x202e) ||
		   (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200e ||
		   cp == 0x200f || cp == 0x61c) {
		/* Nothing that the terminal of whoever looks would act on. */
		buf_printf(b, "\\u%04x", (unsigned)cp);
	} else {
		buf_add(b, text, utf8_encode(cp, text));
	}
}

/* How many bytes a character has that begins with c, 0: none does. */
static size_t length_of(uint8_t c)
{
	return c < 0x80	  ? 1
	       : c < 0xc2 ? 0
	       : c < 0xe0 ? 2
	       : c < 0xf0 ? 3
	       : c < 0xf5 ? 4
			  : 0;
}

/* Whether s, shorter than a character, may be the beginning of one. */
static bool may_grow(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;

	if (s.n >= length_of(p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	return s.n < 2 || !((p[0] == 0xe0 && p[1] < 0xa0) ||
			      (p[0] == 0xed && p[1] > 0x9f) ||
			      (p[0] == 0xf0 && p[1] < 0x90) ||
			      (p[0] == 0xf4 && p[1] > 0x8f));
}

/* Bytes that one U+FFFD stands for: as many as might have begun one. */
static size_t bad_length(struct str s)
{
	size_t n = 1;

	while (n < s.n && may_grow(str_upto(s, n + 1)))
		n++;
	return n;
}

size_t json_text_char(struct str s, uint32_t *ret, bool *ret_bad)
{
	size_t n = utf8_decode((const uint8_t *)s.p, s.n, ret);

	*ret_bad = false;
	if (n == 0 && may_grow(s))
		return 0;
	if (n)
		return n;
	*ret = 0xfffd;
	*ret_bad = true;
	return bad_length(s);
}

/* Takes one character or a bad one off s; 0: it is not complete. */
static size_t take_char(struct buf *b, struct str s)
{
	uint32_t cp;
	bool bad;
	size_t n = json_text_char(s, &cp, &bad);

	if (n)
		json_text_put(b, cp);
	return n;
}

void json_text_add(struct buf *b, struct json_tail *tail, struct str s)
{
	/* First what the last piece ended in, byte by byte. */
	while (tail->n && s.n) {
		size_t n;

		tail->p[tail->n++] = s.p[0];
		s = str_from(s, 1);
		while (tail->n &&
		       (n = take_char(b, str_make(tail->p, tail->n))) > 0) {
			tail->n -= n;
			memmove(tail->p, tail->p + n, tail->n);
		}
	}
	while (s.n) {
		size_t n = take_char(b, s);

		if (n == 0) {
			memcpy(tail->p, s.p, s.n);
			tail->n = s.n;
			return;
		}
		s = str_from(s, n);
	}
}

void json_text_end(struct buf *b, struct json_tail *tail)
{
	if (tail->n)
		json_text_put(b, 0xfffd);
	tail->n = 0;
}

void json_text_quoted(struct buf *b, struct str s)
{
	struct json_tail tail = {.n = 0};

	buf_add_char(b, '"');
	json_text_add(b, &tail, s);
	json_text_end(b, &tail);
	buf_add_char(b, '"');
}
