/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events on their way into the archive: a thread of its own leaves out what is
 * known and appends the rest, while the caller parses what comes behind them.
 */
#ifndef CLI_IMPORT_APPEND_H
#define CLI_IMPORT_APPEND_H

#include "cli/import/dedup.h"
#include "cli/import/run.h"

struct appender;

/*
 * `archive` and `dedup` are the thread's from an add to the next wait; all
 * three must live until appender_stop(). -ENOMEM, or no thread.
 */
int appender_start(struct appender **ret, struct archive *archive,
    struct dedup *dedup, struct import_totals *totals);

/*
 * Append a copy of ev behind all that was added before, unless dedup_check(),
 * which gets `was_held`, knows it. An error may be that of an earlier one,
 * behind which nothing was appended.
 */
int appender_add(
    struct appender *a, const struct event *ev, bool was_held, struct err *err);

/* What was added is appended and counted in the totals; the first error. */
int appender_wait(struct appender *a, struct err *err);

/* Waits, too. NULL is fine. */
void appender_stop(struct appender *a);

#endif
