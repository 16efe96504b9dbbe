/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index: everything derived from trails for fast answers. An engine is a
 * struct store_ops; the embedded one (SQLite catalogue and columnar blocks) is
 * store_embedded. Losing a store loses nothing: it is made again from trails.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "base/file_sink.h"
#include "store/query.h"

struct store;
struct store_cursor;

enum store_mode {
	STORE_READ,  /* must exist; never written */
	STORE_WRITE, /* made when new; one writer, the caller holds a lock */
};

struct store_stats {
	uint64_t events, sessions, hosts, blocks, bytes;
	/* Event times; 0 when empty. Import events, and gaps met in reading a
	 * log or in writing the trail, are of when that was: not counted. */
	int64_t oldest, newest;
};

/* Of a terminal, or of a command without one; strings live as long as the row.
 */
struct recording {
	struct str host;
	struct str chain; /* of its frames: recordings:CHAIN */
	uint64_t number;  /* its first frame there */
	uint64_t last;	  /* its last one; 0: not known, it has no end yet */
	uint64_t track, session;
	struct str tty, size; /* size at its begin, COLUMNSxROWS */
	struct str command;   /* its begin; empty: not known, a shell */
	struct str format;    /* of the file it was imported from, or empty */
	int64_t start, end;   /* microseconds; end -1: not seen */
	int64_t bytes, input; /* of output and input kept; 0 before its end */
	int64_t lost;	      /* bytes of output known to be missing */
	int64_t left_out;     /* bytes of output that were not to be kept */
	int64_t masked;	      /* times that what was typed was not to be kept */
	bool partial;	      /* it may not begin or end with the terminal */
	struct str sha256;    /* of its chunks; empty before its end */
};

struct recording_query {
	uint64_t session; /* 0: any */
	struct str host;  /* empty: any */
	bool open_only;	  /* without an end; none that was imported */
};

/* Of events as they come; a non-zero return stops. */
struct store_listener {
	int (*row)(void *ctx, const struct event *ev);
	/*
	 * All that is known was given; now and then, also when nothing came.
	 * Or, with `trouble`: the store is not reached, and tried again.
	 */
	int (*pause)(void *ctx, const char *trouble);
	void *ctx;
};

struct evidence_size {
	uint64_t events, recordings; /* that are in it */
	uint64_t missing; /* recordings that are told of, and not there */
};

struct store_ops {
	const char *name;
	/*
	 * `path` is a directory. -ENOENT: no store there (STORE_READ).
	 * -EPROTO: written by a newer version; err says what to do.
	 * -EBADMSG: damaged; reindex mends it.
	 */
	int (*open)(struct store **ret, const char *path, enum store_mode mode,
	    struct err *err);
	void (*close)(struct store *s);
	/*
	 * Remove what is in directory `path`, when another store has taken its
	 * place. Whoever reads it still is waited for, a second: -EBUSY,
	 * nothing is removed.
	 */
	int (*remove)(const char *path);

	/*
	 * Writing. What is added is seen by readers (and by questions to this
	 * very store), all or nothing, after commit; a crash before it leaves
	 * the state of the last commit. After a failure of any of these six
	 * all of them return the same error until the store is opened anew;
	 * then go on behind last_seq().
	 *
	 * An event whose seq is not above the last one of its chain at the
	 * last commit is ignored, so adding again after it is harmless. An
	 * event with F_AMENDS hides those of the same id, host and time, and
	 * what they add to the counts of their tracks. What an event teaches
	 * (ACCOUNT with op "identity": person of fp or cert_id; op "key":
	 * comment of fp; ACCOUNT or SESSION_OPEN with auid and user: the name
	 * of a uid) applies to all sessions, earlier ones too.
	 */
	int (*add)(struct store *s, const struct event *ev, struct err *err);
	int (*put_track)(
	    struct store *s, const struct track *t, struct err *err);
	int (*put_boot)(struct store *s, const struct boot *b, struct err *err);
	/* Keep data under a key, for get_note(); in place of what was there. */
	int (*put_note)(
	    struct store *s, struct str key, struct str data, struct err *err);
	/*
	 * Do now what commit has to do but the commit itself, which follows
	 * soon if nothing is added: for who waits for something else meanwhile.
	 */
	int (*prepare)(struct store *s, struct err *err);
	/*
	 * Joins the tracks of all hosts touched since the last commit,
	 * rewrites their sessions, and remembers for each chain the last
	 * sequence number added. -ENOSPC and the like leave the last commit.
	 */
	int (*commit)(struct store *s, struct err *err);
	/* Last sequence number of a chain committed; 0: none. */
	int (*last_seq)(
	    struct store *s, uint64_t chain, uint64_t *ret, struct err *err);
	/*
	 * Call fn with each chain of events and its last sequence number
	 * committed, in the order of chains. A non-zero return stops and is
	 * returned.
	 */
	int (*chains)(struct store *s,
	    int (*fn)(void *ctx, uint64_t chain, uint64_t last), void *ctx,
	    struct err *err);
	/*
	 * Append to ret what was put last under key, not committed too;
	 * nothing when none was.
	 */
	int (*get_note)(
	    struct store *s, struct str key, struct buf *ret, struct err *err);

