/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody is about to see secrets of the store that the daemon writes to, and
 * asks for an event `reveal` first. Who it is the kernel says.
 */
#ifndef AGENT_REVEAL_H
#define AGENT_REVEAL_H

#include <sys/socket.h>

#include "agent/ledger.h"

/* The answer when the event is on the disk; others begin with "error: ". */
#define REVEAL_DONE "recorded\n"

/*
 * `asked`: device and inode of the store's directory as "DEVICE:INODE", the
 * terminal without /dev/ (or nothing), the command, and of what; tabs between.
 * Writes the answer. A negative errno: the ledger failed.
 */
int reveal_take(struct ledger *l, const char *store, const struct ucred *peer,
    struct str asked, struct buf *answer, struct err *err);

#endif
