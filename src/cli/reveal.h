/* SPDX-License-Identifier: Apache-2.0 */
/* That somebody is about to see what is masked otherwise is an event. */
#ifndef CLI_REVEAL_H
#define CLI_REVEAL_H

#include "cli/cli.h"

/* Strings must live as long as it. */
struct reveal {
	const char *command; /* what is done, as "sshtrail export" */
	uint64_t session;    /* of which; 0: of all */
	const char *socket;  /* of the daemon that may hold the store */
};

/*
 * Record it: by the daemon, where it is the one that writes to the store; else
 * in the chain reveal:HOST, which a hub that is running has in its index with
 * its next start. 0: it is on the disk.
 */
int reveal_record(struct cli *c, const struct reveal *of, struct err *err);

#endif
