/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: whoever may connect sends one line and gets an answer.
 * "status" is answered by text for people, "status json" by one JSON object.
 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "agent/agent.h"
#include "agent/feed.h"
#include "agent/ledger.h"
#include "agent/recorder.h"
#include "base/loop.h"
#include "base/sandbox.h"

#define STATUS_CLIENTS_MAX 8

struct status {
	struct loop *loop;
	struct loop_watch listening;
	struct loop_watch client[STATUS_CLIENTS_MAX]; /* fd -1: free */
	void (*report)(void *ctx, struct buf *b, bool json);
	void *ctx;
};

/*
 * Answer what comes by listen_fd (-1: nobody can ask), which is taken over.
 * `report` writes the answer.
 */
int status_open(struct status *s, struct loop *l, int listen_fd,
    void (*report)(void *ctx, struct buf *b, bool json), void *ctx);
void status_close(struct status *s);

/* The answer itself. */
void status_write(struct buf *b, bool json, const struct agent *a,
    struct feed *const *feeds, const struct ledger *l,
    const struct recorder *recorder, const struct sandbox_state *sandbox);

#endif
