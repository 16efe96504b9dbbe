/* SPDX-License-Identifier: Apache-2.0 */
/* An event as a frame of a chain holds it. */
#ifndef ARCHIVE_EVENT_FRAME_H
#define ARCHIVE_EVENT_FRAME_H

#include "core/event.h"
#include "trail/trail.h"

/*
 * Fill `json` anew with the payload. An event too large for a frame loses its
 * largest text, never its place: who and when stay known, and `cut`, set on it,
 * says that something is missing. -ENOMEM.
 */
int event_frame(struct event *ev, struct buf *json, struct err *err);

#define EVENT_FRAME_REASON_MAX 200
/*
 * The gap that tells in a chain of this name how its last writer was cut off;
 * ev keeps slices of `chain` and `reason`.
 */
void event_frame_gap(struct event *ev, const char *chain,
    const struct trail_recovery *rec,
    char reason[static EVENT_FRAME_REASON_MAX]);

#endif
