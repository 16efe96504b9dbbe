/* SPDX-License-Identifier: Apache-2.0 */
/* The login shells in the text of /etc/passwd: passwd(5). */
#ifndef CLI_SETUP_SHELLS_H
#define CLI_SETUP_SHELLS_H

#include "base/buf.h"

/*
 * How many lines this user has; *ret (into `text`) is the shell of the first.
 * What is no line of seven fields counts for nothing.
 */
size_t shells_find(struct str text, struct str name, struct str *ret);

/*
 * Append `text` with the shell that `choose` returns for each user; `now` is
 * what the user has. All else is copied byte by byte.
 */
void shells_write(struct str text,
    struct str (*choose)(void *ctx, struct str name, struct str now), void *ctx,
    struct buf *to);

#endif
