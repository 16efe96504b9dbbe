/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The correlator's memory of one log: hosts, for each the tracks that events
 * may still belong to, and an index from what identifies a track to the track.
 * Inner header of correlate.h.
 */
#ifndef CORE_LIVE_H
#define CORE_LIVE_H

#include "base/map.h"
#include "core/correlate.h"
#include "core/procs.h"

/* Bounds for hostile input; per host and kind of track. */
#define LIVE_MAX      8192
#define LIVE_HOST_MAX 65536
/* A closed track takes late lines of its processes for so long. */
#define LIVE_LATE     (10 * (int64_t)1000000)
/* A closed track is forgotten so long after its last event. */
#define LIVE_FORGET   (3600 * (int64_t)1000000)

/* What a track is found by. Exact: the value itself; hashed: 63 bits. */
enum index_role {
	INDEX_SES,	 /* audit session */
	INDEX_PID,	 /* sshd process, its child, sudo and sftp under it */
	INDEX_LOGIN_PID, /* process of a utmp record */
	INDEX_PEER,	 /* client address and port; hashed */
	INDEX_TTY,	 /* terminal of a connection; hashed */
	INDEX_LOGIN_TTY, /* terminal of a utmp record; hashed */
	INDEX_TOLD_SES,	 /* audit session as the journal tells it of sshd */
	INDEX_USER,	 /* newest open connection of a user; hashed */
	INDEX_RECORDING, /* imported recording, by its chain; hashed */
};

#define LIVE_KEYS  12 /* the oldest gives way */
#define LIVE_TEXTS 11

struct live_host;

struct live {
	struct track t;
	struct live_host *host;
	struct live *newer, *older;	      /* of host and kind, by use */
	struct live *user_newer, *user_older; /* open, of the same user */
	struct live *next_dirty;
	uint64_t user_key;    /* of the user's list; 0: in none */
	uint64_t user_number; /* ascending in such a list; 0: in none */
	uint64_t keys[LIVE_KEYS];
	unsigned n_keys; /* from LIVE_KEYS on: which one goes next, too */
	int64_t touched; /* time of its last event */
	int64_t sftp;	 /* time of its last sftp channel, or -1 */
	int64_t opened;	 /* when PAM said that the session is open, or -1 */
	bool dirty;	 /* in the list for correlator_drain() */
	bool dead;	 /* no event can come to it any more */
	bool verbose;	 /* sshd writes a line for each failed attempt */
};

struct live_list {
	struct live *newest, *oldest;
	size_t n;
};

struct live_host {
	struct str name;
	bool audit;    /* of the kernel's audit, or of all others */
	uint64_t part; /* of the log, that its last event was in; 0: none yet */
	int64_t begun; /* first event of the part that began last */
	int64_t told;  /* last event */
	bool changed;  /* since it was saved */
	struct map index; /* key: struct live pointer */
	uint64_t n_user;  /* last user_number */
	struct live_list list[TRACK_N_KINDS];
	struct procs procs;
	struct str boot[TRACK_N_KINDS]; /* boot id the stream is in */
	int64_t booted;	     /* time of the last boot seen by audit, or -1 */
	bool login_since;    /* a login was recorded since then */
	bool agent_started;  /* the next audit serial tells of a boot */
	int64_t serial, ses; /* last seen, or -1 */
};

struct correlator {
	uint8_t key[16];
	struct correlate_memory memory; /* functions may be NULL */
	struct buf log;
	uint64_t part;
	bool goes_on; /* the part, where the one before stopped */
	bool disordered;
	struct intern names; /* of hosts, marked; number: index of hosts */
	struct live_host **hosts;
	size_t n_hosts;
	struct live_host *last; /* host of the last event */
	struct live *dirty, **dirty_end;
	struct boot *boots; /* to hand out */
	size_t n_boots, cap_boots;
	struct arena boot_text;
	struct buf text; /* of F_INFERRED in the last event */
};

/*
 * As it was saved when not known yet. 0 and *ret NULL when there are too many
 * hosts. What audit tells of a host is kept apart: its pids must not find what
 * sshd's own lines made, where a text log holds both.
 */
