/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodings of one column of a block, before compression. Numbers: signed,
 * as they are or as differences, whichever is shorter. Strings: a table of
 * entries and, where values repeat, a code for each value.
 */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#include "base/arena.h"
#include "base/buf.h"

/* Bytes that a column may have before compression. */
#define COLUMN_RAW_MAX ((size_t)96 << 20)

void column_put_ints(struct buf *b, const int64_t *v, size_t n);
/* Exactly n numbers into ret. -EBADMSG. */
int column_get_ints(struct str raw, int64_t *ret, size_t n);

struct strings {
	uint32_t n;	    /* entries */
	const uint32_t *at; /* n + 1 places in text */
	const char *text;
	const uint32_t *code; /* entry of each value, or of each row */
};

static inline struct str strings_get(const struct strings *s, uint32_t entry)
{
	return str_make(
	    s->text + s->at[entry], s->at[entry + 1] - s->at[entry]);
}

/*
 * n values: v[i] is a number below n_entries. Entries that are used get
 * written in the order of their first use. -ENOMEM in b's sticky error.
 */
void column_put_strings(struct buf *b, const uint32_t *v, size_t n,
    const struct str *entries, uint32_t n_entries);
/*
 * Text points into raw; the arrays lie in `a`; code[] has n elements.
 * -EBADMSG, -ENOMEM.
 */
int column_get_strings(
    struct str raw, size_t n, struct strings *ret, struct arena *a);

/* A number off the front of *s; false: none there. */
bool varint_get(struct str *s, uint64_t *ret);

static inline uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

#endif
