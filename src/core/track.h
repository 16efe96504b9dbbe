/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Track: what one source tells about one login, as it was read in the parts of
 * one log (or by the daemon): the audit session `ses`, the sshd process and
 * its client port, or the login record of a terminal. Events belong to a
 * track for good; which tracks make up one session is decided afterwards, by
 * join_tracks(), from all that is known of the host by then. So sources may
 * be imported in any order, and no stored event is rewritten.
 */
#ifndef CORE_TRACK_H
#define CORE_TRACK_H

#include "core/event.h"

enum track_kind {
	TRACK_AUDIT, /* kernel audit session: (host, boot epoch, ses) */
	TRACK_CONN,  /* sshd connection: (host, sshd pid, addr, port) */
	TRACK_LOGIN, /* utmp family record: (host, tty, pid, time) */
	TRACK_N_KINDS
};

/* What happened in a track or session; shown by `ls` as letters. */
/* `reason` of what no end is known of but that of the host's run. */
#define TRACK_RESTARTED STR("host restarted")

enum track_flag {
	TRACK_LOGGED_IN = 1 << 0, /* an accepted login was seen */
	TRACK_CLOSED = 1 << 1,	  /* its end was seen */
	TRACK_ROOT = 1 << 2,	  /* login as root, or a command run as root */
	TRACK_SUDO = 1 << 3,	  /* sudo, su or another change of identity */
	TRACK_TRANSFER = 1 << 4,  /* files were transferred */
	TRACK_FAILURE = 1 << 5,	  /* failed authentication within it */
	TRACK_GAP = 1 << 6,	  /* something was lost during it */
	TRACK_SSH = 1 << 7,	  /* by sshd: not cron, console or su */
	TRACK_TTY = 1 << 8,	  /* it had a terminal */
	TRACK_INFERRED = 1 << 9,  /* some fact in it is concluded, not read */
	TRACK_CONFLICT = 1 << 10, /* sources disagree, see `notes` */
	TRACK_BEGAN = 1 << 11,	  /* its beginning was seen */
	/* A recording that was imported: of a terminal, or of a part of what
	 * was done there. It tells neither begin nor end of the session. */
	TRACK_RECORDED = 1 << 12,
	TRACK_PREAUTH = 1 << 13, /* a fact of before any login was seen */
};

/*
 * Strings may be empty: not known. Numbers are -1 when not known. Strings
 * belong to whoever filled the struct.
 */
struct track {
	uint64_t id;	  /* never 0; from a keyed hash of what identifies it */
	uint64_t session; /* derived by join_tracks(): id of its first track */
	enum track_kind kind;
	unsigned flags;
	struct str host;
	struct str boot;
	int64_t start; /* microseconds; first fact seen */
	int64_t end;   /* end if CLOSED, else last fact seen */
	int64_t login; /* time of the accepted login, or -1 */
	int64_t ses, auid, pid, child_pid, port;
	int64_t n_exec, n_file, n_auth_fail, n_priv; /* 0: none seen */
	int64_t bytes_in, bytes_out; /* transferred to, from the host */
	struct str user, addr, method, key_type, fp, cert_id, tty;
	struct str origin; /* program that made the login: sshd, cron, login */
	struct str reason; /* how it ended, as TRACK_RESTARTED */
	struct str notes;  /* what is inferred or in conflict, a sentence */
};

/*
 * Whether all that is known of it is that somebody tried to log in: a host that
 * is attacked has millions of these. Parts of sessions are none.
 */
bool track_tried(const struct track *t);

/*
 * A session as people see it: the joined facts of its tracks, best source
 * first. `id` is the id of its first track; the ids of all its tracks find it.
 */
struct session {
	struct track sum;  /* counts added up, facts merged; sum.id is the id */
	struct str person; /* from identity map, certificate or key comment */
	size_t n_tracks;
};

/* A start of the host, or a point where audit serials began anew. */
struct boot {
	struct str host;
	struct str boot_id; /* may be empty */
	int64_t time;
};

/*
 * Add what ev, an event of this track, counts for: the numbers from n_exec to
 * bytes_out, and the flags that go with them.
 */
void track_count(struct track *t, const struct event *ev);

/*
 * Decide for all n tracks of ONE host which belong together, and set
 * tracks[].session. Pure: the result depends on the set of tracks and boots
 * only, not on their order. Rules and their sources: docs/sessions.md.
 * Returns 0 or -ENOMEM.
 */
int join_tracks(
    struct track *tracks, size_t n, const struct boot *boots, size_t n_boots);

/*
 * Merge tracks (all of one session, any order) into ret. Strings point into
 * the tracks or into `a`. Adds to notes where they disagree. -ENOMEM.
 */
int merge_tracks(
    struct session *ret, const struct track *tracks, size_t n, struct arena *a);

#endif
