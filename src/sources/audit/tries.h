/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One failed attempt to log in by ssh is told by up to three records of the
 * same process: PAM's, sshd's own, and at the end of the connection PAM's
 * again; that a name is unknown is told twice before any attempt. This table
 * of fixed size remembers what a process told, so that an attempt gives one
 * auth.fail; a process crowded out of it counts an attempt twice at worst.
 */
#ifndef SOURCES_AUDIT_TRIES_H
#define SOURCES_AUDIT_TRIES_H

#include "core/event.h"

enum try {
	TRY_COUNTS,
	TRY_WEAK, /* no attempt was told, but the login did not succeed */
	TRY_TOLD, /* the attempt, or that the name is unknown, was told */
};

#define TRIES_SLOTS 256

struct tries {
	struct {
		uint64_t key;	/* host and pid */
		int64_t time;	/* of the last record */
		int64_t serial; /* of the last record, and what it was */
		enum try what;
		uint8_t flags;
		uint8_t n_unknown; /* how often the name was told unknown */
	} slots[TRIES_SLOTS];
};

/*
 * What a record of sshd that tells a failure adds. `ev` has type, op, pid
 * and host; `unknown`: sshd says that it does not know the name.
 */
enum try tries_see(
    struct tries *t, const struct event *ev, int64_t serial, bool unknown);

#endif
