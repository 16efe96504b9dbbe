/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a recording that wait, in order, until it is known what is to
 * become of their bytes. Bytes are named by how many came before them, of all
 * that ever came.
 */
#ifndef RECORD_HELD_H
#define RECORD_HELD_H

#include "base/buf.h"
#include "record/piece.h"

#define HELD_BYTES_MAX	((size_t)256 << 10)
#define HELD_PIECES_MAX 8192

/* Begins as zeros. */
struct held {
	struct held_piece *v; /* n, room for cap */
	size_t n, cap;
	uint64_t base; /* the first byte that waits */
	struct buf bytes, fate;
};

/* All memory is given back; it may go on. */
void held_free(struct held *h);

/* A piece with these bytes, whose fate is 0: 0, or -ENOMEM. */
int held_add(struct held *h, const struct piece *p, struct str bytes);

/* The byte behind all that came. */
static inline uint64_t held_end(const struct held *h)
{
	return h->base + h->bytes.n;
}

/* What is to become of bytes [from, to); of those gone already, nothing. */
void held_mark(struct held *h, uint64_t from, uint64_t to, char fate);

/*
 * Give those pieces away of which all bytes come before `to`: `fate` has a
 * byte for each of p's, which live during the call.
 */
void held_tell(struct held *h, uint64_t to,
    void (*piece)(void *user, const struct piece *p, const char *fate),
    void *user);

/* Whether what waits from `from` on is more than shall. */
static inline bool held_is_much(const struct held *h, uint64_t from)
{
	return held_end(h) - from > HELD_BYTES_MAX || h->n >= HELD_PIECES_MAX;
}

#endif
