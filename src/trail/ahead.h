/* SPDX-License-Identifier: Apache-2.0 */
/* A segment that is read by a thread of its own, before it is asked for. */
#ifndef TRAIL_AHEAD_H
#define TRAIL_AHEAD_H

#include "trail/segment.h"

struct ahead;

/* `dirfd` must stay open. -ENOMEM, -EAGAIN: no thread. */
int ahead_open(struct ahead **ret, int dirfd);
/*
 * Segment `entered` is read now, `before` was the one before (0: none): reads
 * its neighbour on the side to which that went, if there is one.
 */
void ahead_begin(struct ahead *a, uint64_t before, uint64_t entered);
/* Waits for what is being read. True: it was this one, and is whole; `b`, which
 * is given in exchange, and `name` are as of segment_load(). */
bool ahead_take(struct ahead *a, uint64_t first, struct buf *b,
    char name[static SEGMENT_NAME_LEN]);
/* NULL is fine. */
void ahead_close(struct ahead *a);

#endif
