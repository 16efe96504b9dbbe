/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes full segments in a thread of its own: compressed and durable under
 * their final names, in the order given, while the appending thread goes on.
 */
#ifndef TRAIL_SEALER_H
#define TRAIL_SEALER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sealer;

/* `dirfd` stays the caller's and must stay open. */
int sealer_start(struct sealer **ret, int dirfd, int level);

/*
 * Take over a full segment, fd included; `fresh`: its name ends in .new still.
 * Waits when too many are not done yet. Errors come out of sealer_wait().
 */
int sealer_give(struct sealer *s, int fd, uint64_t first, bool fresh);

/*
 * Until all given are durable. An error stays: later segments are not sealed
 * then, since a segment must not come to be before the one ahead of it.
 */
int sealer_wait(struct sealer *s, struct err *err);

/* Waits as well. NULL is fine. */
void sealer_stop(struct sealer *s);

/*
 * Compress one closed segment: `name` to FIRST.seg.zst, then remove `name`.
 * A crash leaves one of them whole, or both.
 */
int segment_pack(
    int dirfd, uint64_t first, const char *name, int level, struct err *err);

#endif
