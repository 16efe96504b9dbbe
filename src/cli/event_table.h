/* SPDX-License-Identifier: Apache-2.0 */
/* Events as a table: TIME HOST USER SESSION KIND TEXT. */
#ifndef CLI_EVENT_TABLE_H
#define CLI_EVENT_TABLE_H

#include "cli/cli.h"

/*
 * Print all rows of q, whose wanted fields are set here. `mark` may be NULL.
 * CLI_FOUND, or the code of a failure that was told.
 */
int event_table_print(
    struct cli *c, struct query *q, uint64_t *ret_n, struct buf *mark);

#endif
