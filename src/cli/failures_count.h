/* SPDX-License-Identifier: Apache-2.0 */
/* How many failed logins there were, each told once, by groups. */
#ifndef CLI_FAILURES_COUNT_H
#define CLI_FAILURES_COUNT_H

#include "cli/counts.h"

/* Groups beyond these are refused. */
#define FAILURE_GROUPS_MAX ((size_t)1 << 20)

/* A counter for counts_print_with(). */
int failures_count(struct cli *c, const struct query *q, unsigned groups,
    int (*row)(void *ctx, const struct group_row *row), void *ctx);

#endif
