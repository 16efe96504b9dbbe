/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pager, chosen as git does: SSHTRAIL_PAGER, PAGER, less; "cat" or an
 * empty value mean none. less gets LESS=FRX unless LESS is set.
 */
#ifndef CLI_TEXT_PAGER_H
#define CLI_TEXT_PAGER_H

#include <sys/types.h>

#include "cli/text/out.h"

struct pager {
	pid_t pid; /* 0: none runs */
};

/*
 * Start the pager before the first write to `o`. Only for a terminal. When it
 * cannot be started, output goes to the terminal itself.
 */
void pager_attach(struct pager *p, struct out *o);

/* The end of the output; waits until the reader has left the pager. */
void pager_end(struct pager *p, struct out *o);

/* The command that would run, NULL for none; for tests. */
const char *pager_command(void);

#endif
