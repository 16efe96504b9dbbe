/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far behind the end of a track another one can begin and still be part of
 * the same session, in microseconds: where the end was seen, and where not.
 * join_tracks() joins nothing further apart, so who keeps tracks need not look
 * further.
 */
#ifndef CORE_REACH_H
#define CORE_REACH_H

#include <stdbool.h>
#include <stdint.h>

struct track;

#define TRACK_REACH_CLOSED ((int64_t)86400 * 1000000)
#define TRACK_REACH_OPEN   (30 * TRACK_REACH_CLOSED)
/*
 * What has its own begin goes on with nothing: it is another account of the
 * same, so it begins while the other lasts, give or take LoginGraceTime. Only
 * login records begin late in what is open: each further terminal has its own.
 */
#define TRACK_REACH_BEGAN  ((int64_t)600 * 1000000)
/* Of one that track_tried(), and to it: LoginGraceTime is 2 minutes by itself.
 */
#define TRACK_REACH_TRIED  ((int64_t)600 * 1000000)

/*
 * Whether b, which does not begin before a, begins early enough to be part of
 * the same session. Of flags, kind and times only; not of recordings, and of
 * what was tried TRACK_REACH_TRIED says it.
 */
bool track_in_reach(const struct track *a, const struct track *b);

#endif
