/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions, on any hosts, that are one story: those that a person or
 * account began, the same key's under other accounts, and what is joined to
 * them by hops in either direction.
 */
#ifndef CLI_STORY_JOURNEY_H
#define CLI_STORY_JOURNEY_H

#include "cli/cli.h"
#include "core/hop.h"

/* Sessions in one story; beyond it the time is to be narrowed. */
#define JOURNEY_MAX 1000

enum journey_part {
	JOURNEY_NOT,
	JOURNEY_ASKED, /* of whom or what was asked for */
	JOURNEY_KEY,   /* by a key that those were made with, too */
	JOURNEY_HOP,   /* joined by a hop */
};

/* One for each of hops.v, at the same index. */
struct journey_member {
	enum journey_part part;
	unsigned depth; /* hops from where its chain begins */
	struct str fp;	/* of its key, or empty */
};

struct journey {
	struct cli *cli;
	struct hops hops;
	struct journey_member *members;
	size_t cap, n_members; /* members that have a part */
	struct map clocks;     /* number of hops.hosts: its clock's lead */
};

void journey_init(struct journey *j, struct cli *c);
void journey_free(struct journey *j);

/*
 * The story of a person or account, or, where neither is known, of a session
 * by its id, in the time that q asks for. CLI_FOUND, or a failure that was
 * told.
 */
int journey_find(struct journey *j, const struct query *q, const char *name);

/* How much further a host's clock is than those its story began with. */
int64_t journey_lead(const struct journey *j, struct str host);

#endif
