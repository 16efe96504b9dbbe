/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way of asking. All front ends fill a struct query; every store
 * answers it alike. Empty strings and zero counts mean "any".
 *
 * Of sessions the same is asked: they match when they overlap the time; host,
 * user, person and addr are the session's own; with any of kinds, exit, cmd,
 * path, text or key, an event of the session must match all of these (and
 * lie in the time).
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "core/track.h"

#define QUERY_VALUES_MAX 16

enum query_order { ORDER_OLDEST_FIRST, ORDER_NEWEST_FIRST };

/* What came to a chain in a while: numbers in (after, upto]. */
struct query_window {
	uint64_t chain, after, upto;
};

struct query {
	int64_t since, until; /* microseconds, [since, until); both mandatory:
				 INT64_MIN and INT64_MAX ask for all */
	struct str host[QUERY_VALUES_MAX];
	size_t n_host;
	struct str
	    user[QUERY_VALUES_MAX]; /* event's user, target or login user */
	size_t n_user;
	/* Only what belongs to sessions of these users: no event without a
	 * session, or that merely names one of them. */
	bool login_only;
	struct str person[QUERY_VALUES_MAX];
	size_t n_person;
	struct str addr[QUERY_VALUES_MAX]; /* address, or prefix "10.1." */
	size_t n_addr;
	uint64_t kinds;	  /* bit set of 1 << enum event_kind; 0: any */
	uint64_t session; /* id of a session or track; 0: any */
	bool has_exit;
	int64_t exit;	   /* exit status equals this ... */
	bool exit_nonzero; /* ... or is any but 0 */
	struct str cmd;	   /* substring of the command, ASCII case folded */
	struct str path;   /* substring of path or path2, folded */
	struct str text;   /* substring of any text of the event, folded */
	struct str key;	   /* audit rule key equals this */
	unsigned session_flags; /* sessions only: all of enum track_flag */
	bool ssh_only;		/* sessions only */
	bool open_only; /* sessions only: neither their end was seen, nor that
			   their host stopped or started since */
	enum query_order order;
	uint64_t limit;	   /* 0: none */
	struct str cursor; /* resume behind the row that gave this; or empty */
	/*
	 * Events only: those in one of these windows, sorted by chain; they
	 * must stay while the cursor is open. An event may become known long
	 * after its time: who wants each one once asks by windows, which follow
	 * one another without gaps, see store_ops.chains.
	 */
	const struct query_window *windows;
	size_t n_windows; /* 0: any */
	/*
	 * Fields wanted, as in struct event's `has`; all zero: all fields.
	 * Others may be absent in the answer. Saves reading their columns.
	 */
	uint64_t want[(EVENT_N_FIELDS + 63) / 64];
};

static inline void query_want(struct query *q, enum field f)
{
	q->want[f / 64] |= (uint64_t)1 << (f % 64);
}

enum group_by {
	GROUP_USER = 1, /* login user of the session, else the event's user */
	GROUP_DAY = 2,	/* UTC day */
	GROUP_HOST = 4,
	GROUP_KIND = 8,
	GROUP_ADDR = 16,
};

struct group_row {
	struct str user, host, addr;
	int64_t day; /* microseconds of its begin */
	int kind;
	uint64_t n;
};

#endif
