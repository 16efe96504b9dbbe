/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's side of the shipper: starts it, and again when it dies. */
#ifndef AGENT_SHIPPING_H
#define AGENT_SHIPPING_H

#include "agent/agent.h"
#include "base/loop.h"

/* All zero: none runs. */
struct shipping {
	const struct agent *agent;
	struct loop *loop;
	void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
	struct loop_timer again;
	pid_t pid; /* 0: none */
};

/*
 * Start the shipper where the host has joined a hub and none runs yet. What
 * keeps it from that is said, and costs nothing else.
 */
void shipping_start(struct shipping *s, const struct agent *a, struct loop *l,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))));
/* After SIGCHLD. */
void shipping_reap(struct shipping *s);
/* Ends it, and waits for that. */
void shipping_stop(struct shipping *s);

#endif
