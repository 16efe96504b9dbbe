/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tracks of a host are one session. Tracks that share something (a pid,
 * a client port, a ses, a terminal) are sorted by it and by time; only
 * neighbours are compared, so hostile input cannot make it quadratic. Pairs
 * that fit are joined, the surest first, unless the facts of the two groups
 * exclude each other. The rules and their reasons: docs/sessions.md.
 */
#include "core/join.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "core/reach.h"

static int cmp_track(const void *va, const void *vb)
{
	const struct track *a = *(struct track *const *)va;
	const struct track *b = *(struct track *const *)vb;
	/* A recording names a session only where nothing else does. */
	int r = cmp_i64(a->flags & TRACK_RECORDED, b->flags & TRACK_RECORDED);

	if (!r)
		r = cmp_i64(a->start, b->start);
	if (!r)
		r = cmp_i64(a->kind, b->kind);
	return r ? r : (a->id > b->id) - (a->id < b->id);
}

static int cmp_ref(const void *va, const void *vb)
{
	const struct ref *a = va, *b = vb;
	int r = (a->key > b->key) - (a->key < b->key);

	if (!r)
		r = cmp_i64(a->time, b->time);
	return r ? r : (a->at > b->at) - (a->at < b->at);
}

static int cmp_pair(const void *va, const void *vb)
{
	const struct pair *a = va, *b = vb;
	int r = (a->rank > b->rank) - (a->rank < b->rank);

	if (!r)
		r = cmp_i64(a->apart, b->apart);
	if (!r)
		r = (a->a > b->a) - (a->a < b->a);
	return r ? r : (a->b > b->b) - (a->b < b->b);
}

static int cmp_time(const void *a, const void *b)
{
	return cmp_i64(*(const int64_t *)a, *(const int64_t *)b);
}

static uint64_t peer_of(const struct track *t)
{
	uint64_t h;

	if (!t->addr.n || t->port < 0)
		return 0;
	h = hash_u64(hash_bytes(t->addr) ^ hash_u64((uint64_t)t->port));
	return h ? h : 1;
}

