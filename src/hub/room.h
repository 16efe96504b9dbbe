/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk of the hub's store. While less than ROOM_MIN of it is left,
 * nothing is taken from hosts, which keep it: what the hub itself has to write
 * fits still. Where the disk is full all the same, as others write to it too,
 * the store is closed until there is room: nobody is answered meanwhile, but
 * who asks how the hub is.
 */
#ifndef HUB_ROOM_H
#define HUB_ROOM_H

#include "hub/hub.h"

/* Of two of these it is taken again. */
#define ROOM_MIN ((uint64_t)16 << 20)

/* Bytes; 0 also where that cannot be known. */
uint64_t room_left(const struct hub *h);

/*
 * To be called by the loop's timers only: close the store after a full disk
 * (hub_fail()), open it when there is room; tell in an alert, op "room", when
 * there is none any more, and when there is again. An error ends the hub.
 */
int room_follow(struct hub *h, struct err *err);

#endif
