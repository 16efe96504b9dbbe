/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a store of a few fixed sessions and events, hostile ones too. */
#ifndef CLI_FAKE_STORE_H
#define CLI_FAKE_STORE_H

#include "cli/command.h"

/* Seconds since 1970 of 2026-11-22 11:49:30 UTC, begin of the first session. */
#define FAKE_START 1795348170

extern const struct store_ops fake_store_ops;

struct fake_run {
	int code;
	struct buf out, err; /* what was printed, with a NUL behind it */
};

/*
 * Run a command line ("ls", "--json", NULL) on the fake store, as in a pipe.
 */
void fake_run(struct fake_run *r, const char *const *args);
void fake_run_free(struct fake_run *r);

/* The query that the last answer of the store was for; its strings are gone. */
const struct query *fake_last_query(void);
/* Its first address. */
const char *fake_last_addr(void);

#endif
