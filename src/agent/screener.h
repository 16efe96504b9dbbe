/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes keyframes and filters (archive/screens.h) of recordings that ended, a
 * little at a time, so that they are found and jumped in at once. Derived:
 * nothing is lost where it fails.
 */
#ifndef AGENT_SCREENER_H
#define AGENT_SCREENER_H

#include "archive/archive.h"

struct screener {
	struct archive *archive;
	struct str chain; /* as struct recording has it */
	int64_t recent;	  /* those that ended since are looked at */
	struct screened {
		uint64_t number, last;
	} * v; /* n of them are to be made, the next one last */
	size_t n, cap;
};

/* With those of the store that ended in the last day: a look is what those cost
 * that are whole. */
int screener_open(
    struct screener *s, struct archive *a, struct str chain, struct err *err);
/* One ended. Without memory it is left to a later run. */
void screener_add(struct screener *s, uint64_t number, uint64_t last);
/* To be called now and then: works for 20 ms or a little longer. */
void screener_work(struct screener *s);
void screener_close(struct screener *s);

#endif
