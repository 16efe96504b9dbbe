/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many events each (day, host, kind, user) has, so that counting reads
 * kilobytes. One row of the catalogue per day and host, rewritten at commit.
 */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include "store/sql.h"

struct tally_entry {
	int32_t day;  /* since 1970, UTC */
	int32_t host; /* catalogue numbers */
	int32_t name;
	int32_t kind;
	int64_t n;
};

struct tally {
	struct tally_entry *v;
	size_t n, cap;
};

int32_t tally_day(int64_t time);

/* Count; written out and forgotten whenever there are many. */
int tally_add(struct tally *t, struct sql *s, const struct tally_entry *e,
    struct err *err);
int tally_flush(struct tally *t, struct sql *s, struct err *err);
void tally_free(struct tally *t);

/* Every entry of the days [from, to); stops at a non-zero return of fn. */
int tally_read(struct sql *s, int32_t from, int32_t to,
    int (*fn)(void *ctx, const struct tally_entry *e), void *ctx,
    struct err *err);

#endif
