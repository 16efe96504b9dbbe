/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the service manager how a daemon is: sd_notify(3), its protocol.
 * States are as "READY=1\nSTATUS=...". Nothing happens where $NOTIFY_SOCKET
 * names no socket, or nobody listens.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/* Open the way to it, tell, close it. */
void notify(const char *state);

/*
 * The way to it, for who may open none later (base/sandbox.h): a descriptor,
 * which is the caller's to close; -1: there is nobody to tell.
 */
int notify_open(void);
/* fd: of notify_open(), -1 too. */
void notify_by(int fd, const char *state);
/* What was asked for, that is to be read anew, is begun; READY=1 ends it. */
void notify_reloading(int fd);

#endif
