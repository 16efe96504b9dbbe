/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in files (wire/files.h) that take long: each is made by a thread of
 * its own, which has the store open for itself, a little ahead of the client.
 */
#ifndef HUB_MAKING_H
#define HUB_MAKING_H

#include "archive/moments.h"
#include "base/maker.h"
#include "hub/api.h"

/* At a time; each may read the whole store. */
#define MAKING_MAX   4
/* Of one account. */
#define MAKING_EACH  2
/* Made ahead of a client that is slow. */
#define MAKING_AHEAD ((size_t)256 << 10)

/* What the thread has; `make` may use all of it, and nothing of the hub. */
struct making {
	/* Hand on all of it; *size gets what it has. */
	int (*make)(struct making *m, struct archive *a,
	    const struct file_sink *to, struct evidence_size *size,
	    struct err *err);
	struct query q; /* as it was asked, narrowed to the account */
	bool nothing;	/* of which that may see nothing */
	/* Of moments: behind which, where q has a cursor, which is gone. */
	struct moment_place after;
	bool resumes;
	int64_t now;
	/* Of a recording; see struct recording. */
	char chain[TRAIL_ORIGIN_MAX + 1];
	uint64_t number, last;
	/* The rest is making.c's. */
	struct maker *maker;
	char *store; /* its directory */
	struct arena texts;
	struct buf line; /* that is being made */
	char how[256];	 /* it ended; the hub's, once it has */
};

/* NULL: no memory. */
struct making *making_new(const struct api_call *c);
/* For `make`, as bundle_open() asks it: -ECANCELED: nobody waits any more. */
int making_alive(void *ctx);

/*
 * Answer with it, which is gone in any case. How it ends is told in an event
 * (view, op `op`). -EUSERS: as many as may be are being made.
 */
int making_begin(
    struct making *m, struct api_call *c, const char *op, struct err *err);

#endif
