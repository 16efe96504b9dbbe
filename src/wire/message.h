/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hosts and hub say to each other beside batches, and what both keep in
 * small files: one flat JSON object of texts and numbers.
 */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define MESSAGE_MAX ((size_t)256 << 10)

/* Between message_begin() and message_end(), in any order. */
void message_begin(struct buf *b);
void message_text(struct buf *b, const char *key, struct str value);
void message_number(struct buf *b, const char *key, uint64_t value);
void message_end(struct buf *b);

/*
 * Value of a key, in the arena, with a NUL behind it; STR_NONE: it is not
 * there, or the message is not well-formed up to it. Of a number: its digits.
 */
struct str message_get(struct str message, const char *key, struct arena *a);
/* False: not there, or no number. */
bool message_get_number(struct str message, const char *key, uint64_t *ret);

#endif
