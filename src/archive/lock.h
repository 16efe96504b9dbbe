/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of a store: who has it may write to the index. The daemon has it as
 * long as it runs and lends it to whoever asks; meanwhile it writes on to its
 * own chain, which is locked by itself (trail/trail.h). A hub lends it to
 * nobody.
 *
 * DIR/lock is locked by flock(2), and holds the holder's pid. Who asks for it
 * has a record lock on its first byte, a daemon that begins one on the second,
 * which is another kind and excludes nothing. All go with their process.
 */
#ifndef ARCHIVE_LOCK_H
#define ARCHIVE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* Names of the processes that have the lock for long, up to 15 bytes. */
#define LOCK_DAEMON "sshtrail-coll"
#define LOCK_HUB    "sshtrail-hub"

/* So long a daemon that was killed, but for the process that writes, may need
 * to write what it has. */
#define LOCK_ENDING_MS 5000

enum lock_how {
	LOCK_ASK,  /* asks the daemon; -EBUSY: another has it, or it is deaf */
	LOCK_WAIT, /* waits for all others too, but a hub */
	/*
	 * For daemon and hub: -EBUSY: another of them has it, and goes on to
	 * for seconds, so that it is not about to end; -EAGAIN: who has it
	 * gives way to a daemon, or gives it up when he is done.
	 */
	LOCK_OWN,
};

/*
 * Take the lock of the store; it goes with *ret. err says who has it. With
 * -EAGAIN *ret asks for it, until it is closed or taken by another call.
 */
int lock_take(int dirfd, enum lock_how how, int *ret, struct err *err);

/* Whether somebody asks for it; whether a daemon that begins does. */
bool lock_wanted(int fd);
bool lock_wanted_by_daemon(int fd);
void lock_lend(int fd);
/* 1: it is ours again; 0: others have it, or ask for it. */
int lock_take_back(int fd);

#endif
