/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for a text in what a recording showed. */
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
};

struct screens_search;

/* For many recordings; the query is copied, its text stays. NULL: no memory. */
struct screens_search *screens_search_open(
    struct archive *a, const struct screens_query *q);
/*
 * Goes through those parts only whose filter lets the text pass, and through
 * what has no filter yet. What `hit` returned if not 0, 0, or an error. Ask in
 * the order of the recordings' numbers, it is faster.
 */
int screens_search_in(
    struct screens_search *s, const struct recording *r, struct err *err);
/* How many parts were gone through. */
uint64_t screens_search_parts(const struct screens_search *s);
void screens_search_close(struct screens_search *s);

#endif
