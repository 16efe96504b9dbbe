/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: whoever may connect sends one line and gets an answer.
 * "status" is answered by text for people, "status json" by one JSON object.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "base/buf.h"
#include "base/loop.h"

#define CONTROL_CLIENTS_MAX 8

struct control {
	struct loop *loop;
	struct loop_watch listening;
	struct loop_watch client[CONTROL_CLIENTS_MAX]; /* fd -1: free */
	void (*report)(void *ctx, struct buf *b, bool json);
	void *ctx;
};

/*
 * Answer what comes by listen_fd (-1: nobody can ask), which is taken over.
 * `report` writes the answer.
 */
int control_open(struct control *s, struct loop *l, int listen_fd,
    void (*report)(void *ctx, struct buf *b, bool json), void *ctx);
void control_close(struct control *s);

#endif
