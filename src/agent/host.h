/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What root makes ready before anybody is started: the user to become, the
 * store that belongs to him, the control socket.
 */
#ifndef AGENT_HOST_H
#define AGENT_HOST_H

#include "agent/agent.h"
#include "agent/config.h"

/*
 * Fill what `a` says of store, host, ids and control socket. Strings point
 * into cfg. Without root the store is the caller's own
 * and nothing is given away.
 */
int host_prepare(struct agent *a, const struct config *cfg, struct err *err);
/* Its store: made where it is not, and given to whom it belongs. */
int host_prepare_store(const struct agent *a, struct err *err);
struct sandbox_state;
/* For the process that collects: give up all but its store. */
int host_confine(
    const struct agent *a, struct sandbox_state *ret, struct err *err);
/*
 * For the process that collects, to be ahead of what it watches. Where nothing
 * else is configured the kernel shares processors between login sessions first
 * (sched(7), autogroup), so it becomes one of its own. A refusal costs events
 * under load only, and that is told.
 */
void host_come_first(void);

#endif
