/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector: without privileges, network, or a way to other files than its
 * store, it reads the feeds, and keeps what they tell in the ledger.
 */
#ifndef AGENT_COLLECTOR_H
#define AGENT_COLLECTOR_H

#include "agent/agent.h"

/*
 * Give up all privileges, then collect until the monitor says stop, is gone,
 * or an error. The process must have one thread. Returns 0 or a negative errno;
 * the monitor was told why.
 */
int collector_run(struct agent *a);

#endif
