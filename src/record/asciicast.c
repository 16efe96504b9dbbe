/* SPDX-License-Identifier: Apache-2.0 */
#include "record/asciicast.h"

#include <stdio.h>

#include "core/json_string.h"

#define NS_PER_US 1000
#define NS_PER_MS 1000000

/* As event_json does; what is no character here is U+FFFD already. */
static void add_char(struct buf *b, uint32_t cp)
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

/* Takes one character or a bad one off s; 0: it is not complete. */
static size_t take_char(struct buf *b, struct str s)
{
	uint32_t cp;
	size_t n = utf8_decode((const uint8_t *)s.p, s.n, &cp);

	if (n == 0 && may_grow(s))
		return 0;
	add_char(b, n ? cp : 0xfffd);
	return n ? n : bad_length(s);
}

static void add_text(struct buf *b, struct asciicast_tail *tail, struct str s)
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

/* What no terminal's driver has seen has no carriage returns. */
static void add_lines(struct buf *b, struct asciicast_tail *tail, struct str s)
{
	struct str line;

	while (memchr(s.p, '\n', s.n)) {
		str_cut(&s, '\n', &line);
		add_text(b, tail, line);
		add_text(b, tail, STR("\r\n"));
	}
	add_text(b, tail, s);
}

static void add_time(struct asciicast *a, uint64_t boot)
{
	uint64_t since = boot > a->first ? boot - a->first : 0, ms;

	if (boot > a->last)
		a->last = boot;
	if (a->version == 2) {
		uint64_t us = since / NS_PER_US;

		buf_printf(a->out, "[%llu.%06llu, ",
		    (unsigned long long)(us / 1000000),
		    (unsigned long long)(us % 1000000));
		return;
	}
	/* Of the sum, so that rounding does not add up. */
	ms = since / NS_PER_MS;
	ms = ms > a->told_ms ? ms - a->told_ms : 0;
	a->told_ms += ms;
	buf_printf(a->out, "[%llu.%03llu, ", (unsigned long long)(ms / 1000),
	    (unsigned long long)(ms % 1000));
}

static void add_line(struct asciicast *a, const struct piece *p, char code,
    struct asciicast_tail *tail, struct str text)
{
	add_time(a, p->boot);
	buf_printf(a->out, "\"%c\", \"", code);
	if (a->no_tty && code == 'o')
		add_lines(a->out, tail, text);
	else
		add_text(a->out, tail, text);
	buf_add_z(a->out, "\"]\n");
}

static void add_plain(
    struct asciicast *a, const struct piece *p, char code, const char *text)
{
	struct asciicast_tail none = {.n = 0};

	add_line(a, p, code, &none, str_z(text));
}

void asciicast_begin(struct asciicast *a, unsigned version, struct buf *out,
    const struct asciicast_head *head)
{
	unsigned cols = head->cols ? head->cols : 80;
	unsigned rows = head->rows ? head->rows : 24;
	struct asciicast_tail none = {.n = 0};

	*a = (struct asciicast){.version = version,
	    .out = out,
	    .no_tty = head->no_tty,
	    .first = head->boot,
	    .last = head->boot};
	if (version == 2)
		buf_printf(out,
		    "{\"version\": 2, \"width\": %u, \"height\": %u", cols,
		    rows);
	else
		buf_printf(out,
		    "{\"version\": 3, \"term\": {\"cols\": %u, \"rows\": %u}",
		    cols, rows);
	buf_printf(
	    out, ", \"timestamp\": %lld", (long long)(head->time / 1000000000));
	if (head->title.n) {
		buf_add_z(out, ", \"title\": \"");
		add_text(out, &none, head->title);
		buf_add_char(out, '"');
	}
	buf_add_z(out, "}\n");
}

void asciicast_piece(struct asciicast *a, const struct piece *p)
{
	char text[64];

	switch (p->type) {
	case PIECE_OUTPUT:
		add_line(a, p, 'o', &a->output, p->bytes);
		break;
	case PIECE_INPUT:
		add_line(a, p, 'i', &a->input, p->bytes);
		break;
	case PIECE_ERRORS:
		/* A player knows one kind of output. */
		add_line(a, p, 'o', &a->errors, p->bytes);
		break;
	case PIECE_SIZE:
		snprintf(text, sizeof text, "%ux%u", p->cols, p->rows);
		add_plain(a, p, 'r', text);
		break;
	case PIECE_MASKED:
		add_plain(a, p, 'm', "typed without echo: not recorded");
		break;
	case PIECE_HOLE:
		if (p->lost)
			snprintf(text, sizeof text,
			    "%llu bytes of output are missing here",
			    (unsigned long long)p->lost);
		else
			snprintf(text, sizeof text,
			    "output may be missing before this");
		add_plain(a, p, 'm', text);
		break;
	case PIECE_LEFT_OUT:
		if (p->lost)
			snprintf(text, sizeof text,
			    "%llu bytes of output were not recorded",
			    (unsigned long long)p->lost);
		else
			snprintf(text, sizeof text,
			    "output is not recorded from here on");
		add_plain(a, p, 'm', text);
		break;
	case PIECE_MARK:
	case PIECE_EXIT:
	case PIECE_BEGIN:
	case PIECE_END:
	case PIECE_N_TYPES:
		break;
	}
}

static void end_tail(
    struct asciicast *a, struct asciicast_tail *tail, char code)
{
	struct asciicast_tail none = {.n = 0};
	const struct piece p = {.boot = a->last};

	if (tail->n == 0)
		return;
	tail->n = 0;
	add_line(a, &p, code, &none, STR("\xef\xbf\xbd"));
}

void asciicast_end(struct asciicast *a)
{
	end_tail(a, &a->output, 'o');
	end_tail(a, &a->errors, 'o');
	end_tail(a, &a->input, 'i');
}
