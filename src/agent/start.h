/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run of the collector rests on, as its first events say it: the taps
 * that are open, why there are not more, and what nobody watched since the run
 * before.
 */
#ifndef AGENT_START_H
#define AGENT_START_H

#include "agent/agent.h"
#include "agent/ledger.h"

int start_note(const struct agent *a, struct ledger *l, struct err *err);

#endif
