/* SPDX-License-Identifier: Apache-2.0 */
/* Events that hold a text, and moments at which it stood on a screen. */
#ifndef CLI_SHOWN_SEARCH_H
#define CLI_SHOWN_SEARCH_H

#include "cli/cli.h"
#include "store/query.h"

/*
 * Print both in the order of q, at most its limit together; moments_fit() it.
 * `mark` gets a cursor, for q->cursor, behind the last row. CLI_FOUND, or the
 * code of a failure, told.
 */
int shown_search(
    struct cli *c, struct query *q, uint64_t *ret_n, struct buf *mark);

#endif
