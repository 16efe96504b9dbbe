/* SPDX-License-Identifier: Apache-2.0 */
/* The moments at which a text stood on the screen of a recording. */
#ifndef ARCHIVE_MOMENTS_H
#define ARCHIVE_MOMENTS_H

#include "archive/archive.h"
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

/* "TIME.N", and back; false: it is none. */
void moment_place_write(const struct moment_place *p, struct buf *ret);
bool moment_place_read(struct str text, struct moment_place *ret);

/* Where they are looked for, and who is told what was passed over. */
struct moments_from {
	struct archive *archive;
	struct store *store;
	void (*tell)(void *ctx, const char *what);
	/* Asked before each recording: negative stops. May be NULL. */
	int (*alive)(void *ctx);
	void *ctx;
};

struct moments;

/*
 * Those of q: its text, in recordings of sessions that fit its other filters,
 * while they overlap its time; by the time at which they appeared, in its
 * order, behind `after` (NULL: from the first on). Recordings are searched one
 * by one as far as that order needs. What cannot be searched is told, and
 * passed over. The texts of q, and what is in `from`, stay until the end. 0, or
 * a negative errno with err set.
 */
int moments_open(struct moments **ret, const struct moments_from *from,
    const struct query *q, const struct moment_place *after, struct err *err);
/* 1 and a moment, which holds until the next call; 0; or a negative errno. */
int moments_next(struct moments *m, const struct moment **ret, struct err *err);
/* Behind the last one given; false: none was. */
bool moments_place(const struct moments *m, struct moment_place *ret);
void moments_close(struct moments *m);

#endif
