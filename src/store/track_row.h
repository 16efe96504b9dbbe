/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks as rows of the catalogue. */
#ifndef STORE_TRACK_ROW_H
#define STORE_TRACK_ROW_H

#include "store/catalogue.h"

#define TRACK_COLUMNS                                                          \
	"id, session, kind, flags, start, stop, login_time, ses, auid, pid, "  \
	"child_pid, port, n_exec, n_file, n_auth_fail, n_priv, bytes_in, "     \
	"bytes_out, login, dirty, boot, user, addr, method, key_type, fp, "    \
	"cert_id, tty, origin, reason, notes"

enum track_dirty {
	TRACK_SETTLED = 0,
	TRACK_CHANGED = 1, /* since it was joined */
	TRACK_NEW = 2,	   /* never joined: in no other's session */
};

struct track_row {
	struct track t;
	uint64_t old_session; /* as stored */
	int64_t login;	      /* name that its events are counted under */
	enum track_dirty dirty;
};

/* Whether it can be part of a session. */
enum track_joins {
	TRACK_ALONE = 0, /* no: a connection that ended without login */
	TRACK_JOINS = 1,
	/* Of one that it shares something with, and not with one another: */
	TRACK_TRIED = 2, /* as track_tried() */
	TRACK_TAPED = 3, /* a recording that was imported */
};
enum track_joins track_joins(const struct track *t);

/* Insert, or replace what is known; session and login of an old row stay. */
int track_row_put(
    struct sql *s, int64_t host, const struct track *t, struct err *err);

/* What one event adds to the counts of its track. */
#define TRACK_N_COUNTS 6
struct track_share {
	uint64_t track; /* 0: none */
	int64_t n[TRACK_N_COUNTS];
};
void track_share_of(struct track_share *ret, const struct event *ev);
/*
 * Once for each event that is hidden: no longer count it. This stays when the
 * track, which goes on counting it, is put again; in any order.
 */
int track_row_uncount(
    struct sql *s, const struct track_share *share, struct err *err);

/*
 * From a statement that selects TRACK_COLUMNS; strings lie in `a`. The counts
 * are those of the track: with hidden events. -ENOMEM.
 */
int track_row_read(
    sqlite3_stmt *st, struct str host, struct track_row *ret, struct arena *a);

/*
 * All tracks of a session, in the order of their ids and counted without hidden
 * events, appended to *rows (grown with realloc()).
 */
struct track_rows {
	struct track_row *v;
	size_t n, cap;
};
struct track_row *track_rows_add(struct track_rows *rows);
/* Room for n in all, so that adding them copies nothing. -ENOMEM. */
int track_rows_reserve(struct track_rows *rows, size_t n);
int track_rows_of_session(struct sql *s, uint64_t session, struct str host,
    struct track_rows *rows, struct arena *a, struct err *err);

#endif
