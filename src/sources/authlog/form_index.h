/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which forms of a table a text can be of, told by the literal text that most
 * patterns begin with: a few are left of a hundred.
 */
#ifndef SOURCES_AUTHLOG_FORM_INDEX_H
#define SOURCES_AUTHLOG_FORM_INDEX_H

#include "sources/authlog/form.h"

/* Indexes of tables, each made when it is first asked for. */
struct form_indexes;

/* NULL: no memory. */
struct form_indexes *form_indexes_new(void);
/* NULL is fine. */
void form_indexes_free(struct form_indexes *all);

struct form_entry {
	const struct form *form;
	size_t n_literal; /* bytes of the pattern before its first hole */
	/* The first eight of these as form_first8() of a text has them. */
	uint64_t first, mask;
};

/* Up to eight bytes at the front of s, in memory order, then zeros. */
static inline uint64_t form_first8(struct str s)
{
	uint64_t v = 0;

	if (s.n >= 8)
		memcpy(&v, s.p, 8);
	else if (s.n)
		memcpy(&v, s.p, s.n);
	return v;
}

/*
 * The forms of a table whose pattern begins with the byte c or with a hole, in
 * the order of the table, ended by one of NULL. The table must be static: it is
 * known by its address. NULL: no memory.
 */
const struct form_entry *form_index_get(
    struct form_indexes *all, const struct form *table, unsigned char c);

#endif
