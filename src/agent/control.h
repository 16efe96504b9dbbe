/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: whoever may connect sends one line and gets an answer.
 * "status" is answered by text for people, "status json" by one JSON object,
 * "reveal WHAT" as agent/reveal.h says.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include <sys/socket.h>

#include "base/buf.h"
#include "base/loop.h"

#define CONTROL_CLIENTS_MAX 8

/* Each writes the answer. */
struct control_ops {
	void (*report)(void *ctx, struct buf *b, bool json);
	/* `peer` is who asks, as the kernel knows it. */
	void (*reveal)(void *ctx, const struct ucred *peer, struct str what,
	    struct buf *b);
};

struct control {
	struct loop *loop;
	struct loop_watch listening;
	struct loop_watch client[CONTROL_CLIENTS_MAX]; /* fd -1: free */
	const struct control_ops *ops;
	void *ctx;
};

/*
 * Answer what comes by listen_fd (-1: nobody can ask), which is taken over.
 */
int control_open(struct control *s, struct loop *l, int listen_fd,
    const struct control_ops *ops, void *ctx);
void control_close(struct control *s);

#endif
