/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What journald knows of a message's sender by itself, held against the name
 * that the sender gave: `logger -t sshd` gives any name.
 */
#ifndef SOURCES_AUTHLOG_TRUSTED_H
#define SOURCES_AUTHLOG_TRUSTED_H

#include "sources/authlog/log_reader.h"
#include "sources/authlog/program.h"

/*
 * Set trust, boot, ses, auid, uid and pid of m->ev. Returns a note for
 * F_INFERRED (in m->scratch) when the sender is another program than it
 * claims, else nothing.
 *
 * TRUST_JOURNAL: sent by the program itself, running as root or setuid.
 * TRUST_DAEMON: by the program, but in a process of the user, who may have
 * made it say so (sshd after login; internal-sftp).
 * TRUST_TEXT: another program, or nothing known.
 */
struct str trusted_apply(const struct log_trusted *t,
    const struct program *program, struct message *m);

#endif
