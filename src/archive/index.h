/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the trail to the index: correlates events and adds them to a store.
 * One way for events that just arrived and for those read back from a trail,
 * so that a reindex gives the same answers.
 */
#ifndef ARCHIVE_INDEX_H
#define ARCHIVE_INDEX_H

#include "archive/teller.h"
#include "core/correlate.h"
#include "store/store.h"

struct archive_index {
	struct store *store;
	struct correlator *correlator;
	uint64_t chain; /* of the events to come */
	struct teller teller;
	struct buf history; /* not the first: what follows "recordings:" */
	uint64_t since_drain;
	bool in_order; /* parts are added in the order they were written */
	bool shared;   /* the store is another's */
	struct buf text;
	struct err *err; /* of the call at work */
};

struct index_progress {
	void (*fn)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
	uint64_t done, total;
};

int index_open(struct archive_index *ix, const char *path, enum store_mode mode,
    const uint8_t *id_key, struct err *err);
/* The same on a store that is open: with a memory of its own, for a chain that
 * is added beside others. */
int index_share(struct archive_index *ix, struct store *store,
    const uint8_t *id_key, struct err *err);
void index_close(struct archive_index *ix);

/*
 * Events to come are of this chain of the store at dirfd; they have nothing to
 * do with those before.
 */
void index_chain(struct archive_index *ix, int dirfd, const char *chain);

/* Sets ev->track, ev->chain and the derived fields; see archive/teller.h too.
 */
int index_add(struct archive_index *ix, struct event *ev, struct err *err);
/*
 * What follows goes on where the store's end of the chain is: to be called
 * before the first index_add() where others were added by an earlier process.
 */
int index_resume(struct archive_index *ix, struct err *err);

/* All of this memory that index_commit() needs. */
int index_save(struct archive_index *ix, struct err *err);
/* As index_save(), and all else that index_commit() needs; then nothing may be
 * added before it. */
int index_prepare(struct archive_index *ix, struct err *err);
int index_commit(struct archive_index *ix, struct err *err);

/*
 * Whether parts of a log were added in another order than they were written,
 * up to the last commit: what is concluded from one for the next is missing,
 * until the index is made again in their order.
 */
int index_disordered(struct archive_index *ix, bool *ret, struct err *err);

/*
 * What it was made of is about to be removed from the trails: with the next
 * commit it is disordered.
 */
int index_outdate(struct archive_index *ix, struct err *err);

/*
 * Add what the trails below dirfd hold beyond the store's last commit, in the
 * order of the trails. Damaged segments are passed over: `verify` names them;
 * so are chains that somebody has open, who adds them himself. `progress` may
 * be NULL.
 */
int index_catch_up(struct archive_index *ix, int dirfd,
    struct index_progress *progress, struct err *err);

/* The chains of events that somebody has open: each name with its NUL. */
int index_find_open(int dirfd, struct buf *ret, struct err *err);
/*
 * Add what others have signed since of chains with these names, each with a
 * memory of its own. Seen with the next commit.
 */
int index_follow(struct archive_index *ix, int dirfd, struct str names,
    const uint8_t *id_key, struct err *err);

/*
 * Add all that the trails hold to a new store: the parts of each log in the
 * order in which they were written.
 */
int index_build(struct archive_index *ix, int dirfd,
    struct index_progress *progress, struct err *err);

/*
 * As index_catch_up(), for one chain only, which the caller has open and
 * synced; events to come are of this chain, and go on with its last part.
 */
int index_catch_up_chain(
    struct archive_index *ix, int dirfd, const char *chain, struct err *err);

#endif
