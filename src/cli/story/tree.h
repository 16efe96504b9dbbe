/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of one session for a story that is told in order of time:
 * first all events are noted, then asked for in the same order.
 */
#ifndef CLI_STORY_TREE_H
#define CLI_STORY_TREE_H

#include "core/tree.h"

struct story_tree {
	struct tree tree;
	size_t at;	  /* node of the next exec event told, or before it */
	struct map depth; /* pid to depth of its last exec */
};

/* Commands beyond this many stand without depth and end. */
#define STORY_NODES_MAX ((size_t)1000000)
/* Deeper than this nothing is indented any further. */
#define STORY_DEPTH_MAX 20u

void story_tree_init(struct story_tree *t);
void story_tree_free(struct story_tree *t);

/* Note an event of the first pass. -ENOMEM. */
int story_tree_note(struct story_tree *t, const struct event *ev);
/* The first pass is over. -ENOMEM. */
int story_tree_finish(struct story_tree *t);

/*
 * The next exec event of the second pass: its node, or NULL when there were
 * too many. *ret_depth is how far to indent it.
 */
const struct tree_node *story_tree_exec(
    struct story_tree *t, const struct event *ev, unsigned *ret_depth);

/* How far to indent any other event, by its process; 0 when not known. */
unsigned story_tree_depth(const struct story_tree *t, const struct event *ev);

#endif
