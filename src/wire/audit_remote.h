/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What audisp-remote says to the auditd of another host, with
 * "format = managed" (lib/private.h of audit-userspace: AUDIT_RMW_*): 16 bytes,
 * little-endian, and so many bytes of a record's text as they tell:
 *
 *   0  magic 0xff0000fe   4  version, 0   5  version of the message, 0
 *   6  type               10 length (16 bits)   12 sequence number
 *
 * It waits for the answer to each, which has the same form and number, and
 * sends it again where that does not come. With "format = ascii" it sends lines
 * and is answered nothing: what does not begin with the magic is such a line.
 * Pure, as wire/syslog_frame.h.
 */
#ifndef WIRE_AUDIT_REMOTE_H
#define WIRE_AUDIT_REMOTE_H

#include <stdbool.h>

#include "base/buf.h"

#define AUDIT_REMOTE_HEADER	16
/* With so many bytes at hand audit_remote_next() never asks for more. */
#define AUDIT_REMOTE_WINDOW_MAX (AUDIT_REMOTE_HEADER + 65535)

enum audit_remote_type {
	AUDIT_REMOTE_MESSAGE = 0,
	AUDIT_REMOTE_HEARTBEAT = 1,
	/* Answers. */
	AUDIT_REMOTE_ACK = 0x40000000,
	AUDIT_REMOTE_ENDING = 0x40000001,
	AUDIT_REMOTE_DISK_FULL = 0x60000001,
	AUDIT_REMOTE_DISK_ERROR = 0x60000002,
};

struct audit_remote {
	uint32_t type;
	uint32_t sequence;
	struct str text; /* a slice of the data, without a line feed */
};

/*
 * Whether a sender that begins with these bytes uses headers. 1: it does; 0: it
 * sends lines; -1: `data` is empty.
 */
int audit_remote_has_headers(struct str data);

/*
 * Take the next message from the begin of *data, which moves behind it. 1: *ret
 * is one, of any type; 0: it must come again with more behind it; -EPROTO: this
 * is none, and where another begins cannot be known.
 */
int audit_remote_next(struct str *data, struct audit_remote *ret);

/* Append the answer `type` to the message with this number. */
void audit_remote_answer(enum audit_remote_type type, uint32_t sequence,
    struct str text, struct buf *ret);

#endif
