/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's half of the tap "rec": it listens, asks the kernel who has
 * come, and hands the collector only those that it let in. It never reads.
 */
#ifndef SOURCES_REC_ADMIT_H
#define SOURCES_REC_ADMIT_H

#include "sources/tap.h"

/*
 * tap_opened.fd: where the collector receives, and the monitor sends, a struct
 * peer_who with the socket and, where the kernel has such, a pidfd; the
 * listening socket.
 */
enum admit_fd {
	ADMIT_FD_RECEIVE,
	ADMIT_FD_SEND,
	ADMIT_FD_LISTEN,
	ADMIT_N_FDS,
};

/* tap_opened.kept: the group that may come in. */
enum { ADMIT_KEPT_GROUP };

/* As struct tap says; `path` is that of the socket. */
int admit_open(struct tap_opened *ret, const char *path, struct err *err);
/* What recorders left in the spool since is handed to the collector. */
void admit_refresh(const struct tap_opened *opened, const char *path);
void admit_release(const struct tap_opened *opened);

extern const struct tap_tender admit_tender;

#endif
