/* SPDX-License-Identifier: Apache-2.0 */
/* A moment as a row for people. */
#ifndef CLI_SHOWN_MOMENT_TEXT_H
#define CLI_SHOWN_MOMENT_TEXT_H

#include "archive/moments.h"
#include "cli/text/event_table.h"

/*
 * Append a time within a recording, as play --at takes it: "0:12", "1:02:03.4".
 * The roundest one in [at, gone), nanoseconds; `at`, rounded up to a
 * millisecond, where nothing is in that.
 */
void moment_add_at(struct buf *b, uint64_t at, uint64_t gone);

/*
 * A row among events: "sshtrail play 7f3a:41 --at 0:12  for 3m04s: LINE", of a
 * long line what stands around the text. False: stop.
 */
bool moment_row(struct event_table *t, const struct moment *m);

#endif
