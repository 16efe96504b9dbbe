/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shipper: a process with network and without logs. It reads the trail as
 * it lies in the store, sends it to the hub that the host has joined, and keeps
 * what the hub has cosigned. What the hub has it asks the hub, so that nothing
 * depends on what it remembers itself.
 *
 * Events and recordings are two flows: events go first, always, and between any
 * two batches of recordings.
 */
#ifndef AGENT_SHIPPER_H
#define AGENT_SHIPPER_H

#include "agent/agent.h"

/* Runs as long as the process that made it; a negative errno after say(). */
int shipper_run(const struct agent *a,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))));

#endif
