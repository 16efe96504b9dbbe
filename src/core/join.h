/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules share by which join_tracks() finds tracks that are one. */
#ifndef CORE_JOIN_H
#define CORE_JOIN_H

#include "core/track.h"

#define SECOND	   ((int64_t)1000000)
#define NEAR	   (5 * SECOND)
#define SLACK	   (2 * SECOND)	  /* logs with whole seconds, clock steps */
#define GRACE_TIME (125 * SECOND) /* sshd gives so long to log in */
#define CARRY_ON   (7 * 86400 * SECOND)
#define NEIGHBOURS 6

/* A group of tracks that were found to be one session. */
struct group {
	uint32_t parent;
	int64_t ses, epoch; /* -1: not known */
	uint64_t peer;	    /* 0: not known */
};

/* A track under one of the things it can be found by. */
struct ref {
	uint64_t key;
	int64_t time;
	uint32_t at;
};

struct pair {
	unsigned rank;
	int64_t apart;
	uint32_t a, b;
};

struct joiner {
	struct track **t; /* sorted */
	size_t n;
	const int64_t *boots;
	size_t n_boots;
	struct group *groups;
	struct ref *refs;
	size_t n_refs;
	struct pair *pairs;
	size_t n_pairs, cap_pairs;
};

static inline int cmp_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static inline int64_t distance(int64_t a, int64_t b)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d) || d == INT64_MIN)
		return INT64_MAX;
	return d < 0 ? -d : d;
}

static inline bool differ(struct str a, struct str b)
{
	return a.n && b.n && !str_eq(a, b);
}

static inline int64_t begin_of(const struct track *t)
{
	return t->login >= 0 ? t->login : t->start;
}

/* Whether the host was not restarted between a and b, as far as is known. */
bool join_same_boot(
    const struct joiner *j, const struct track *a, const struct track *b);

/*
 * For the track j->t[at], unless it is a recording or track_tried(): room is
 * for two of each.
 */
void join_add_ref(struct joiner *j, uint64_t key, int64_t time, size_t at);
/* By pid and by the pid of the child. */
void join_add_pid_refs(struct joiner *j);
/* By key and time. */
void join_sort_refs(struct joiner *j);
/* How many of the refs, sorted, lie before this key and time, or at them. */
size_t join_count_refs(const struct joiner *j, uint64_t key, int64_t time);

/* Which rule joins tracks a and b, which share a pid; 0: none. */
unsigned join_rank_pid(
    const struct joiner *j, const struct track *a, const struct track *b);

/* j->t[a] and j->t[b] may be one, the surer the lower the rank. -ENOMEM. */
int join_add_pair(struct joiner *j, unsigned rank, uint32_t a, uint32_t b);

/* Pairs of recordings and what they are of. -ENOMEM. */
int join_recordings(struct joiner *j);
/* Pairs of tracks that track_tried() and the sessions they became. -ENOMEM. */
int join_tried(struct joiner *j);

#endif
