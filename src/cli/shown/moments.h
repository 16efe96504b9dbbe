/* SPDX-License-Identifier: Apache-2.0 */
/* The moments at which a text stood on the screen of a recording. */
#ifndef CLI_SHOWN_MOMENTS_H
#define CLI_SHOWN_MOMENTS_H

#include "cli/recordings.h"
#include "store/query.h"

struct moment {
	const struct recording *recording;
	struct str user;   /* of its session, or empty */
	int64_t from, to;  /* it appeared and vanished, as the clock went */
	uint64_t at, gone; /* the same, nanoseconds since the recording began */
	bool alternate;	   /* on the screen that editors use */
	struct str text;   /* the whole line */
	size_t match;	   /* where in it what was looked for begins */
};

/* A place between two moments, for who goes on there. */
struct moment_place {
	int64_t from; /* of the moment before it */
	uint64_t n;   /* how many that appeared just then come before it */
};

/* Whether moments can fit: a filter that asks of one event alone fits none. */
bool moments_fit(const struct query *q);

struct moments;

/*
 * Those of q: its text, in recordings of sessions that fit its other filters,
 * while they overlap its time; by the time at which they appeared, in its
 * order, behind `after` (NULL: from the first on). Recordings are searched one
 * by one as far as that order needs. What cannot be searched is told, and
 * passed over. CLI_FOUND, or the code of a failure, told.
 */
int moments_open(struct moments **ret, struct cli *c, const struct query *q,
    const struct moment_place *after);
/* 1 and a moment, which holds until the next call; 0; -1: it was told. */
int moments_next(struct moments *m, const struct moment **ret);
/* Behind the last one given; false: none was. */
bool moments_place(const struct moments *m, struct moment_place *ret);
void moments_close(struct moments *m);

#endif
