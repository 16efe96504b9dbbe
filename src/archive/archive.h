/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store directory as the user sees it (`--store DIR`): keys, trails and
 * index together.
 *
 *   DIR/format              "sshtrail store 1"
 *   DIR/lock                see archive/lock.h
 *   DIR/keys/               host.key, host.pub, id.key
 *   DIR/trail/CHAIN/        segments and checkpoint, see trail/trail.h
 *   DIR/index/              see store/store.h
 *   DIR/screens/CHAIN/N     see archive/screens.h
 *   DIR/reserve             room for a full disk, of sshtraild
 *   DIR/hub/                of sshtrail-hub, see hub/place.h
 *
 * The life of an event passes through here: archive_append() writes it to the
 * trail, gives it its track, and adds it to the index.
 */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include "core/event.h"
#include "store/store.h"
#include "trail/trail.h"

struct archive;

/* What the name of a chain of recordings begins with; no events are there. */
#define ARCHIVE_RECORDINGS "recordings:"

enum archive_mode {
	ARCHIVE_READ,
	/* The daemon lends it; -EBUSY while another writes: its pid in err. */
	ARCHIVE_WRITE,
	ARCHIVE_WRITE_WAIT, /* waits for the other writer instead */
};

/*
 * Open DIR; for writing it is made when new (mode 0700), and an index that is
 * behind the trails is brought up first; one that is damaged, or of another
 * version's tables, is made again, and so is one that is not settled. For
 * reading that gives -EBADMSG, and err says what to do. -EPROTO: made by a
 * newer version.
 */
int archive_open(struct archive **ret, const char *dir, enum archive_mode mode,
    struct err *err);

/* Where chains are read from whose store is elsewhere. */
struct archive_far {
	int (*read)(void *ctx, const char *chain, uint64_t from,
	    struct trail_reader **ret, struct err *err);
	void (*close)(void *ctx);
	void *ctx;
};

/*
 * One that has nothing but archive_read_chain(): no directory, no index, no
 * screens. It is closed with the archive, also after a failure.
 */
int archive_open_far(
    struct archive **ret, const struct archive_far *far, struct err *err);
/* Whether it is one: then one thread alone may use it. */
bool archive_is_far(const struct archive *a);

/* Make the directory of a store, where it is not there; no more. */
int archive_make(const char *dir, struct err *err);

/*
 * For who writes for long: lock DIR first, -EAGAIN while an import has it,
 * which gives way soon to who keeps *ret (-1 at first) and calls again; -EBUSY:
 * a daemon or hub does; then open it, which takes the lock over in any case.
 * Between the two the store may be given to another user.
 */
int archive_lock(const char *dir, int *ret, struct err *err);
int archive_open_locked(
    struct archive **ret, const char *dir, int lockfd, struct err *err);

/* Index of an open archive, for queries; NULL while it is lent. */
struct store *archive_store(struct archive *a);

/* 16 secret bytes for source_id() and track ids; never change in a store. */
const uint8_t *archive_id_key(const struct archive *a);

/* The directory, open; and the key by which all its chains are signed. */
int archive_dirfd(const struct archive *a);
const struct sign_key *archive_key(const struct archive *a);

/*
 * Begin writing to chain NAME ("import:HOST"); events to come are appended
 * there. At most one chain of events is open for writing.
 */
int archive_begin(struct archive *a, const char *chain, struct err *err);

/* Trail, track, index. Sets ev->seq and ev->track. */
int archive_append(struct archive *a, struct event *ev, struct err *err);

/* All appended so far is on the disk, not yet signed nor visible. */
int archive_sync(struct archive *a, struct err *err);

/*
 * Read back the last `n` events of a chain that is in the index, or is the one
 * begun, oldest first. Strings live during the call of fn; a non-zero return
 * stops and is returned.
 */
int archive_recent(struct archive *a, const char *chain, uint64_t n,
    int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *err);

/*
 * All appended so far is durable, signed and visible when this returns 0; so is
 * what the daemon, which lent us the store, had signed before.
 */
int archive_commit(struct archive *a, struct err *err);

/*
 * Whether a daemon has an interest in our commits: one that lent us the store,
 * whose events are seen with them, or one that begins and waits for it. Then
 * archive_pause() is due now and then: a commit, and the store is given to who
 * waits, until he lends it. 1: it was in other hands; archive_store() is
 * another one now, and may hold more.
 */
bool archive_is_shared(const struct archive *a);
int archive_pause(struct archive *a, struct err *err);

/*
 * Somebody else wants to write, and what to do for him who writes for long:
 * commit, archive_lend(), go on appending; until archive_take_back() gives 1
 * events go to the trail alone, and nobody sees them yet. Then what the other
 * made is given to whom the store belongs, and archive_go_on() brings the index
 * up to the chain.
 */
bool archive_wanted(const struct archive *a);
void archive_lend(struct archive *a);
bool archive_is_lent(const struct archive *a);
int archive_take_back(struct archive *a);
int archive_go_on(struct archive *a, struct err *err);

/*
 * To be called when all is committed: where parts of a log were appended in
 * another order than they were written, the index is made again in theirs, so
 * that it tells the same whatever came first. Until then, or the next time the
 * store is opened for writing, it may lack what follows from earlier parts for
 * later ones. `progress` may be NULL.
 */
int archive_settle(struct archive *a,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err);

/*
 * As archive_commit(); and what is in the index is about to be removed from the
 * trails, so that archive_settle() makes it again.
 */
int archive_outdate(struct archive *a, struct err *err);

/*
 * To be called now and then by who writes for long: whether what it writes is
 * still in its place. 1: the segment was put back; see trail_guard(). -ESTALE:
 * the index is gone; the next who opens the store for writing makes it again.
 */
int archive_guard(struct archive *a, struct err *err);

/*
 * Open another chain, beside the one begun, for appending to it as
 * trail_open() says; close it before the archive.
 */
int archive_open_chain(struct archive *a, const char *chain, struct trail **ret,
    struct trail_recovery *recovery, struct err *err);

/* The same for one that is new and begins behind frames kept elsewhere; where
 * it was begun already, it goes on. */
int archive_open_behind(struct archive *a, const char *chain,
    const struct trail_behind *behind, struct trail **ret, struct err *err);

/* Read a chain of the store from a frame on, as trail_reader_open() says. */
int archive_read_chain(struct archive *a, const char *chain, uint64_t from,
    struct trail_reader **ret, struct err *err);

/* Directory of what was derived of a chain's recordings (archive/screens.h). */
int archive_open_screens(
    struct archive *a, const char *chain, bool make, int *ret, struct err *err);

/* Uncommitted events stay in the trail and are indexed by the next open. */
void archive_close(struct archive *a);

/* Throw the index away and make it again from the trails. */
int archive_reindex(const char *dir,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err);

#endif
