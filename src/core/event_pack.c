/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event_pack.h"

#include <stddef.h>

/*
 * All of the event in front of its values, the values that it has, and the
 * texts, each with a NUL behind it; filled up so that the next one is aligned.
 */
#define HEAD_LEN offsetof(struct event, v)
#define ALIGN	 _Alignof(struct event)

_Static_assert(HEAD_LEN % _Alignof(union field_value) == 0,
    "values stand right behind the head");

#define N_WORDS (sizeof((struct event *)0)->has / sizeof(uint64_t))

static size_t packed_len(const struct event *ev)
{
	size_t n = HEAD_LEN + ev->host.n + ev->boot.n + ev->source.n + 3;

	for (size_t w = 0; w < N_WORDS; w++) {
		const union field_value *v = &ev->v[64 * w];
		uint64_t text = ev->has[w] & event_text_fields[w];

		n += sizeof *v * (size_t)__builtin_popcountll(ev->has[w]);
		for (; text; text &= text - 1)
			n += v[__builtin_ctzll(text)].s.n + 1;
	}
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static inline char *put_text(char *at, struct str s)
{
	if (!s.p)
		return at;
	if (s.n)
		memcpy(at, s.p, s.n);
	at[s.n] = '\0';
	return at + s.n + 1;
}

static inline const char *take_text(const char *at, struct str *s)
{
	if (!s->p)
		return at;
	s->p = at;
	return at + s->n + 1;
}

void event_pack(const struct event *ev, struct buf *out)
{
	size_t n = packed_len(ev);
	char *p = buf_reserve(out, n), *text;
	union field_value *to;

	if (!p)
		return;
	memcpy(p, ev, HEAD_LEN);
	to = (union field_value *)(void *)(p + HEAD_LEN);
	for (size_t w = 0; w < N_WORDS; w++)
		for (uint64_t m = ev->has[w]; m; m &= m - 1)
			*to++ = ev->v[64 * w + (size_t)__builtin_ctzll(m)];
	text = put_text((char *)to, ev->host);
	text = put_text(text, ev->boot);
	text = put_text(text, ev->source);
	for (size_t w = 0; w < N_WORDS; w++)
		for (uint64_t m = ev->has[w] & event_text_fields[w]; m;
		     m &= m - 1)
			text = put_text(
			    text, ev->v[64 * w + (size_t)__builtin_ctzll(m)].s);
	out->n += n;
}

const char *event_unpack(const char *p, struct event *ret)
{
	const union field_value *from =
	    (const union field_value *)(const void *)(p + HEAD_LEN);
	const char *text;

	memcpy(ret, p, HEAD_LEN);
	for (size_t w = 0; w < N_WORDS; w++)
		for (uint64_t m = ret->has[w]; m; m &= m - 1)
			ret->v[64 * w + (size_t)__builtin_ctzll(m)] = *from++;
	text = take_text((const char *)from, &ret->host);
	text = take_text(text, &ret->boot);
	text = take_text(text, &ret->source);
	for (size_t w = 0; w < N_WORDS; w++)
		for (uint64_t m = ret->has[w] & event_text_fields[w]; m;
		     m &= m - 1)
			text = take_text(text,
			    &ret->v[64 * w + (size_t)__builtin_ctzll(m)].s);
	return p + packed_len(ret);
}
