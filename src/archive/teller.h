/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who tells of whom. A host's chain, events:HOST, may hold what others logged
 * there: of a host that has a chain of its own in the same store (a hub's)
 * nobody else tells, or whoever has one host could put words into the sessions
 * of all. What does so is told in the index as of the host that said it, by
 * what `network` vouches for; the trail keeps what was sent.
 */
#ifndef ARCHIVE_TELLER_H
#define ARCHIVE_TELLER_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/map.h"
#include "core/event.h"

/* The source of what a hub says itself, which may be about any host. */
#define TELLER_HUB  "sshtrail-hub"
#define TELLER_NAME 255

struct teller {
	int dirfd;		     /* of the store; must stay */
	char name[TELLER_NAME + 1];  /* whose chain it is; "": nobody's */
	char other[TELLER_NAME + 1]; /* was found to have one */
	/* Hosts that had none, when the directory of the chains was `seen`: a
	 * server of logs tells of many, each in turn. */
	struct intern none;
	struct stat seen;
	struct buf inferred;
	uint64_t
	    corrected; /* events so far, the last of which was of `other` */
};

/* Events to come are of this chain. */
void teller_chain(struct teller *t, int dirfd, const char *chain);
/* Texts that the event gets live until the next call. -ENOMEM. */
int teller_check(struct teller *t, struct event *ev);
void teller_free(struct teller *t);

#endif