/* How many boots lie at or before t. */
static size_t epoch_of(const struct joiner *j, int64_t t)
{
	size_t low = 0, high = j->n_boots;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (j->boots[mid] <= t)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool join_same_boot(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	if (a->boot.n && b->boot.n)
		return str_eq(a->boot, b->boot);
	return epoch_of(j, a->start) == epoch_of(j, b->start);
}

/* The later of two parts goes on where the earlier one stops. */
static bool carries_on(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	return !(a->flags & TRACK_CLOSED) && !(b->flags & TRACK_BEGAN) &&
	       join_same_boot(j, a, b) &&
	       distance(b->start, a->end) <= CARRY_ON;
}

static bool overlap(const struct track *a, const struct track *b)
{
	return b->start <= a->end || b->start - a->end <= SLACK;
}

/* Two parts of one audit session; a is not later than b. */
static bool fits_ses(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	if (!join_same_boot(j, a, b) || differ(a->user, b->user) ||
	    (a->auid >= 0 && b->auid >= 0 && a->auid != b->auid))
		return false;
	/*
	 * LOGIN is the first record of a ses, and its end the last; but to
	 * programs in the kernel it shows late, see fits_slow_login().
	 */
	if (b->flags & TRACK_BEGAN && b->start - a->start > NEAR)
		return a->pid > 0 && a->pid == b->pid &&
		       b->start <= a->end + NEAR;
	return true;
}

static bool fits_told_ses(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	return join_same_boot(j, a, b) && !differ(a->user, b->user) &&
	       a->start <= b->end + NEAR && b->start <= a->end + NEAR;
}

/* Two accounts of one sshd connection, by port or by pid. */
static bool fits_conn(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	const unsigned both = a->flags & b->flags;

	if (differ(a->addr, b->addr) && a->port >= 0 && b->port >= 0)
		return false;
	if (a->port >= 0 && b->port >= 0 && a->port != b->port)
		return false;
	if (a->login >= 0 && b->login >= 0 &&
	    (distance(a->login, b->login) > SLACK || differ(a->user, b->user)))
		return false;
	if (both & TRACK_BEGAN && a->login < 0 && b->login < 0 &&
	    distance(a->start, b->start) > SLACK)
		return false;
	return overlap(a, b) || carries_on(j, a, b);
}

/*
 * Programs in the kernel see a session begin with the first that it does: when
 * PAM, which may start a service and wait for it, has opened it. They know the
 * connection too.
 */
static bool fits_slow_login(
    const struct joiner *j, const struct track *audit, const struct track *conn)
{
	int64_t at = begin_of(audit);

	return peer_of(audit) && peer_of(audit) == peer_of(conn) &&
	       join_same_boot(j, audit, conn) && at >= conn->login - NEAR &&
	       (!(conn->flags & TRACK_CLOSED) || at <= conn->end + NEAR);
}

/* sshd's monitor is the process that the kernel saw log in. */
static bool fits_login_pid(
    const struct joiner *j, const struct track *audit, const struct track *conn)
{
	int64_t at = begin_of(audit);

	if (differ(audit->addr, conn->addr))
		return false;
	if (audit->flags & TRACK_BEGAN && conn->login >= 0)
		return distance(at, conn->login) <= NEAR ||
		       fits_slow_login(j, audit, conn);
	if (differ(audit->user, conn->user) && conn->login >= 0)
		return false;
	if (audit->flags & TRACK_BEGAN)
		return at >= conn->start - NEAR &&
		       at <= (conn->flags & TRACK_BEGAN
				     ? conn->start + GRACE_TIME
				     : conn->end + NEAR);
	/* A rotated log may lack the LOGIN; then the ends must agree. */
	if (audit->flags & conn->flags & TRACK_CLOSED)
		return distance(audit->end, conn->end) <= NEAR;
	return audit->start >= conn->start - NEAR &&
	       !(conn->flags & TRACK_CLOSED && audit->start > conn->end + NEAR);
}

/* A terminal may be opened at any time while a connection lasts. */
static bool fits_child(const struct track *login, const struct track *other)
{
	/* The same process at the same time: if names differ, say so. */
	if (differ(login->user, other->user))
		return distance(login->start, begin_of(other)) <= NEAR;
	return login->start >= other->start - SLACK &&
	       (!(other->flags & TRACK_CLOSED) ||
		   login->start <= other->end + SLACK) &&
	       distance(login->start, other->start) <= CARRY_ON;
}

static bool fits_terminal(const struct track *login, const struct track *other)
{
	return !differ(login->user, other->user) &&
	       !differ(login->addr, other->addr) && login->user.n &&
	       other->user.n && distance(login->start, begin_of(other)) <= NEAR;
}

/* Two accounts of a login record; or its begin, a, and its end, b. */
static bool fits_login(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	if (!str_eq(a->tty, b->tty))
		return false;
	return distance(a->start, b->start) <= SLACK || carries_on(j, a, b);
}

/*
 * A part cut off from its beginning may know the connection only by the pid of
 * the process that serves the user.
 */
static bool same_sshd(const struct track *a, const struct track *b)
{
	return a->pid == b->pid || (a->port < 0 && a->pid == b->child_pid) ||
	       (b->port < 0 && b->pid == a->child_pid);
}

unsigned join_rank_pid(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	const struct track *x = a->kind <= b->kind ? a : b;
	const struct track *y = x == a ? b : a;

	if (x->kind == TRACK_AUDIT && y->kind == TRACK_CONN)
		return fits_login_pid(j, x, y) ? 2 : 0;
	if (x->kind == TRACK_CONN && y->kind == TRACK_CONN)
		return same_sshd(a, b) && fits_conn(j, a, b) ? 3 : 0;
	if (x->kind == TRACK_LOGIN)
		return fits_login(j, a, b) ? 3 : 0;
	if (y->kind == TRACK_LOGIN && y->pid >= 0 &&
	    (y->pid == x->child_pid || y->pid == x->pid))
		return fits_child(y, x) ? 4 : 0;
	return 0;
}

static unsigned rank_ses(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	if (a->kind == TRACK_AUDIT && b->kind == TRACK_AUDIT)
		return fits_ses(j, a, b) ? 1 : 0;
	return fits_told_ses(j, a, b) ? 1 : 0;
}

static unsigned rank_peer(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	return fits_conn(j, a, b) ? 1 : 0;
}

static unsigned rank_terminal(
    const struct joiner *j, const struct track *a, const struct track *b)
{
	if ((a->kind == TRACK_LOGIN) == (b->kind == TRACK_LOGIN))
		return 0;
	return fits_terminal(a->kind == TRACK_LOGIN ? a : b,
		   a->kind == TRACK_LOGIN ? b : a)
		   ? 5
		   : 0;
}

/* Recordings, and what was only tried, have rules of their own. */
void join_add_ref(struct joiner *j, uint64_t key, int64_t time, size_t at)
{
	if (!(j->t[at]->flags & TRACK_RECORDED) && !track_tried(j->t[at]))
		j->refs[j->n_refs++] = (struct ref){key, time, (uint32_t)at};
}

void join_add_pid_refs(struct joiner *j)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct track *t = j->t[i];

		if (t->pid > 0)
			join_add_ref(j, (uint64_t)t->pid, begin_of(t), i);
		if (t->child_pid > 0 && t->child_pid != t->pid)
			join_add_ref(j, (uint64_t)t->child_pid, begin_of(t), i);
	}
}

