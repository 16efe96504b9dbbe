/* SPDX-License-Identifier: Apache-2.0 */
/* The user's own terminal: a pair of which the recorder holds the master. */
#ifndef REC_PAIR_H
#define REC_PAIR_H

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#include "base/err.h"
#include "rec/errand.h"

struct pair {
	int master; /* does not block */
	/* Ours too, so that the master has no end while the shell runs. */
	int slave;
	char name[64];
};

/* With the modes and the size of sshd's terminal. */
int pair_open(struct pair *ret, const struct termios *modes,
    const struct winsize *size, struct err *err);
void pair_close(struct pair *p);

/*
 * Run the errand in it, as leader of a session whose terminal it is. `mask` and
 * `child` are how signals and SIGCHLD were when we came. Its pid, or a negative
 * errno.
 */
pid_t pair_run(const struct pair *p, const struct errand *e,
    const sigset_t *mask, const struct sigaction *child);

#endif
