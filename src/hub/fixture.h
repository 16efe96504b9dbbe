/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that is none: with a key and a chain of its own it makes the batches
 * that the shipper of a real one would send, of sessions that never were.
 */
#ifndef HUB_FIXTURE_H
#define HUB_FIXTURE_H

#include <time.h>

#include "crypto/checkpoint.h"
#include "hub/place.h"
#include "wire/batch.h"

#define FAKE_BATCH   2000 /* events: as in 0.9 MB */
#define FAKE_SESSION 50	  /* events of one session */

struct fake_host {
	struct host_entry entry; /* not put; without a certificate */
	char chain[sizeof "events:" + CERT_NAME_MAX];
	struct sign_key key;
	struct merkle tree;
	uint64_t sent; /* events in the batches so far */
};

/* Host number n, "web-N"; its key is kept in the directory dirfd. */
int fake_host_make(struct fake_host *h, int dirfd, unsigned n, struct err *err);

/*
 * Append a batch of its next events, and the checkpoint that covers all so far;
 * of 0 events: a heartbeat.
 */
int fake_host_batch(struct fake_host *h, unsigned events, struct buf *ret);

/* What a clock shows, in seconds. */
double fake_seconds(clockid_t clock);

#endif
