/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of one session: how deep each stands below the login, and how
 * it ended. First all events are noted, then asked for in the same order.
 */
#ifndef CLI_STORY_TREE_H
#define CLI_STORY_TREE_H

#include "base/map.h"
#include "core/event.h"

struct story_end {
	int64_t time;
	int64_t code; /* exit code, or signal */
	bool by_signal;
	uint32_t next; /* index + 1 of the pid's next end; 0: none */
};

struct story_tree {
	struct map first_end; /* pid to index + 1 */
	struct map last_end;
	struct map depth; /* pid to depth */
	struct buf ends;  /* of struct story_end */
};

#define STORY_TREE_INIT                                                        \
	((struct story_tree){MAP_INIT, MAP_INIT, MAP_INIT, BUF_INIT})
/* Ends beyond this many are not kept: those commands show none. */
#define STORY_ENDS_MAX	1000000u
#define STORY_DEPTH_MAX 20

void story_tree_free(struct story_tree *t);

/* Note an event of kind exit; others do nothing. -ENOMEM. */
int story_tree_note(struct story_tree *t, const struct event *ev);

/* Depth of an exec event, which is remembered for its children. */
unsigned story_tree_exec(struct story_tree *t, const struct event *ev);

/* Depth of the process that an event belongs to; 0 when not known. */
unsigned story_tree_depth(const struct story_tree *t, const struct event *ev);

/* The end of the process that an exec event started, or NULL. */
const struct story_end *story_tree_end(
    const struct story_tree *t, const struct event *ev);

#endif
