/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event in a store to which a hub writes, which lends its index to nobody
 * (archive/lock.h): it is in the trail, signed, and found once the hub was
 * started anew.
 */
#ifndef ARCHIVE_BESIDE_H
#define ARCHIVE_BESIDE_H

#include "core/event.h"

bool beside_is_hub(const char *dir);

/*
 * Append it, as event_frame() has it, to a chain that only such events are in,
 * and the gaps that tell where appending one was cut off.
 * Durable and signed when this returns 0. -EPERM: the caller is not the user
 * whose store it is, and what he makes could not be read by the hub.
 */
int beside_append(
    const char *dir, const char *chain, struct event *ev, struct err *err);

#endif
