/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as one run of bytes, to be handed to another thread: of its many
 * fields only those that it has, one behind the other. A processor that reads
 * what another one wrote waits for each line of its cache.
 */
#ifndef CORE_EVENT_PACK_H
#define CORE_EVENT_PACK_H

#include "base/buf.h"
#include "core/event.h"

/*
 * Append ev to `out`, which must hold nothing but packed events. Look at
 * buf_error().
 */
void event_pack(const struct event *ev, struct buf *out);

/*
 * The event at p, in memory that event_pack() wrote and that no longer grows;
 * its strings lie there. Returns where the next one begins.
 */
const char *event_unpack(const char *p, struct event *ret);

#endif