void join_sort_refs(struct joiner *j)
{
	qsort(j->refs, j->n_refs, sizeof *j->refs, cmp_ref);
}

size_t join_count_refs(const struct joiner *j, uint64_t key, int64_t time)
{
	const struct ref at = {key, time, UINT32_MAX};
	size_t low = 0, high = j->n_refs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cmp_ref(&j->refs[mid], &at) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int join_add_pair(struct joiner *j, unsigned rank, uint32_t a, uint32_t b)
{
	if (array_grow(&j->pairs, j->n_pairs, &j->cap_pairs, sizeof *j->pairs) <
	    0)
		return -ENOMEM;
	j->pairs[j->n_pairs++] = (struct pair){
	    rank, distance(begin_of(j->t[a]), begin_of(j->t[b])), a, b};
	return 0;
}

bool track_in_reach(const struct track *a, const struct track *b)
{
	const bool open = !(a->flags & TRACK_CLOSED);
	int64_t reach = open ? TRACK_REACH_OPEN : TRACK_REACH_CLOSED;

	if (b->flags & TRACK_BEGAN && !(open && b->kind == TRACK_LOGIN))
		reach = TRACK_REACH_BEGAN;
	return b->start <= a->end || distance(b->start, a->end) <= reach;
}

typedef unsigned rank_fn(
    const struct joiner *j, const struct track *a, const struct track *b);

/* Compares each track with the next few under the same key. */
static int find_pairs(struct joiner *j, rank_fn *rank)
{
	join_sort_refs(j);
	for (size_t i = 0; i < j->n_refs; i++) {
		for (size_t k = i + 1; k < j->n_refs && k <= i + NEIGHBOURS &&
				       j->refs[k].key == j->refs[i].key;
		     k++) {
			uint32_t a = j->refs[i].at, b = j->refs[k].at;
			unsigned r;

			if (a == b)
				continue;
			if (a > b) {
				uint32_t swap = a;

				a = b;
				b = swap;
			}
			r = track_in_reach(j->t[a], j->t[b])
				? rank(j, j->t[a], j->t[b])
				: 0;
			if (r && join_add_pair(j, r, a, b))
				return -ENOMEM;
		}
	}
	j->n_refs = 0;
	return 0;
}

static int pairs_by_ses(struct joiner *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->t[i]->ses >= 0)
			join_add_ref(
			    j, (uint64_t)j->t[i]->ses, j->t[i]->start, i);
	return find_pairs(j, rank_ses);
}

static int pairs_by_peer(struct joiner *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (peer_of(j->t[i]))
			join_add_ref(j, peer_of(j->t[i]), j->t[i]->start, i);
	return find_pairs(j, rank_peer);
}

