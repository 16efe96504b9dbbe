/* SPDX-License-Identifier: Apache-2.0 */
/* A recording on the user's terminal, moved about in by keys. */
#ifndef CLI_PLAY_PLAY_H
#define CLI_PLAY_PLAY_H

#include "cli/cli.h"

struct play_options {
	const char *at, *until; /* moments (moment.h); NULL: begin, end */
	uint32_t speed;		/* thousandths */
	int64_t idle; /* longest time without anything, us; 0: any; it begins
			 with that passed over where `skip` is set */
	bool skip;
	bool follow; /* from its end on, as it is recorded */
};

/*
 * Until the user quits it, or a signal ends it, of which the process dies then.
 * Standard output is a terminal. A failure, or a moment that is none, is told
 * when the terminal is as it was. An enum cli_exit.
 */
int play_recording(
    struct cli *c, const struct recording *r, const struct play_options *o);

#endif
