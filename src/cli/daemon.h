/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the sshtraild of this host through its control socket. */
#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "base/buf.h"

#define DAEMON_SOCKET "/run/sshtrail/control"

/*
 * Send one line and append the answer. 0 or a positive errno; ECONNREFUSED or
 * ENOENT: no daemon is there.
 */
int daemon_ask(const char *socket_path, struct str request, struct buf *answer);

/* What to do about such an errno. */
const char *daemon_advice(int error);

#endif
