/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sshtrail-rec that is connected: its messages (wire.h) become records as
 * the programs in the kernel write them (pty/record.h), so that whoever reads
 * these need not know the difference. No message is believed: one that breaks
 * the rules ends the connection.
 */
#ifndef SOURCES_REC_PEER_H
#define SOURCES_REC_PEER_H

#include <sys/types.h>

#include "base/buf.h"

/* Records have this magic, so that they are known from the kernel's. */
#define REC_PEER_MAGIC 0x72527353u /* "SsRr" */

/* As the kernel tells it. Also what the monitor sends beside the socket. */
struct peer_who {
	uint32_t pid; /* of the recorder, or the command it became */
	uint32_t uid;
	uint32_t sshd, ppid; /* the process that runs it, and that one's */
	uint32_t auid, ses;
};

struct peer {
	struct peer_who who;
	uint64_t serial; /* of its terminal; never used again */
	bool opened, closed;
	bool command;
	uint16_t rows, cols;
	uint32_t index;
	uint64_t time, offset; /* of its last message */
};

/*
 * Take whole messages off `data`, and append their records to `to`. `now`, of
 * CLOCK_BOOTTIME in nanoseconds: no message is later. Returns how many bytes
 * were taken, or -EBADMSG. After WIRE_CLOSE nothing is taken.
 */
ssize_t peer_take(
    struct peer *p, struct str data, uint64_t now, struct buf *to);

/*
 * It is gone. Where it was open and did not say how it ended, that is told: it
 * was killed, or, of a command, it has ended.
 */
void peer_gone(struct peer *p, uint64_t now, struct buf *to);

#endif
