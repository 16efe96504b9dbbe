/* SPDX-License-Identifier: Apache-2.0 */
/* What both roles of the daemon are told at their start. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <sys/types.h>

#include "sources/tap.h"

#define AGENT_TAPS_MAX 16

/* One tap as the monitor found it. */
struct agent_tap {
	const struct tap *tap;
	struct tap_opened opened;
	int error;	/* of open(), or 0 */
	struct err why; /* of that error */
};

struct agent {
	const char *store;
	const char *host;
	int64_t sync_usec, commit_usec;
	uint64_t reserve; /* bytes, see room.h */
	uid_t uid; /* of the collector; 0: run by a user, who stays himself */
	gid_t gid;
	struct agent_tap taps[AGENT_TAPS_MAX];
	size_t n_taps;
	int control_fd;	     /* listening, or -1 */
	int link_fd;	     /* to the other role */
	int handover_fd;     /* see handover.h */
	bool ships;	     /* to the hub that the host has joined */
	const char *proxy;   /* for that, or NULL */
	const char *restart; /* why this collector follows another, or NULL */
};

#endif
