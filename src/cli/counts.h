/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of events by user, day, host, kind or address. */
#ifndef CLI_COUNTS_H
#define CLI_COUNTS_H

#include "cli/filters.h"

/* CLI_FOUND; or CLI_USAGE, told, when a name in `by` is none of them. */
int counts_check(struct cli *c, const struct opt_list *by);

/*
 * Print how many events fit q, by the names in `by` (in this order), most
 * first. An exit code; CLI_NOTHING when none fit.
 */
int counts_print(
    struct cli *c, const struct query *q, const struct opt_list *by);

/* Calls row() for each group, most first; an exit code, failures told. */
typedef int counts_fn(struct cli *c, const struct query *q, unsigned groups,
    int (*row)(void *ctx, const struct group_row *row), void *ctx);

/* As counts_print(), counted by `count`. */
int counts_print_with(struct cli *c, const struct query *q,
    const struct opt_list *by, counts_fn *count);

#endif