static int pairs_by_pid(struct joiner *j)
{
	join_add_pid_refs(j);
	return find_pairs(j, join_rank_pid);
}

/* Once more by their ends, for the parts that lack the begin. */
static int pairs_by_end(struct joiner *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->t[i]->pid > 0 && j->t[i]->flags & TRACK_CLOSED)
			join_add_ref(
			    j, (uint64_t)j->t[i]->pid, j->t[i]->end, i);
	return find_pairs(j, join_rank_pid);
}

static int pairs_by_terminal(struct joiner *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->t[i]->tty.n)
			join_add_ref(
			    j, hash_bytes(j->t[i]->tty), begin_of(j->t[i]), i);
	return find_pairs(j, rank_terminal);
}

static uint32_t find_root(struct group *g, uint32_t i)
{
	while (g[i].parent != i) {
		g[i].parent = g[g[i].parent].parent;
		i = g[i].parent;
	}
	return i;
}

static void join_pair(struct joiner *j, const struct pair *p)
{
	uint32_t a = find_root(j->groups, p->a), b = find_root(j->groups, p->b);
	struct group *x, *y;

	if (a == b)
		return;
	x = &j->groups[a < b ? a : b];
	y = &j->groups[a < b ? b : a];
	if ((x->peer && y->peer && x->peer != y->peer) ||
	    (x->ses >= 0 && y->ses >= 0 &&
		(x->ses != y->ses || x->epoch != y->epoch)))
		return;
	/* The first track is the root: it gives the session its id. */
	y->parent = a < b ? a : b;
	if (!x->peer)
		x->peer = y->peer;
	if (x->ses < 0) {
		x->ses = y->ses;
		x->epoch = y->epoch;
	}
}

static int find_all_pairs(struct joiner *j)
{
	static int (*const by[])(struct joiner *) = {pairs_by_ses,
	    pairs_by_peer, pairs_by_pid, pairs_by_end, pairs_by_terminal,
	    join_tried, join_recordings};
	int err = 0;

	for (size_t i = 0; i < sizeof by / sizeof *by && !err; i++)
		err = by[i](j);
	return err;
}

static void make_groups(struct joiner *j, struct track *tracks)
{
	for (size_t i = 0; i < j->n; i++)
		j->t[i] = &tracks[i];
	qsort(j->t, j->n, sizeof *j->t, cmp_track);
	for (size_t i = 0; i < j->n; i++) {
		const struct track *t = j->t[i];

		j->groups[i] = (struct group){(uint32_t)i, t->ses,
		    (int64_t)epoch_of(j, t->start), peer_of(t)};
	}
}

static void join_pairs(struct joiner *j)
{
	if (j->n_pairs)
		qsort(j->pairs, j->n_pairs, sizeof *j->pairs, cmp_pair);
	for (size_t i = 0; i < j->n_pairs; i++)
		join_pair(j, &j->pairs[i]);
	for (size_t i = 0; i < j->n; i++)
		j->t[i]->session = j->t[find_root(j->groups, (uint32_t)i)]->id;
}

int join_tracks(
    struct track *tracks, size_t n, const struct boot *boots, size_t n_boots)
{
	int64_t *times = calloc(n_boots + 1, sizeof *times);
	struct joiner j = {.n = n, .boots = times, .n_boots = n_boots};
	int err = -ENOMEM;

	j.t = calloc(n + 1, sizeof(struct track *));
	j.groups = calloc(n + 1, sizeof *j.groups);
	j.refs = calloc(2 * n + 1, sizeof *j.refs);
	if (n < UINT32_MAX && times && j.t && j.groups && j.refs) {
		for (size_t i = 0; i < n_boots; i++)
			times[i] = boots[i].time;
		qsort(times, n_boots, sizeof *times, cmp_time);
		make_groups(&j, tracks);
		err = find_all_pairs(&j);
		if (!err)
			join_pairs(&j);
	}
	free(times);
	free(j.t);
	free(j.groups);
	free(j.refs);
	free(j.pairs);
	return err;
}
