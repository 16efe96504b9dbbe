/* SPDX-License-Identifier: Apache-2.0 */
/* One session told in order: who, how, what, and how we know. */
#ifndef CLI_STORY_STORY_H
#define CLI_STORY_STORY_H

#include "cli/cli.h"

/*
 * Print session s, with its events as q asks for them (oldest first). With
 * `all`, events of little interest too. CLI_FOUND, or a failure was told.
 */
int story_print(
    struct cli *c, const struct session *s, struct query *q, bool all);

/* Whether a story leaves the event out, whatever other lines tell. */
bool story_is_minor(const struct event *ev);

#endif
