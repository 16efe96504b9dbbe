/* SPDX-License-Identifier: Apache-2.0 */
/* The events of all sessions of a journey as one, in order of time. */
#ifndef CLI_STORY_TIMELINE_H
#define CLI_STORY_TIMELINE_H

#include "cli/story/journey.h"

/*
 * As a table, or as JSON lines. Of hosts whose clocks are known to differ they
 * stand in the order in which they happened, with the times of their own
 * hosts. Unless `all`, what other lines tell is left out as in a story. *ret_n:
 * how many. CLI_FOUND, or a failure that was told.
 */
int timeline_print(const struct journey *j, bool all, uint64_t *ret_n);

#endif