int live_host_get(
    struct correlator *c, struct str name, bool audit, struct live_host **ret);

/* Keys are the same in all processes: they are saved. */
uint64_t index_key(enum index_role role, uint64_t value);
uint64_t index_key_str(const struct correlator *c, enum index_role role,
    struct str s, int64_t number);
struct live *live_find(const struct live_host *h, uint64_t key);
int live_index(struct live *l, uint64_t key);

/* Pid as an index takes it, -1 for what cannot be one. */
static inline int64_t pid_of(const struct event *ev, enum field f)
{
	int64_t pid = event_int(ev, f, -1);

	return pid > 0 && pid <= INT32_MAX ? pid : -1;
}

/* The newest of its list, all else still empty; NULL: no memory. */
struct live *live_add(struct live_host *h, enum track_kind kind);
/* The strings of a track by number, below LIVE_TEXTS; the live's own. */
struct str *live_text(struct live *l, size_t i);
/*
 * A new track that begins with ev. `identity` with host, kind, source and
 * time makes its id. -ENOMEM.
 */
int live_new(struct correlator *c, struct live_host *h, enum track_kind kind,
    const struct event *ev, struct str identity, struct live **ret);
/* No event comes to it any more; it is handed out by the next drain. */
void live_kill(struct correlator *c, struct live *l);
void live_kill_all(
    struct correlator *c, struct live_host *h, enum track_kind kind);
/*
 * The host was restarted: end what is open, at `time` or, with -1, at the last
 * fact known of it.
 */
int live_end_all(struct correlator *c, struct live_host *h,
    enum track_kind kind, int64_t time);
/* The boot id that a stream is in. */
int live_set_boot(struct live_host *h, enum track_kind kind, struct str id);
/* Mark as changed by an event of time t. */
void live_touch(struct correlator *c, struct live *l, int64_t t);
void live_change(struct correlator *c, struct live *l);
/* Put into, or take out of, the list of open connections of its user. */
int live_user_open(struct correlator *c, struct live *l);
void live_user_close(struct live *l);

/*
 * Set one string of the track, cut at a bound; an empty one sets nothing.
 * `dst` is a member of l->t.
 */
int live_set(struct live *l, struct str *dst, struct str s);
/* Add a sentence to the notes, once. */
int live_note(struct live *l, struct str note);
/* Say in ev that its track is concluded, and from what. */
int live_inferred(
    struct correlator *c, struct event *ev, struct live *l, struct str why);

int live_add_boot(
    struct correlator *c, struct live_host *h, struct str id, int64_t time);
/* What was known of the host has nothing to do with what comes. */
void live_forget(struct correlator *c, struct live_host *h);
/* All hosts; what was not handed out is lost. */
void live_free_all(struct correlator *c);

/* What it is saved under, in c->text. -ENOMEM. */
int live_host_key(
    struct correlator *c, const struct live_host *h, struct str *ret);
/* live_state.c: a host as bytes; the sticky error of `b` tells of failure. */
void live_host_put(struct live_host *h, struct buf *b);
/* Into a new host. -EBADMSG, -ENOMEM. */
int live_host_read(struct correlator *c, struct live_host *h, struct str data);

/*
 * The streams, one for each kind of track; *ret stays NULL without a track.
 * They return what correlate() does.
 */
int audit_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret);
int conn_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret);
int login_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret);
/* Of a recording that was imported: a track of its own. */
int recording_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret);
/* A connection for an sshd event, as conn_event(), whatever its source. */
int conn_sshd(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret);

/* Add what ev says to the facts of its track. */
int facts_add(struct live *l, const struct event *ev);
/* A session that was under way when its host was first looked at. */
bool facts_found(const struct event *ev);
/* The program behind ev is sshd or one of its parts. */
bool facts_sshd(const struct event *ev);
/* Name of the program that wrote or sent ev: ident, else exe, else comm. */
struct str facts_program(const struct event *ev);
/* The terminal of ev as logins name it ("pts/0"), empty when it has none. */
struct str facts_tty(const struct event *ev, char mem[static 40]);
int facts_close(struct live *l, int64_t time, struct str reason);

#endif
