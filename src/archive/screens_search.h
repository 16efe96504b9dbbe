/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for a text in what recordings showed. */
#ifndef ARCHIVE_SCREENS_SEARCH_H
#define ARCHIVE_SCREENS_SEARCH_H

#include "archive/archive.h"

/* A line that has the text. */
struct screens_hit {
	/* From when until when all of it stood, microseconds since 1970, as the
	 * clock went then; and boot times, nanoseconds, as pieces have them. */
	int64_t from, to;
	uint64_t boot_from, boot_to;
	uint64_t boot_first; /* when the first of it was written */
	uint64_t boot_begin; /* of the first piece of the recording */
	bool alternate;	     /* on the screen that editors use */
	struct str text;
	size_t match; /* where the text first is in it */
};

struct screens_query {
	struct str text; /* a part of lines; ASCII letters in any case */
	/* In the order in which lines vanished. Not 0 stops. */
	int (*hit)(void *ctx, const struct screens_hit *hit);
	void *ctx;
	/* In which it is looked for, `n` of them, in this order; they stay. In
	 * the order of their numbers, up or down, it is faster. */
	const struct recording *recordings;
	size_t n;
};

struct screens_search;

/*
 * The query is copied, its text stays. Of more than one recording of a store
 * that is here a thread reads ahead until screens_search_close(): `a` is not
 * closed nor lent meanwhile. NULL: no memory.
 */
struct screens_search *screens_search_open(
    struct archive *a, const struct screens_query *q);
/*
 * Goes through the next recording (behind the last: through none): through
 * those parts only whose filter lets the text pass, and through what has no
 * filter yet. What `hit` returned if not 0, 0, or an error; the next call goes
 * on with the next recording in any case.
 */
int screens_search_next(struct screens_search *s, struct err *err);
/* How many parts were gone through. */
uint64_t screens_search_parts(const struct screens_search *s);
void screens_search_close(struct screens_search *s);

#endif
