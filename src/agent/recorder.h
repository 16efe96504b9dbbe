/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second chain of the daemon, "recordings:HOST": what terminals show and
 * commands write goes there in chunks, while the ledger gets the events that a
 * recording began and ended, the last with its digest. Trouble with recordings
 * is told in a gap and ends them, not the events.
 */
#ifndef AGENT_RECORDER_H
#define AGENT_RECORDER_H

#include "agent/ledger.h"
#include "record/piece.h"

struct recorder;

struct buf;
/*
 * What the run before left open is closed with what is there of it, but for
 * what is in `handover`: that goes on. The ledger must stay. Fails only as the
 * ledger does.
 */
int recorder_open(struct recorder **ret, struct ledger *l,
    const struct buf *handover, struct err *err);
/*
 * Leave what is open to the next one, where the source of it goes on, too (see
 * source->keep); then recorder_close() ends the rest. A session.close that
 * waits for the end of a recording to be told again does so no more.
 */
int recorder_leave(struct recorder *r, struct buf *handover, struct err *err);
/*
 * Ends what is open; `why` becomes the reason. With why NULL nothing is
 * written any more. NULL is fine.
 */
int recorder_close(struct recorder *r, const char *why, struct err *err);

/*
 * Give up what terminals show, or go on with it: what comes meanwhile is a hole
 * in the recordings, which stay open.
 */
void recorder_pause(struct recorder *r, bool paused);
/*
 * To be called often, with loop_now(): after trouble it is tried again now and
 * then, and told when terminals that begin from now on are recorded. Fails only
 * as the ledger does.
 */
int recorder_mend(struct recorder *r, int64_t now, struct err *err);

/*
 * To be called now and then: what makes recordings that ended quick to search
 * and to jump in is made, in 20 ms at a time.
 */
void recorder_derive(struct recorder *r);

/*
 * A session.close, before it is appended: says what was recorded of its
 * session. Strings that it gets live until the next call.
 */
void recorder_close_session(struct recorder *r, struct event *ev);

/* As ledger_guard(), for recordings. */
int recorder_guard(struct recorder *r, struct err *err);

/* As struct source_sink says of piece(). Fails only as the ledger does. */
int recorder_take(struct recorder *r, uint64_t terminal, const struct piece *p,
    struct event *ev, struct err *err);

/* True when there is something that recorder_sync() or _commit() would do. */
bool recorder_unsynced(const struct recorder *r);
bool recorder_uncommitted(const struct recorder *r);
/* What was taken is on the disk; is signed. Fail only as the ledger does. */
int recorder_sync(struct recorder *r, struct err *err);
int recorder_commit(struct recorder *r, struct err *err);

struct recorder_stats {
	uint64_t recordings, open, bytes; /* bytes of chunks */
	const char *trouble;		  /* why nothing is recorded, or NULL */
};
void recorder_stats(const struct recorder *r, struct recorder_stats *ret);

#endif