	/*
	 * Asking. A cursor sees the store as it was when it was opened.
	 * Events come in the order of (time, chain, seq), sessions in that of
	 * (start, id). Events have F_LOGIN_USER when their session has one,
	 * and `session` when their track is known; both only where all fields
	 * or F_LOGIN_USER are wanted.
	 */
	int (*events)(struct store *s, const struct query *q,
	    struct store_cursor **ret, struct err *err);
	/* 1 and a row (valid until the next call), 0 at the end, or < 0. */
	int (*next_event)(
	    struct store_cursor *c, struct event *ret, struct err *err);
	int (*sessions)(struct store *s, const struct query *q,
	    struct store_cursor **ret, struct err *err);
	int (*next_session)(
	    struct store_cursor *c, struct session *ret, struct err *err);
	/* Position behind the last row, for query.cursor; printable ASCII. */
	int (*cursor_mark)(const struct store_cursor *c, struct buf *ret);
	void (*cursor_close)(struct store_cursor *c);
	/*
	 * Rows in descending order of n. `groups`: bit set of enum group_by.
	 * Limit, order and cursor of the query are ignored. Where only time,
	 * host and kind are asked for, whole UTC days cost next to nothing.
	 */
	int (*count)(struct store *s, const struct query *q, unsigned groups,
	    int (*row)(void *ctx, const struct group_row *r), void *ctx,
	    struct err *err);
	/*
	 * Session whose id (or a track's id) begins with the given hex digits;
	 * "last" is the newest SSH session, or, where there is none, the newest
	 * that was recorded. -ENOENT: none; -ENOTUNIQ: several.
	 */
	int (*find_session)(
	    struct store *s, struct str prefix, uint64_t *ret, struct err *err);
	/* Shortest length of prefix at which all session ids differ, >= 4. */
	int (*id_width)(struct store *s, unsigned *ret, struct err *err);
	int (*stats)(struct store *s, struct store_stats *ret, struct err *err);
	/*
	 * 0, or -ESTALE: the files that were opened are not in their place
	 * any more, and nobody would see what is written. Cheap: two stat(2).
	 */
	int (*guard)(struct store *s, struct err *err);
	/*
	 * Recordings in the order of their begin. A non-zero return of row
	 * stops and is returned.
	 */
	int (*recordings)(struct store *s, const struct recording_query *q,
	    int (*row)(void *ctx, const struct recording *r), void *ctx,
	    struct err *err);
	/*
	 * Give each event that can be found from now on, or, where the query
	 * has `since`, also those from then on: each once, whenever it became
	 * known. Limit, order and cursor of the query are ignored. 0 when the
	 * listener stopped it. May be NULL: who follows looks again and again.
	 */
	int (*follow)(struct store *s, const struct query *q,
	    const struct store_listener *listener, struct err *err);
	/*
	 * Hand on what the query finds with all that proves it, file for file;
	 * where nothing is found, no file. Whatever came before an error is
	 * not whole. May be NULL: it is made beside the trails
	 * (archive/bundle.h).
	 */
	int (*evidence)(struct store *s, const struct query *q,
	    const struct file_sink *to, struct evidence_size *ret,
	    struct err *err);
	/*
	 * Hand on the frames of a recording, which has these in struct
	 * recording, as one file: as they lie in its trail, one behind the
	 * other. -ENOENT: there is no such recording. May be NULL: they are
	 * read from the trails.
	 */
	int (*frames)(struct store *s, struct str chain, uint64_t number,
	    const struct file_sink *to, struct err *err);
	/*
	 * Hand on the moments (archive/moments.h) that fit, at most q->limit,
	 * behind q->cursor, which is a place of them: in the file "moments" as
	 * rows of archive/moment_json.h, a line each; in "notes", a line each,
	 * what was passed over; and "more", which is empty, where there may be
	 * more behind the last one. May be NULL: they are looked for here.
	 */
	int (*moments)(struct store *s, const struct query *q,
	    const struct file_sink *to, struct err *err);
};

struct store {
	const struct store_ops *ops;
};

extern const struct store_ops store_embedded;

#endif
