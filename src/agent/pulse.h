/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the clocks tell from tick to tick: that somebody set one, that the host
 * slept, or that the daemon did not run while the host did.
 */
#ifndef AGENT_PULSE_H
#define AGENT_PULSE_H

#include "agent/ledger.h"

/* Far more than a busy host lets a tick wait; microseconds. */
#define PULSE_LATE ((int64_t)5 * 1000000)

struct pulse {
	int64_t offset, boot, mono; /* of the beat before, microseconds */
};

void pulse_begin(struct pulse *p);
/*
 * To be called with every tick, much more often than PULSE_LATE. A clock that
 * was set and a sleep become the event `clock`, ops "set" and "sleep"; a time
 * without a tick becomes a gap. Fails only as the ledger does.
 */
int pulse_beat(struct pulse *p, struct ledger *l, struct err *err);

#endif
