/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing side of the embedded store. Everything since the last commit is
 * one SQLite transaction; block files are on the disk before it ends.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "base/worker.h"
#include "store/builder.h"
#include "store/catalogue.h"
#include "store/tally.h"
#include "store/track_blocks.h"
#include "store/track_row.h"

/* Blocks with fewer rows and less text lie in the catalogue and are merged
 * later. */
#define SMALL_BLOCK_ROWS (BLOCK_ROWS_MAX / 2)
#define SMALL_BLOCK_TEXT ((size_t)4 << 20)

/* A cache of catalogue numbers that has as many begins anew. */
#define CACHE_MAX 65536

struct seal_job;

struct amended {
	uint64_t id;
	int64_t host, time;
};

struct writer {
	struct sql sql;
	int blocks_fd;
	bool active;   /* a transaction is open */
	bool prepared; /* nothing was added to it since writer_prepare() */
	int failed;    /* sticky: open the store anew */
	struct err failure;
	struct worker *worker;
	struct builder *builder;
	struct builder *spare; /* the one that is not being filled or sealed */
	struct map chains;     /* last sequence number added, by chain */
	struct map committed;  /* the same as of the last commit */
	struct intern hosts;   /* cache of catalogue numbers ... */
	int64_t *host_ids;     /* ... by intern number */
	size_t cap_host_ids;
	struct intern names;
	int64_t *name_ids;
	size_t cap_name_ids;
	struct map accounts; /* name of a uid, by host << 32 | uid */
	struct map amended;  /* hashes of (id, host, time) that were amended */
	struct map hidden;   /* hidden_hash() of events that were replaced */
	struct amended *resolve; /* to look at in this commit */
	size_t n_resolve, cap_resolve;
	int64_t next_block;   /* number of the next block; 0: ask */
	bool tallied;	      /* some block is counted already */
	bool merging;	      /* blocks made now replace counted ones */
	int64_t width;	      /* of session ids, as stored; 0: not read */
	unsigned n_sessions;  /* written since the last commit */
	bool width_stale;     /* must be found anew */
	bool recount;	      /* the table `retally` has rows */
	struct map new_boots; /* host to earliest, since the last commit */
	bool persons_changed, accounts_changed; /* since the last commit */
	struct tally tally;
	struct track_blocks track_blocks;
};

int writer_open(
    struct writer **ret, const char *dir, int blocks_fd, struct err *err);
void writer_close(struct writer *w);

int writer_add(struct writer *w, const struct event *ev, struct err *err);
int writer_put_track(struct writer *w, const struct track *t, struct err *err);
int writer_put_boot(struct writer *w, const struct boot *b, struct err *err);
int writer_put_note(
    struct writer *w, struct str key, struct str data, struct err *err);
int writer_get_note(
    struct writer *w, struct str key, struct buf *ret, struct err *err);
int writer_prepare(struct writer *w, struct err *err);
int writer_commit(struct writer *w, struct err *err);

/* For the parts of the writer. */

/* Cached numbers of the catalogue; 0 for the empty name. */
int writer_host(
    struct writer *w, struct str name, int64_t *ret, struct err *err);
int writer_name(
    struct writer *w, struct str name, int64_t *ret, struct err *err);

/* flush.c: seal what was gathered; with `all` wait until it is in place. */
int writer_seal(struct writer *w, bool all, struct err *err);
/* Wait for the worker and forget what it made. */
void writer_drop_jobs(struct writer *w);
/* compact.c: merge small blocks where many have come together. */
int writer_compact(struct writer *w, struct err *err);
/* facts.c: what an event tells about persons and accounts. */
int writer_learn(struct writer *w, const struct event *ev, struct err *err);
/* amend.c */
uint64_t hidden_hash(uint64_t chain, uint64_t seq);
int writer_load_hidden(struct writer *w, struct err *err);
int writer_resolve_amended(struct writer *w, struct err *err);
/* join.c: sessions of all tracks that changed. */
int writer_join(struct writer *w, struct err *err);
/* retally.c: counts of new blocks, and of tracks with another name. */
/* The name that events of a track are counted under; 0: their own user's. */
int writer_track_login(
    struct writer *w, uint64_t track, int64_t *ret, struct err *err);
int writer_tally_new(struct writer *w, struct err *err);
int writer_retally(struct writer *w, struct err *err);

#endif
