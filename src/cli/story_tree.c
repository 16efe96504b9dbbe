/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story_tree.h"

#include <errno.h>

void story_tree_free(struct story_tree *t)
{
	map_free(&t->first_end);
	map_free(&t->last_end);
	map_free(&t->depth);
	buf_free(&t->ends);
}

static struct story_end *end_at(const struct story_tree *t, uint64_t number)
{
	return (struct story_end *)(void *)t->ends.p + (number - 1);
}

/* Exit code or signal of an exit event; false when it says neither. */
static bool read_end(const struct event *ev, struct story_end *ret)
{
	*ret = (struct story_end){.time = ev->time};
	ret->by_signal = event_has(ev, F_SIGNAL);
	if (!ret->by_signal && !event_has(ev, F_EXIT))
		return false;
	ret->code = ev->v[ret->by_signal ? F_SIGNAL : F_EXIT].i;
	return true;
}

int story_tree_note(struct story_tree *t, const struct event *ev)
{
	size_t n = t->ends.n / sizeof(struct story_end);
	uint64_t pid, *first, *last;
	struct story_end end;

	if (ev->kind != EVENT_EXIT || !event_has(ev, F_PID) ||
	    n >= STORY_ENDS_MAX || !read_end(ev, &end))
		return 0;
	pid = (uint64_t)ev->v[F_PID].i;
	buf_add(&t->ends, &end, sizeof end);
	first = map_put(&t->first_end, pid);
	last = map_put(&t->last_end, pid);
	if (buf_error(&t->ends) || !first || !last)
		return -ENOMEM;
	if (*last)
		end_at(t, *last)->next = (uint32_t)n + 1;
	if (!*first)
		*first = n + 1;
	*last = n + 1;
	return 0;
}

unsigned story_tree_exec(struct story_tree *t, const struct event *ev)
{
	uint64_t *parent = NULL, *own, depth;

	if (event_has(ev, F_PPID))
		parent = map_get(&t->depth, (uint64_t)ev->v[F_PPID].i);
	depth = parent && *parent < STORY_DEPTH_MAX ? *parent + 1
		: parent			    ? *parent
						    : 0;
	if (event_has(ev, F_PID)) {
		own = map_put(&t->depth, (uint64_t)ev->v[F_PID].i);
		if (own)
			*own = depth;
	}
	return (unsigned)depth;
}

unsigned story_tree_depth(const struct story_tree *t, const struct event *ev)
{
	uint64_t *depth;

	if (!event_has(ev, F_PID))
		return 0;
	depth = map_get(&t->depth, (uint64_t)ev->v[F_PID].i);
	return depth ? (unsigned)*depth + 1 : 0;
}

const struct story_end *story_tree_end(
    const struct story_tree *t, const struct event *ev)
{
	uint64_t *first, number;

	if (!event_has(ev, F_PID))
		return NULL;
	first = map_get(&t->first_end, (uint64_t)ev->v[F_PID].i);
	for (number = first ? *first : 0; number;
	     number = end_at(t, number)->next)
		if (end_at(t, number)->time >= ev->time)
			return end_at(t, number);
	return NULL;
}
