/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector's store, which imports write to as well: it is lent to who asks
 * for it, and nothing that comes meanwhile waits (archive/lock.h).
 */
#ifndef AGENT_LENDING_H
#define AGENT_LENDING_H

#include "agent/agent.h"
#include "agent/ledger.h"
#include "agent/link.h"

struct lending {
	int link_fd;
	bool asked;	   /* the monitor, to give the store back to our user */
	int64_t wanted_at; /* loop_now(); 0: nobody wants the store */
};

/*
 * Lock the store; an import that has it gives way in a second or two. -EBUSY: a
 * daemon or hub has it; -ECANCELED: the monitor wants an end, or has ended.
 */
int lending_begin(
    struct lending *l, const struct agent *a, int *ret_lockfd, struct err *err);

/*
 * To be called often: lends the store, and takes it back. `idle_since`: when
 * all taps of what an import can read, too, had nothing more for the last time,
 * by loop_now(). It is lent when the ledger holds what the logs held when it
 * was asked for: so an import of the same logs finds it there and adds nothing
 * twice. Where one of them is so long that it takes more than 20 s until then,
 * as behind a long stop, it is lent all the same, and what is left of it may be
 * told twice.
 */
int lending_look(struct lending *l, struct ledger *ledger, int64_t idle_since,
    struct err *err);
/* Whether the taps are all to be read now, to become idle. */
bool lending_is_due(const struct lending *l);

/* LINK_GIVEN has come: what others wrote is ours. */
int lending_given(struct lending *l, struct ledger *ledger,
    const struct link_message *m, struct err *err);

#endif
