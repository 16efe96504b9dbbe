/* SPDX-License-Identifier: Apache-2.0 */
/* How the daemon does: what it captures and why not more, what that takes. */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "agent/agent.h"
#include "agent/feed.h"
#include "agent/ledger.h"
#include "agent/rates.h"
#include "agent/recorder.h"
#include "base/sandbox.h"

struct status {
	const struct agent *agent;
	struct feed *const *feeds; /* by number of tap; NULL: not captured */
	struct ledger *ledger;
	const struct recorder *recorder;
	const struct sandbox_state *sandbox;
	const struct rates *rates;
};

/* Text for people, or one JSON object, and a newline. */
void status_write(const struct status *s, struct buf *b, bool json);

#endif
