/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The senders that a hub listens to: as many as its configuration lets. Who
 * comes when there are so many takes the place of one that said nothing that is
 * kept, or of one that has been silent, of these the one that said least; their
 * chains stay. Of chains there are SENDERS_KEPT times as many at most: both
 * bound what anybody who makes up addresses can cost, in memory and on the
 * disk.
 */
#ifndef HUB_SENDERS_H
#define HUB_SENDERS_H

#include "base/loop.h"
#include "hub/sender.h"

/* What all of them lose, before it is known whose it is. */
enum senders_loss {
	SENDERS_LOST_KERNEL,   /* datagrams, for lack of room in the socket */
	SENDERS_LOST_STRANGER, /* not of the networks that may */
	SENDERS_LOST_CROWD,    /* of a sender that would be one too many */
	SENDERS_LOST_GUEST,  /* connections too many, or without certificate */
	SENDERS_LOST_NOBODY, /* messages of senders that have no chain */
	SENDERS_N_LOSSES
};

/* Over all senders, since the start. */
struct senders_sum {
	uint64_t messages, events, repeated, forged, lost, unparsed;
};

struct senders {
	struct hub *hub;
	struct sender **v;
	size_t n, max;
	size_t kept;	 /* chains in the store, with those that may begin */
	int64_t rate;	 /* bytes a second of each */
	bool dirty;	 /* something is not on the disk yet */
	int64_t stalled; /* loop_now(), when the disk was full last; 0: never */
	int64_t synced;	 /* loop_now() */
	size_t connections; /* open now */
	struct loss losses[SENDERS_N_LOSSES];
	char stranger[NETWORK_TEXT_MAX]; /* the last that was refused */
	struct senders_sum gone;	 /* of those that never told an event */
	struct loop *loop;		 /* NULL: not started */
	struct loop_timer timer;
	/* Called each SENDERS_TICK, when senders have new credit. */
	void (*ticked)(void *ctx);
	void *ctx;
};

#define SENDERS_KEPT 8
#define SENDERS_TICK ((int64_t)100 * 1000)

/* Find those that have a chain. Free it in any case. */
int senders_open(struct senders *ss, struct hub *h, struct err *err);
/* From now on; what an earlier process left is taken up. */
int senders_start(struct senders *ss, struct loop *l);
/* The store is about to be closed, as the disk is full. */
void senders_full(struct senders *ss);
/*
 * Nothing more comes: what waits for more becomes events, and what was lost is
 * told. hub_commit() makes it durable.
 */
int senders_end(struct senders *ss);
void senders_free(struct senders *ss);

/*
 * By its name. NULL: it would be one too many, which is counted, or there is no
 * memory.
 */
struct sender *senders_get(struct senders *ss, const char *name);
/* A message of n bytes came, or an event came of one. */
void senders_charge(struct sender *s, size_t n);
#define SENDERS_EVENT_COST ((size_t)1 << 10)
/* Whether anything of it should be read now: else it waits where it is. */
bool senders_may_read(const struct senders *ss, const struct sender *s);

/* sender_hold() and sender_sync() for all; an error ends the hub. */
int senders_hold(struct senders *ss);
int senders_sync(struct senders *ss);

void senders_sum(const struct senders *ss, struct senders_sum *ret);
/* What was lost before it was known whose it was. */
uint64_t senders_losses(const struct senders *ss);

#endif
