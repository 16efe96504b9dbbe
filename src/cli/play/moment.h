/* SPDX-License-Identifier: Apache-2.0 */
/* Moments of a recording as people write and read them. */
#ifndef CLI_PLAY_MOMENT_H
#define CLI_PLAY_MOMENT_H

#include "cli/play/player.h"

/*
 * "1:23", "1:02:03", "90", "90s", "5min": since the beginning; with + or - in
 * front: from the moment that is shown. A time of the clock: as
 * time_parse_when() takes it, "11:02:07" of the day on which the recording
 * began where that is no moment since the beginning, or lies beyond the end.
 * Where it lies outside of the recording, its beginning or end. False: it is
 * none of these.
 */
bool moment_parse(struct str s, const struct player *p, uint64_t *ret);

/* "0:24", "37:54", "26:03:01": nanoseconds, cut to seconds. */
void moment_add(struct buf *b, uint64_t ns);

/* "2", "0.5", "1.25x": thousandths, within the limits of players. */
bool speed_parse(struct str s, uint32_t *ret);
/* "0.5x". */
void speed_add(struct buf *b, uint32_t speed);

#endif
