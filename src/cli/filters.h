/* SPDX-License-Identifier: Apache-2.0 */
/* The options that choose rows, shared by all commands that list. */
#ifndef CLI_FILTERS_H
#define CLI_FILTERS_H

#include "base/opt.h"
#include "cli/cli.h"

/* As given; all zero: no filter. Free with filters_free(). */
struct filters {
	const char *since, *until;
	struct opt_list host, user, person, from, kind;
	const char *session, *exit, *cmd, *path, *text, *key;
	uint64_t limit;
	bool all, reverse;
	bool root, sudo, transfer, failed, gap, open; /* of sessions */
};

/* All but the two below; --text comes first, for who has another one. */
extern const struct opt filters_opts[];
extern const struct opt filters_all_opts[];  /* --all: from the beginning */
extern const struct opt filters_flag_opts[]; /* what happened in a session */

void filters_free(struct filters *f);

/* The range when neither --since, --until, --all nor --session say one. */
enum default_range {
	RANGE_WEEK, /* the 7 days before the newest event in the store */
	RANGE_ALL,
};

/*
 * Fill q; newest rows first unless --reverse. Strings point into f. Opens the
 * store of c where a session or the newest event must be looked up. When the
 * default range hides what the store holds, a note on stderr says so.
 * CLI_FOUND; or another exit code, and the user was told why.
 */
int filters_query(const struct filters *f, struct cli *c,
    enum default_range range, struct query *q);

/* True when a filter asks about single events, not about whole sessions. */
bool filters_about_events(const struct filters *f);

#endif
