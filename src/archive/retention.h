/* SPDX-License-Identifier: Apache-2.0 */
/* Removal of what a policy does not want kept any longer. */
#ifndef ARCHIVE_RETENTION_H
#define ARCHIVE_RETENTION_H

#include "archive/archive.h"
#include "archive/policy.h"

/* What goes from the front of one chain: whole segments. */
struct retention_step {
	const char *chain;
	uint64_t first, upto; /* frames */
	uint64_t segments, bytes;
	int64_t until; /* nothing of it was written later */
	char why[200];
};

/*
 * Call fn for each chain of the store open as dirfd that has something to be
 * removed; of a host that has joined a hub only what the hub has cosigned, and
 * of a chain that is open for writing what its writer is done with. Not 0 stops
 * and is returned. -EBADMSG: a damaged segment in front.
 */
int retention_plan(int dirfd, const struct policy *p, int64_t now,
    int (*fn)(void *ctx, const struct retention_step *step), void *ctx,
    struct err *err);

/* For people: "frames 1 to 1203, 4 segments, 12.1 MiB, written until ..." */
void retention_describe(const struct retention_step *step, struct buf *b);
/*
 * The event that tells of it: config, op retention. Time, host, source and who
 * did it are the caller's, and so are the texts.
 */
void retention_event(struct event *ret, const struct retention_step *step,
    const char *config, struct str description);

struct retention_work {
	const struct policy *policy;
	int64_t now;
	/*
	 * Called before each step: appends the event that tells of it. Not 0
	 * stops and is returned.
	 */
	int (*tell)(void *ctx, const struct retention_step *step);
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
	uint64_t steps; /* done */
};

/*
 * Remove all that the plan says, each step behind the event that tells of it,
 * and make the index again without it. The archive must be open for writing.
 * What a crash leaves, the next call does: each chain is sound at any time, and
 * the next who opens the store for writing makes the index again.
 */
int archive_retain(
    struct archive *a, struct retention_work *work, struct err *err);

#endif
