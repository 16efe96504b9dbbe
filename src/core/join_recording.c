/* SPDX-License-Identifier: Apache-2.0 */
/* Which session a recording is of that was imported. */
#include "core/join.h"

#include <stdlib.h>

#include "base/hash.h"

/* One may begin at any time within what it is of. */
static bool fits_recording(
    const struct joiner *j, const struct track *rec, const struct track *other)
{
	if (differ(rec->user, other->user) || !join_same_boot(j, rec, other) ||
	    rec->start < begin_of(other) - SLACK)
		return false;
	return other->flags & TRACK_CLOSED
		   ? rec->start <= other->end + SLACK
		   : distance(rec->start, other->end) <= CARRY_ON;
}

/* How far it lies outside of it: of two that fit, one is the better. */
static int64_t misfit(const struct track *rec, const struct track *other)
{
	int64_t before = begin_of(other) - rec->start;
	int64_t behind =
	    other->flags & TRACK_CLOSED ? rec->end - other->end : 0;

	return (before > 0 ? before : 0) + (behind > 0 ? behind : 0);
}

static uint64_t ses_of(const struct track *t)
{
	return t->ses >= 0 ? (uint64_t)t->ses + 1 : 0;
}

static uint64_t tty_of(const struct track *t)
{
	return t->tty.n ? hash_bytes(t->tty) : 0;
}

/* Of the last that began before it, the one that fits best; else -1. */
static int64_t find_recorded(
    const struct joiner *j, const struct track *rec, uint64_t key)
{
	size_t at = join_count_refs(j, key, rec->start + SLACK);
	size_t least = at > NEIGHBOURS ? at - NEIGHBOURS : 0;
	int64_t best = -1;

	while (at-- > least && j->refs[at].key == key) {
		const struct track *other = j->t[j->refs[at].at];

		if (fits_recording(j, rec, other) &&
		    (best < 0 || misfit(rec, other) < misfit(rec, j->t[best])))
			best = j->refs[at].at;
	}
	return best;
}

static int pair_recordings(
    struct joiner *j, uint64_t key_of(const struct track *t), unsigned rank)
{
	int err = 0;

	for (size_t i = 0; i < j->n; i++)
		if (key_of(j->t[i]))
			join_add_ref(j, key_of(j->t[i]), begin_of(j->t[i]), i);
	join_sort_refs(j);
	for (size_t i = 0; i < j->n && !err; i++) {
		const struct track *t = j->t[i];
		int64_t other = -1;

		if (t->flags & TRACK_RECORDED && key_of(t))
			other = find_recorded(j, t, key_of(t));
		if (other >= 0)
			err = join_add_pair(
			    j, rank, (uint32_t)other, (uint32_t)i);
	}
	j->n_refs = 0;
	return err;
}

int join_recordings(struct joiner *j)
{
	int err = pair_recordings(j, ses_of, 1);

	return err ? err : pair_recordings(j, tty_of, 6);
}
