/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a running hub share. One thread uses it. */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "archive/replica.h"
#include "archive/teller.h"
#include "hub/attempts.h"
#include "hub/config.h"
#include "hub/keeper.h"
#include "hub/place.h"
#include "hub/senders.h"
#include "hub/silence.h"
#include "net/http_server.h"

#define HUB_SOURCE     TELLER_HUB
#define HUB_CHAINS_MAX 8192

/* A chain of a host, or of a sender (hub/sender.h), that something came for
 * since the hub was started. */
struct hub_chain {
	char name[sizeof "recordings:" + CERT_NAME_MAX + 24];
	struct replica *replica; /* NULL: closed after an error */
	bool corrected;		 /* told, that it tells of other hosts */
	/* Of the frames that a history shares with the one before, as long as
	 * it has not begun (hub/history.h); NULL: it has. */
	struct merkle *shared;
	uint64_t absent; /* of these the host has the first no more */
};

struct hub {
	const struct hub_config *cfg;
	struct place place;
	struct archive *archive; /* NULL: closed, as the disk is full */
	struct hub_chain *chains;
	size_t n_chains, cap_chains;
	struct silence silence;
	struct attempts attempts;
	struct keeper keeper;
	struct senders senders;
	bool inputs; /* there are some, for senders */
	bool uncommitted;
	uint64_t commits;	     /* so often something became to be found */
	size_t followers;	     /* hub/follow.h */
	struct delivery *deliveries; /* hub/making.h */
	struct http_server *http;
	int64_t committed_at; /* loop_now(), when all taken was found last */
	uint64_t frames;      /* taken since the start */
	struct loop *loop;    /* NULL: not yet */
	/* See hub/room.h; no_room: nothing is taken from hosts; full: the store
	 * is closed, or is about to be. */
	bool no_room, full;
	int64_t no_room_since; /* loop_now(); 0: there is room */
	/* Set by what cannot be gone on after; the hub ends. */
	int failed;
	struct err failure;
};

/* An error to the client: {"error": WHAT, "detail": ...}. */
void hub_refuse(struct http_reply *reply, int status, const char *what,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Whose certificate was shown. False: it was refused in *reply. */
bool hub_host(struct hub *h, const struct http_call *call,
    struct host_entry *ret, struct http_reply *reply);

/*
 * Of the store: the hub ends after this, with h->failure; but where the disk is
 * full it waits for room. room.c.
 */
void hub_fail(struct hub *h, int r);

/* An event of the hub's own: on the disk when this returns 0. */
int hub_append(struct hub *h, struct event *ev);
/* One of few words, about `host` or, empty, itself. */
int hub_note(struct hub *h, enum event_kind kind, struct str host,
    const char *op, const char *reason);

/* What the hub writes itself goes into its own chain, events:NAME. chains.c. */
int hub_begin_own(struct hub *h, struct err *err);

/*
 * The chain of this name, open for writing, until the next call or
 * hub_close_chains(). 1: it was not open. chains.c.
 */
int hub_chain_open(
    struct hub *h, const char *name, struct hub_chain **ret, struct err *err);
void hub_chain_close(struct hub_chain *c);
/* The same, not opened. NULL: there are too many. */
struct hub_chain *hub_chain_find(struct hub *h, const char *name);

/* Handlers: joining.c and ingest.c. */
void hub_enroll(
    struct hub *h, const struct http_call *call, struct http_reply *reply);
void hub_renew(
    struct hub *h, const struct http_call *call, struct http_reply *reply);
/* `chain` is what stands in the path. */
void hub_chain_state(struct hub *h, const struct http_call *call,
    const char *chain, struct http_reply *reply);
void hub_ingest(struct hub *h, const struct http_call *call, const char *chain,
    struct http_reply *reply);
void hub_close_chains(struct hub *h);
/* All taken so far is signed and can be found. */
int hub_commit(struct hub *h, struct err *err);

/*
 * Run until SIGTERM or SIGINT; at SIGHUP the outputs begin anew. `say` gets
 * what the administrator should know.
 */
int hub_serve(const struct hub_config *cfg,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))));

#endif
