/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that wait for the daemon. The oldest ones make room for new ones: the
 * kernel's group of listeners keeps the oldest. They can be counted; the count
 * stands among the lines (plugin_wire.h).
 */
#ifndef PLUGIN_QUEUE_H
#define PLUGIN_QUEUE_H

#include "base/buf.h"

#define QUEUE_MAX ((size_t)8 << 20) /* bytes */

struct queue {
	struct buf bytes; /* whole lines */
	size_t sent;	  /* of the first one */
	uint64_t lost;	  /* and not said yet */
};

#define QUEUE_INIT ((struct queue){.bytes = BUF_INIT})

void queue_free(struct queue *q);

/* Without its newline. How many others made room for it. */
size_t queue_add(struct queue *q, struct str line);
void queue_count_lost(struct queue *q, size_t n);

/* What is to be sent next; empty: nothing. Says what was lost before. */
struct str queue_next(struct queue *q);
/* n bytes of it were. */
void queue_sent(struct queue *q, size_t n);
/* There is a new connection: a line that was begun begins again. */
void queue_again(struct queue *q);

#endif
