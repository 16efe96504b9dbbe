/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story/tree.h"

void story_tree_init(struct story_tree *t)
{
	*t = (struct story_tree){.depth = MAP_INIT};
	tree_init(&t->tree, STORY_NODES_MAX);
}

void story_tree_free(struct story_tree *t)
{
	tree_free(&t->tree);
	map_free(&t->depth);
}

int story_tree_note(struct story_tree *t, const struct event *ev)
{
	return tree_add(&t->tree, ev, 0);
}

int story_tree_finish(struct story_tree *t)
{
	return tree_finish(&t->tree);
}

/*
 * Nodes lie in the order in which events are told, but of those a filter may
 * leave out some, and of too many some have no node.
 */
static const struct tree_node *next_node(
    struct story_tree *t, const struct event *ev)
{
	int64_t ppid = event_int(ev, F_PPID, -1);
	size_t i = t->at;

	while (i < t->tree.n && (t->tree.nodes[i].start < ev->time ||
				    (t->tree.nodes[i].start == ev->time &&
					t->tree.nodes[i].ppid != ppid)))
		i++;
	if (i == t->tree.n || t->tree.nodes[i].start != ev->time)
		return NULL;
	t->at = i + 1;
	return &t->tree.nodes[i];
}

const struct tree_node *story_tree_exec(
    struct story_tree *t, const struct event *ev, unsigned *ret_depth)
{
	const struct tree_node *node = next_node(t, ev);
	uint64_t *depth;

	*ret_depth = 0;
	if (!node)
		return NULL;
	*ret_depth =
	    node->depth < STORY_DEPTH_MAX ? node->depth : STORY_DEPTH_MAX;
	if (event_has(ev, F_PID)) {
		depth = map_put(&t->depth, (uint64_t)ev->v[F_PID].i);
		if (depth)
			*depth = *ret_depth;
	}
	return node;
}

unsigned story_tree_depth(const struct story_tree *t, const struct event *ev)
{
	uint64_t *depth;

	if (!event_has(ev, F_PID))
		return 0;
	depth = map_get(&t->depth, (uint64_t)ev->v[F_PID].i);
	return depth ? (unsigned)*depth + 1 : 0;
}
