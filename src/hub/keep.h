/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of its own that runs the hub's outputs, and what it and the hub
 * say to each other, a packet each.
 */
#ifndef HUB_KEEP_H
#define HUB_KEEP_H

#include "hub/config.h"

/* The hub's words, a byte. */
enum {
	KEEP_BEGIN = 'b',
	KEEP_RELOAD = 'r', /* end what runs, read what there is, begin anew */
};

/* To the hub: a byte; behind KEPT_RUNS the names, a line feed behind each. */
enum {
	KEPT_RUNS = 'R', /* without names: there is nothing to run */
	KEPT_ENDED = 'E',
};

#define KEPT_MAX 65536 /* bytes of a packet */

/* Returns when all has ended: the hub closed its end of fd, or is gone. */
void keep_outputs(int fd, const struct hub_config *cfg);

#endif
