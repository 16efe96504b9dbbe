/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which session came of attempts to log in that another source tells of. Each
 * is compared with sessions only, and these are joined without regard to it:
 * so of millions of attempts only those near to a session and of the same pid
 * need to be looked at together, whatever else was tried.
 */
#include "core/join.h"

#include "core/reach.h"

bool track_tried(const struct track *t)
{
	const bool before = t->flags & (TRACK_BEGAN | TRACK_PREAUTH) ||
			    t->n_auth_fail > 0 || !t->user.n;
	const bool behind = t->child_pid >= 0 || t->ses >= 0 || t->tty.n > 0 ||
			    t->n_exec > 0 || t->n_file > 0 || t->n_priv > 0;

	return t->kind == TRACK_CONN && !(t->flags & TRACK_LOGGED_IN) &&
	       before && !behind;
}

static bool in_reach(const struct track *tried, const struct track *other)
{
	if (other->start > tried->end)
		return distance(other->start, tried->end) <= TRACK_REACH_TRIED;
	return tried->start <= other->end ||
	       distance(tried->start, other->end) <= TRACK_REACH_TRIED;
}

static int pair_tried(struct joiner *j, uint32_t at)
{
	const struct track *t = j->t[at];
	size_t i = join_count_refs(j, (uint64_t)t->pid, t->start);
	size_t end = i + NEIGHBOURS;
	int err = 0;

	for (i = i > NEIGHBOURS ? i - NEIGHBOURS : 0;
	     i < j->n_refs && i < end && !err; i++) {
		const uint32_t other = j->refs[i].at;
		unsigned rank;

		if (j->refs[i].key != (uint64_t)t->pid ||
		    !in_reach(t, j->t[other]))
			continue;
		rank = at < other ? join_rank_pid(j, t, j->t[other])
				  : join_rank_pid(j, j->t[other], t);
		if (rank)
			err = join_add_pair(j, rank, at < other ? at : other,
			    at < other ? other : at);
	}
	return err;
}

int join_tried(struct joiner *j)
{
	int err = 0;

	join_add_pid_refs(j);
	join_sort_refs(j);
	for (size_t i = 0; i < j->n && !err; i++)
		if (j->t[i]->pid > 0 && track_tried(j->t[i]))
			err = pair_tried(j, (uint32_t)i);
	j->n_refs = 0;
	return err;
}
