/* SPDX-License-Identifier: Apache-2.0 */
#include "record/held.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

/* A piece whose n bytes lie in those of all. */
struct held_piece {
	struct piece piece;
	size_t n;
};

void held_free(struct held *h)
{
	const uint64_t end = held_end(h);

	free(h->v);
	buf_free(&h->bytes);
	buf_free(&h->fate);
	*h = (struct held){.base = end};
}

int held_add(struct held *h, const struct piece *p, struct str bytes)
{
	if (array_grow(&h->v, h->n, &h->cap, sizeof *h->v) < 0)
		return -ENOMEM;
	h->v[h->n++] = (struct held_piece){*p, bytes.n};
	buf_add_str(&h->bytes, bytes);
	if (buf_reserve(&h->fate, bytes.n)) {
		memset(h->fate.p + h->fate.n, 0, bytes.n);
		h->fate.n += bytes.n;
	}
	return buf_error(&h->bytes) || buf_error(&h->fate) ? -ENOMEM : 0;
}

void held_mark(struct held *h, uint64_t from, uint64_t to, char fate)
{
	from = from > h->base ? from : h->base;
	to = to < held_end(h) ? to : held_end(h);
	if (from < to)
		memset(h->fate.p + (from - h->base), fate, to - from);
}

void held_tell(struct held *h, uint64_t to,
    void (*piece)(void *user, const struct piece *p, const char *fate),
    void *user)
{
	size_t i, at = 0;

	for (i = 0; i < h->n && h->base + at + h->v[i].n <= to; i++) {
		struct piece *p = &h->v[i].piece;
		size_t n = h->v[i].n;

		p->bytes = n ? str_make(h->bytes.p + at, n) : STR_NONE;
		piece(user, p, n ? h->fate.p + at : NULL);
		at += n;
	}
	if (i == 0)
		return;
	h->n -= i;
	memmove(h->v, h->v + i, h->n * sizeof *h->v);
	buf_consume(&h->bytes, at);
	buf_consume(&h->fate, at);
	h->base += at;
}
