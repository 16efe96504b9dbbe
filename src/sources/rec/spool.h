/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of sessions that no daemon took (wire.h): the monitor finds them, and
 * the collector reads them as it reads those that are connected.
 */
#ifndef SOURCES_REC_SPOOL_H
#define SOURCES_REC_SPOOL_H

#include <sys/types.h>

#include "sources/rec/peer.h"
#include "sources/rec/wire.h"

/* Monitor: the directory, for `group` alone to write into. */
int spool_make(const char *dir, gid_t group);

/*
 * Monitor: remove empty files, and send the others that are not locked, each
 * with a struct peer_who of which only `uid` is known. They stay locked until
 * whoever has them is through.
 */
void spool_scan(const char *dir, int send_fd);

/* Collector: what a file begins with. -EBADMSG: it is none of these. */
int spool_begin(struct str head, struct peer_who *who);

#endif
