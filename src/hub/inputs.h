/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where senders (hub/sender.h) reach the hub: syslog by UDP, TCP and TLS, and
 * what audisp-remote sends. The sockets are opened before the sandbox is
 * entered; all else runs in the hub's thread. One callback reads one piece of
 * one connection, so that nobody's flood keeps others waiting for long; of a
 * sender over its rate a connection is not read, and a datagram is lost.
 */
#ifndef HUB_INPUTS_H
#define HUB_INPUTS_H

#include "base/loop.h"
#include "hub/config.h"
#include "hub/senders.h"
#include "net/crowd.h"
#include "net/guest.h"

enum input_kind { INPUT_UDP, INPUT_TCP, INPUT_TLS, INPUT_AUDIT, INPUT_N };

struct inputs;
struct visit;

struct input {
	struct inputs *inputs;
	enum input_kind kind;
	struct loop_watch watch; /* fd -1: not configured */
};

struct inputs {
	struct hub *hub;
	struct loop *loop;
	struct input v[INPUT_N];
	struct network *networks; /* that may send */
	size_t n_networks;
	struct guest_tls *tls;
	struct visit *visits; /* connections ... */
	struct crowd crowd;   /* ... by address */
	struct loop_timer answers;
	uint32_t kernel_lost; /* datagrams, as told last */
	char *chunk;	      /* INPUT_CHUNK bytes */
};

/* Read at once; more than a datagram can have. */
#define INPUT_CHUNK ((size_t)64 << 10)

#define INPUTS_NONE                                                            \
	{                                                                      \
		.v = { {.watch.fd = -1},                                       \
			{.watch.fd = -1},                                      \
			{.watch.fd = -1},                                      \
			{.watch.fd = -1},                                      \
		}                                                              \
	}

/*
 * Open what is configured. `cert` and `key`, in PEM: what is shown by TLS where
 * the configuration names nothing else. Close it in any case.
 */
int inputs_open(struct inputs *in, const struct hub_config *cfg,
    const struct buf *cert, const struct buf *key, struct err *err);
/* Whether there are any. */
bool inputs_any(const struct inputs *in);
int inputs_start(struct inputs *in, struct hub *h, struct loop *l);
/* Senders have new credit, or time has passed. */
void inputs_tick(struct inputs *in);
/* What is at hand is taken, within limits; nothing comes any more. */
void inputs_end(struct inputs *in);
void inputs_close(struct inputs *in);

/* --- for visit.c --- */

/* May it send? What may not is counted. */
bool inputs_allow(struct inputs *in, const struct sockaddr_storage *from);
/* An error that ends the hub. */
void inputs_fail(struct inputs *in, int r);

#endif
