/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands between sshd's terminal, the standard input and output, and a terminal
 * of the user's own (pair.h), carries bytes both ways, and hands over what is
 * shown (handover.h) before it shows it.
 */
#ifndef REC_RELAY_H
#define REC_RELAY_H

#include "base/err.h"
#include "rec/errand.h"
#include "sources/rec/settings.h"

enum relay_end {
	RELAY_EXITED,  /* *ret_status is the errand's, as of wait(2) */
	RELAY_HUNG_UP, /* sshd's terminal is gone */
	RELAY_ASIDE,   /* the kernel records: run it without us */
	RELAY_AWAY,    /* nothing can be recorded, and nothing was run */
	RELAY_BROKEN,  /* no terminal could be opened, err says why */
	RELAY_REFUSED, /* what was shown could not be kept any more */
};

/* `strict`: without a recording there is no session. */
enum relay_end relay_run(const struct errand *e, const struct settings *s,
    bool strict, int *ret_status, struct err *err);

#endif
