/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the service manager how the daemon is: sd_notify(3), its protocol. */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

/*
 * Send `state` ("READY=1\nSTATUS=...") to the socket that $NOTIFY_SOCKET names;
 * nothing happens where it names none, or nobody listens.
 */
void notify(const char *state);

#endif
