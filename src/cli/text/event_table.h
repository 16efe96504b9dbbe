/* SPDX-License-Identifier: Apache-2.0 */
/* Events as a table: TIME HOST USER SESSION KIND TEXT. */
#ifndef CLI_TEXT_EVENT_TABLE_H
#define CLI_TEXT_EVENT_TABLE_H

#include "cli/text/table.h"
#include "store/query.h"

struct cli;

/*
 * Print all rows of q, whose wanted fields are set here. `mark` may be NULL.
 * CLI_FOUND, or the code of a failure that was told.
 */
int event_table_print(
    struct cli *c, struct query *q, uint64_t *ret_n, struct buf *mark);

/* The same row by row, for rows that come over time. */
struct event_table {
	struct cli *cli;
	struct table table;
	struct buf text;
	unsigned id_width;
};

/* The store of c is open. CLI_FOUND, or the code of a failure that was told. */
int event_table_begin(struct event_table *t, struct cli *c);
/* Ask for the fields that event_table_row() shows. */
void event_table_want(struct query *q);
/* False: stop. For rows_events(), so `t` is the struct event_table. */
bool event_table_row(void *t, const struct event *ev);
/* CLI_FOUND, or the code of a failure that was told. */
int event_table_end(struct event_table *t);

#endif
