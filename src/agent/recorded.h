/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was recorded of each session of this boot: how many recordings, bytes,
 * and the digest of them (docs/recordings.md), for its session.close. A session
 * is known here by its audit session id; one without has no recordings.
 */
#ifndef AGENT_RECORDED_H
#define AGENT_RECORDED_H

#include "base/map.h"
#include "base/when.h"
#include "store/store.h"

/*
 * So late may the end of a session be told that the index takes for over: of
 * what runs before have left, older things are not looked for.
 */
#define RECORDED_RECENT USEC_PER_DAY

/* Of more, those that began first are forgotten: nothing is said of them. */
#define RECORDED_MAX 4096

struct recorded {
	struct str boot;   /* id of it; the caller's */
	struct map by_ses; /* pointers */
	uint64_t
	    forgotten;	  /* this session and all before it, where not there */
	struct arena due; /* what recorded_due() gave last */
};

void recorded_free(struct recorded *r);

/*
 * What the runs before have told, of this boot: from the index, at the start.
 * Of the last day, and of sessions that are open, whatever their age.
 */
int recorded_restore(
    struct recorded *r, struct store *s, struct str host, struct err *err);

/* A recording began: `ev` is its channel.open. */
void recorded_begin(struct recorded *r, const struct event *ev);

/*
 * A recording ended by the channel.close `ev`, in the order of the trail; one
 * without sha256 vouches for nothing and does not count. `begun`: it was told
 * by recorded_begin().
 */
void recorded_end(struct recorded *r, const struct event *ev, bool begun);

/*
 * Add to the session.close `ev` of sshd what was recorded; the digits live in
 * `hex`. Where recordings are still open, it is to be told once more when they
 * have ended: it is copied for recorded_due().
 */
void recorded_close(struct recorded *r, struct event *ev, char hex[static 65]);

/*
 * The session.close that can be told now that the recording of `ev` ended: it
 * amends the one that was read. NULL: none. Lives until the next call of this.
 */
struct event *recorded_due(
    struct recorded *r, const struct event *ev, char hex[static 65]);

#endif
