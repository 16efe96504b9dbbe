/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and stops of hosts, which end the sessions that were open. */
#ifndef CLI_BOOTS_H
#define CLI_BOOTS_H

#include "cli/cli.h"
#include "cli/filters.h"

/* More are not kept; the newest are, unless the oldest come first. */
#define BOOTS_MAX 10000

struct boot_row {
	int64_t time;
	struct str host, what; /* what: kernel or other text; or empty */
	bool down;	       /* the host stopped */
};

struct boots {
	struct arena arena;
	struct buf rows; /* of struct boot_row, in the order asked for */
	bool oldest_first;
};

#define BOOTS_INIT ((struct boots){ARENA_INIT, BUF_INIT, false})

/* Not where logins of somebody, or with some events in them, are asked for. */
bool boots_wanted(const struct query *q, const struct filters *f);

/*
 * Those from q's `since` on, on q's hosts, in q's order. CLI_FOUND, or a
 * failure was told; free in any case.
 */
int boots_read(struct boots *b, struct cli *c, const struct query *q);
void boots_free(struct boots *b);

size_t boots_count(const struct boots *b);
const struct boot_row *boots_at(const struct boots *b, size_t i);

/* The start or stop of the same host that comes next in time, or NULL. */
const struct boot_row *boots_next(const struct boots *b, size_t i);

/* The first start or stop of the host behind `time`, or NULL. */
const struct boot_row *boots_after(
    const struct boots *b, struct str host, int64_t time);

#endif
