/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the rows of an answer. Errors are told to the user here. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "cli/filters.h"

/*
 * Call `row` for each event until it returns false. *ret_n (may be NULL): how
 * many rows. `mark` (may be NULL) gets the cursor behind the last row.
 * CLI_FOUND, or the code of a failure.
 */
int rows_events(struct cli *c, const struct query *q,
    bool (*row)(void *ctx, const struct event *ev), void *ctx, uint64_t *ret_n,
    struct buf *mark);

/* Sessions that fit a query; its limit counts those that were given. */
struct session_rows {
	struct cli *cli;
	struct store_cursor *cursor;
	bool any_login; /* else only what was a login */
	uint64_t limit, n;
};

/* CLI_FOUND, or the code of a failure; then nothing is to be closed. */
int session_rows_open(struct session_rows *r, struct cli *c,
    const struct query *q, bool any_login);
/* 1 and a session (valid until the next call), 0 at the end, or < 0 told. */
int session_rows_next(struct session_rows *r, struct session *ret);
/* Print all that follow as JSON lines. */
int session_rows_json(struct session_rows *r);
void session_rows_close(struct session_rows *r);

/* Digits of an id that tell sessions apart; 8 when the store cannot say. */
unsigned rows_id_width(struct cli *c);

/* For rows_events(): print each as a JSON line; ctx is the struct cli. */
bool rows_event_json(void *ctx, const struct event *ev);

#endif
