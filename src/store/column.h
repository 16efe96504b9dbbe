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

/* `place` of a row without a value, in columns that not all rows have. */
#define PLACE_NONE UINT16_MAX

struct ints {
	const int64_t *v;
	const uint16_t *place; /* value of each row; NULL: the row's number */
};

struct strings {
	uint32_t n;	    /* entries */
	const uint32_t *at; /* n + 1 places in text */
	const char *text;
	const uint8_t *codes;  /* entry of each value, as stored */
	unsigned width;	       /* bytes of a code; 0: entry i is value i */
	const uint16_t *place; /* as above */
};

/* The row's number; 0 where it has none. */
static inline int64_t ints_get(const struct ints *c, uint32_t row)
{
	if (!c->place)
		return c->v[row];
	return c->place[row] == PLACE_NONE ? 0 : c->v[c->place[row]];
}

/* Entry of value i. */
static inline uint32_t code_get(const uint8_t *codes, unsigned width, size_t i)
{
	const uint8_t *p = codes + i * width;

	if (width == 1)
		return p[0];
	if (width == 2)
		return p[0] | (uint32_t)p[1] << 8;
	if (width == 4)
		return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		       (uint32_t)p[3] << 24;
	return (uint32_t)i;
}

/* Entry of the row's value; UINT32_MAX where it has none. */
static inline uint32_t strings_entry(const struct strings *s, uint32_t row)
{
	uint32_t i = s->place ? s->place[row] : row;

	return i == PLACE_NONE ? UINT32_MAX : code_get(s->codes, s->width, i);
}

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
 * Codes of n values. Text and codes point into raw, `at` lies in `a`, place is
 * NULL. -EBADMSG, -ENOMEM.
 */
int column_get_strings(
    struct str raw, size_t n, struct strings *ret, struct arena *a);

#endif
