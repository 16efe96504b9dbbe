/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place of a follower as text: base64 of numbers, then ";MARK". For each
 * chain, in their order, by how much its first 32 bits are above those of the
 * one before, the number up to which all was told, and how many more its window
 * has: seven bytes or so for a chain.
 */
#ifndef HUB_FOLLOW_ID_H
#define HUB_FOLLOW_ID_H

#include "store/progress.h"

/* What a server of HTTP takes as a header. */
#define FOLLOW_ID_MAX ((size_t)12 << 10)

/* Appends nothing where it would be too long. */
int follow_id_write(const struct progress *p, struct buf *ret);
/*
 * Back into an empty one: chains that it does not name are new, and all of them
 * is wanted. -EBADMSG: it is none.
 */
int follow_id_read(
    struct progress *ret, struct store *s, struct str id, struct err *err);

#endif
