/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host or device without an agent, that sends lines of syslog or records of
 * audit: known by its address, or by the name in its certificate. What it says
 * goes through the same sources as files do, into a chain of its own,
 * "sender:NAME", with trust `network`: nothing but the sender vouches for it,
 * not even for the name of the host that a line is of. An identity (`id`) is
 * one among what this sender says, so that nobody can stand for a line of
 * another, or replace it.
 */
#ifndef HUB_SENDER_H
#define HUB_SENDER_H

#include "base/map.h"
#include "hub/held.h"
#include "hub/loss.h"
#include "net/network.h"
#include "sources/source.h"

struct hub;
struct hub_chain;

#define SENDER_CHAIN	"sender:"
#define SENDER_NAME_MAX 64
/* Name and address. */
#define SENDER_TEXT_MAX (SENDER_NAME_MAX + NETWORK_TEXT_MAX + 4)
/* So many of its last events are known when it connects again. */
#define SENDER_RECENT	4096

enum sender_kind { SENDER_SYSLOG, SENDER_AUDIT, SENDER_N_KINDS };

enum sender_loss {
	SENDER_LOST_RATE, /* datagrams over the rate */
	SENDER_LOST_LONG, /* longer than what is taken */
	SENDER_LOST_TORN, /* the connection ended within */
	SENDER_LOST_FULL, /* the disk was full */
	SENDER_N_LOSSES
};

struct sender;

/* What one kind of its lines is read by. */
struct sender_stream {
	struct source_sink sink; /* first: the sink is cast back */
	struct sender *sender;
	const struct source *source;
	struct source_run *run; /* NULL before the first line */
	struct source_input input;
	uint64_t offset;
};

struct sender {
	struct hub *hub;
	char name[SENDER_NAME_MAX + 1];
	char chain[sizeof SENDER_CHAIN + SENDER_NAME_MAX];
	char text[SENDER_TEXT_MAX]; /* `sender` of the line at work */
	char host[256];		    /* that it spoke of last */
	bool host_ships;	    /* that has an agent ... */
	int64_t host_looked;	    /* ... as of loop_now() */
	struct sender_stream streams[SENDER_N_KINDS];
	size_t chain_at; /* where the chain was found last */
	bool has_chain;	 /* in the store: it may not be forgotten */
	bool ready;	 /* its chain was opened by it */
	bool dirty;	 /* something is not on the disk yet */
	int64_t heard;	 /* loop_now() */
	int64_t credit;	 /* bytes that it may send now */
	size_t connections;
	struct held held; /* of SENDER_AUDIT */
	bool full;	  /* the disk was: what is held must be taken again */
	bool reconnected; /* nothing came since */
	uint64_t last;	  /* hash of the last line */
	/* Ids of its last events, in a ring, and how often of each of those
	 * that came before it connected last. */
	uint64_t recent[SENDER_RECENT];
	size_t n_recent;
	struct map known;
	uint64_t messages, events, repeated, forged;
	bool forged_told;
	struct loss losses[SENDER_N_LOSSES];
	struct arena arena;
};

/* Of a certificate: letters, digits and "._:%@-". */
bool sender_name_is_good(const char *name);

/* -ENOMEM. */
int sender_new(struct sender **ret, struct hub *h, const char *name);
/* Its chain is the hub's to close. NULL is fine. */
void sender_free(struct sender *s);

/* Of the hub's chains the sender's, while it is open; else NULL. */
struct hub_chain *sender_open_chain(const struct sender *s);

/*
 * A line with its line feed, from `address`. 0, or a negative errno that ends
 * the hub, with hub->failure set: that the disk is full is told by
 * SENDER_LOST_FULL.
 */
int sender_take(struct sender *s, enum sender_kind kind, struct str line,
    const char *address);
/* Nothing came for a while: what waits for more becomes events. As above. */
int sender_settle(struct sender *s);
/* Some lines are not events yet. */
bool sender_holds(const struct sender *s);
/* It connected anew, and may send again what it does not know to be here. */
int sender_connected(struct sender *s);

/* `n` messages are lost. */
void sender_lost(struct sender *s, enum sender_loss what, uint64_t n);
/* Tell of what was lost, where it is time to. As sender_take(). */
int sender_tell(struct sender *s);
/* What was lost by any way. */
uint64_t sender_losses(const struct sender *s);
/* Lines that no source understands. */
uint64_t sender_unparsed(const struct sender *s);

/* The disk is full: what is not synced is lost, and waits if it was held. */
void sender_full(struct sender *s);
/*
 * What was taken as records of audit, and not kept as events, is taken again:
 * of an earlier process, or of when the disk was full. As above.
 */
int sender_resume(struct sender *s);

/*
 * All of SENDER_AUDIT outlives the hub and its machine when this returns 0 and
 * s->full is not set; it costs less than to sync events, too. As above.
 */
int sender_hold(struct sender *s);
/* All that became events is on the disk, likewise. */
int sender_sync(struct sender *s);

#endif
