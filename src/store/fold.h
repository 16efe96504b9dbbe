/* SPDX-License-Identifier: Apache-2.0 */
/* Substring search with ASCII case folded; other bytes match as they are. */
#ifndef STORE_FOLD_H
#define STORE_FOLD_H

#include "base/str.h"

static inline unsigned char fold_byte(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

/* A needle made ready: `text` must outlive it and be folded already. */
struct fold {
	struct str text;
	unsigned char first[2], last[2]; /* both cases of its outer bytes */
};

void fold_init(struct fold *f, struct str folded);

/* Index of the first match at or behind `from`, or STR_NPOS. */
size_t fold_find(const struct fold *f, struct str s, size_t from);

#endif
