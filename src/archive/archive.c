/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/archive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/event_frame.h"
#include "archive/layout.h"
#include "archive/lock.h"
#include "archive/reindex.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/when.h"
#include "base/worker.h"
#include "core/event_json.h"

struct archive {
	enum archive_mode mode;
	char dir[4096], path[4096]; /* of the store, of its index */
	int dirfd;
	int lockfd;
	struct buf lenders; /* chains of who lent us the store, see index.h */
	struct sign_key key;
	uint8_t id_key[LAYOUT_ID_KEY_LEN];
	struct archive_index index;
	struct trail *trail;
	bool trail_broken; /* by an error after which it takes no more */
	char *chain;
	struct buf json;
	struct worker *signer;	/* of commits; NULL before the first */
	struct archive_far far; /* read NULL: it is here */
};

static int open_index(struct archive *a, struct err *err)
{
	int r = index_open(&a->index, a->path, STORE_WRITE, a->id_key, err);

	return r < 0 ? r : index_catch_up(&a->index, a->dirfd, NULL, err);
}

/* Nothing is lost with an index: the trails have it all. */
static int remake_index(
    struct archive *a, struct index_progress *progress, struct err *err)
{
	int r;

	index_close(&a->index);
	r = reindex_locked(a->dirfd, a->dir, progress, err);
	if (r == 0)
		r = open_index(a, err);
	if (r == 0 && a->chain)
		index_chain(&a->index, a->dirfd, a->chain);
	return r;
}

int archive_settle(struct archive *a,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err)
{
	struct index_progress p = {.fn = progress, .ctx = ctx};
	bool disordered;
	int r = index_disordered(&a->index, &disordered, err);

	if (r < 0 || !disordered)
		return r;
	return remake_index(a, progress ? &p : NULL, err);
}

static int open_for_writing(struct archive *a, struct err *err)
{
	enum lock_how how =
	    a->mode == ARCHIVE_WRITE_WAIT ? LOCK_WAIT : LOCK_ASK;
	bool asks = a->lockfd < 0;
	int r = asks ? lock_take(a->dirfd, how, &a->lockfd, err) : 0;

	if (r == 0 && asks)
		r = index_find_open(a->dirfd, &a->lenders, err);
	if (r == 0)
		r = layout_keys(a->dirfd, &a->key, a->id_key, err);
	if (r == 0)
		r = open_index(a, err);
	if (r == -EBADMSG)
		r = remake_index(a, NULL, err);
	/* Whoever imported last may have been killed before it did so. */
	return r < 0 ? r : archive_settle(a, NULL, NULL, err);
}

static int open_for_reading(struct archive *a, struct err *err)
{
	int r = index_open(&a->index, a->path, STORE_READ, a->id_key, err);

	return r == -ENOENT ? err_set(err, -EBADMSG,
				  "the index of this store is missing; "
				  "run: sshtrail reindex")
			    : r;
}

static int open_archive(struct archive **ret, const char *dir,
    enum archive_mode mode, int lockfd, struct err *err)
{
	struct archive *a = calloc(1, sizeof *a);
	int r;

	if (!a)
		return fd_close(&lockfd),
		       err_sys(err, -ENOMEM, "store %s", dir);
	a->mode = mode;
	a->dirfd = -1;
	a->lockfd = lockfd;
	snprintf(a->dir, sizeof a->dir, "%s", dir);
	snprintf(a->path, sizeof a->path, "%s/" LAYOUT_INDEX, dir);
	r = layout_open(dir, mode != ARCHIVE_READ, &a->dirfd, err);
	if (r == 0 && mode == ARCHIVE_READ)
		r = open_for_reading(a, err);
	else if (r == 0)
		r = open_for_writing(a, err);
	if (r < 0) {
		archive_close(a);
		return r;
	}
	*ret = a;
	return 0;
}

int archive_open(struct archive **ret, const char *dir, enum archive_mode mode,
    struct err *err)
{
	return open_archive(ret, dir, mode, -1, err);
}

int archive_open_far(
    struct archive **ret, const struct archive_far *far, struct err *err)
{
	struct archive *a = calloc(1, sizeof *a);

	if (!a) {
		far->close(far->ctx);
		return err_sys(err, -ENOMEM, "recordings of a hub");
	}
	a->mode = ARCHIVE_READ;
	a->dirfd = a->lockfd = -1;
	a->far = *far;
	*ret = a;
	return 0;
}

bool archive_is_far(const struct archive *a)
{
	return a->far.read != NULL;
}

int archive_make(const char *dir, struct err *err)
{
	CLEANUP_FD int dirfd = -1;

	return layout_open(dir, true, &dirfd, err);
}

int archive_lock(const char *dir, int *ret, struct err *err)
{
	CLEANUP_FD int dirfd = -1;
	int r = layout_open(dir, true, &dirfd, err);

	return r < 0 ? r : lock_take(dirfd, LOCK_OWN, ret, err);
}

int archive_open_locked(
    struct archive **ret, const char *dir, int lockfd, struct err *err)
{
	return open_archive(ret, dir, ARCHIVE_WRITE, lockfd, err);
}

bool archive_wanted(const struct archive *a)
{
	return lock_wanted(a->lockfd);
}

void archive_lend(struct archive *a)
{
	index_close(&a->index);
	lock_lend(a->lockfd);
}

bool archive_is_lent(const struct archive *a)
{
	return !a->index.store;
}

int archive_take_back(struct archive *a)
{
	return lock_take_back(a->lockfd);
}

int archive_go_on(struct archive *a, struct err *err)
{
	int r = trail_sync(a->trail, err);

	/* The other may have been killed before all of his was in. */
	if (r == 0)
		r = open_index(a, err);
	return r < 0 ? r
		     : index_catch_up_chain(&a->index, a->dirfd, a->chain, err);
}

struct store *archive_store(struct archive *a)
{
	return a->index.store;
}

const uint8_t *archive_id_key(const struct archive *a)
{
	return a->id_key;
}

int archive_dirfd(const struct archive *a)
{
	return a->dirfd;
}

const struct sign_key *archive_key(const struct archive *a)
{
	return &a->key;
}

/* The last writer was cut off: say so in the chain itself. */
static int append_gap(
    struct archive *a, const struct trail_recovery *rec, struct err *err)
{
	struct event ev;
	char reason[EVENT_FRAME_REASON_MAX];

	event_frame_gap(&ev, a->chain, rec, reason);
	return archive_append(a, &ev, err);
}

static int close_chain(struct archive *a, struct err *err)
{
	int r = trail_close(a->trail, err);

	a->trail = NULL;
	free(a->chain);
	a->chain = NULL;
	return r;
}

int archive_open_chain(struct archive *a, const char *chain, struct trail **ret,
    struct trail_recovery *recovery, struct err *err)
{
	const struct trail_config cfg = {.origin = chain, .key = &a->key};
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(a->dirfd, chain, true, &fd, err);

	return r < 0 ? r : trail_open(ret, fd, &cfg, recovery, err);
}

int archive_open_behind(struct archive *a, const char *chain,
    const struct trail_behind *behind, struct trail **ret, struct err *err)
{
	const struct trail_config cfg = {
	    .origin = chain, .key = &a->key, .behind = behind};
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(a->dirfd, chain, true, &fd, err);

	return r < 0 ? r : trail_open(ret, fd, &cfg, NULL, err);
}

int archive_read_chain(struct archive *a, const char *chain, uint64_t from,
    struct trail_reader **ret, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r;

	if (a->far.read)
		return a->far.read(a->far.ctx, chain, from, ret, err);
	r = layout_open_chain(a->dirfd, chain, false, &fd, err);
	return r < 0 ? r : trail_reader_open(ret, fd, from, err);
}

int archive_open_screens(
    struct archive *a, const char *chain, bool make, int *ret, struct err *err)
{
	if (a->far.read)
		return make ? -EROFS : -ENOENT;
	return layout_open_screens(a->dirfd, chain, make, ret, err);
}

int archive_begin(struct archive *a, const char *chain, struct err *err)
{
	struct trail_recovery rec = {0};
	int r = 0;

	if (a->chain && strcmp(a->chain, chain) == 0)
		return 0;
	if (a->trail)
		r = close_chain(a, err);
	if (r == 0)
		r = archive_open_chain(a, chain, &a->trail, &rec, err);
	if (r < 0)
		return r;
	a->chain = strdup(chain);
	if (!a->chain)
		return err_sys(err, -ENOMEM, "chain %s", chain);
	index_chain(&a->index, a->dirfd, chain);
	if (!rec.torn_bytes && !rec.unclean)
		return 0;
	/* What the last writer left became readable only just now. */
	r = index_catch_up_chain(&a->index, a->dirfd, chain, err);
	return r < 0 ? r : append_gap(a, &rec, err);
}

int archive_append(struct archive *a, struct event *ev, struct err *err)
{
	int r = event_frame(ev, &a->json, err);

	if (r < 0)
		return r;
	r = trail_append(
	    a->trail, FRAME_EVENT, 0, buf_str(&a->json), &ev->seq, err);
	a->trail_broken = a->trail_broken || (r < 0 && r != -ENOSPC);
	return r < 0 || archive_is_lent(a) ? r : index_add(&a->index, ev, err);
}

int archive_sync(struct archive *a, struct err *err)
{
	return a->trail ? trail_sync(a->trail, err) : 0;
}

int archive_guard(struct archive *a, struct err *err)
{
	int put_back = a->trail ? trail_guard(a->trail, err) : 0;
	int r;

	if (put_back < 0) {
		a->trail_broken = true;
		return put_back;
	}
	r = archive_is_lent(a)
		? 0
		: a->index.store->ops->guard(a->index.store, err);
	return r < 0 ? r : put_back;
}

static int read_events(struct trail_reader *reader,
    int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct event ev;
	struct frame f;
	int r;

	while ((r = trail_reader_next(reader, &f, err)) > 0) {
		arena_reset(&arena);
		if (f.type != FRAME_EVENT ||
		    event_from_json(&ev, f.payload, &arena, err) < 0)
			continue;
		ev.seq = f.seq;
		r = fn(ctx, &ev);
		if (r != 0)
			break;
	}
	arena_free(&arena);
	return r;
}

static int last_of(
    struct archive *a, const char *chain, uint64_t *ret, struct err *err)
{
	struct store *s = a->index.store;

	if (strcmp(chain, a->chain) != 0)
		return s->ops->last_seq(s, hash_stable(str_z(chain)), ret, err);
	*ret = trail_last_seq(a->trail);
	return 0;
}

int archive_recent(struct archive *a, const char *chain, uint64_t n,
    int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *err)
{
	struct trail_reader *reader = NULL;
	CLEANUP_FD int fd = -1;
	uint64_t last = 0;
	int r = layout_open_chain(a->dirfd, chain, false, &fd, err);

	if (r == 0)
		r = last_of(a, chain, &last, err);
	if (r == 0)
		r = trail_reader_open(
		    &reader, fd, last > n ? last - n + 1 : 1, err);
	if (r == 0)
		r = read_events(reader, fn, ctx, err);
	trail_reader_close(reader);
	return r;
}

struct signing {
	struct job job; /* first, so that a job is its signing */
	struct trail *trail;
};

static int sign(struct job *job)
{
	return trail_checkpoint(((struct signing *)job)->trail, &job->err);
}

/* Most of it is waiting for the disk: meanwhile the index is prepared. */
static int sign_and_prepare(struct archive *a, struct err *err)
{
	struct signing signing = {.job.run = sign, .trail = a->trail};
	int r = a->signer ? 0 : worker_start(&a->signer, 1);

	if (r < 0)
		return err_sys(err, r, "store %s", a->dir);
	worker_give(a->signer, &signing.job);
	r = index_prepare(&a->index, err);
	worker_take(a->signer, true);
	if (signing.job.result == 0)
		return r;
	if (err)
		*err = signing.job.err;
	return signing.job.result;
}

int archive_commit(struct archive *a, struct err *err)
{
	int r = 0;

	if (archive_is_lent(a))
		return a->trail ? trail_checkpoint(a->trail, err) : 0;
	if (a->lenders.n)
		r = index_follow(
		    &a->index, a->dirfd, buf_str(&a->lenders), a->id_key, err);
	if (r == 0)
		r = a->trail ? sign_and_prepare(a, err)
			     : index_prepare(&a->index, err);
	return r < 0 ? r : index_commit(&a->index, err);
}

bool archive_is_shared(const struct archive *a)
{
	return a->lenders.n > 0 || lock_wanted_by_daemon(a->lockfd);
}

/* It looks for the lock each 100 ms, and does not ask any more when it has it.
 */
static void give_way(const struct archive *a)
{
	const struct timespec look = {.tv_nsec = 10 * 1000000L};

	lock_lend(a->lockfd);
	for (int n = 0; n < 500 && lock_wanted_by_daemon(a->lockfd); n++)
		nanosleep(&look, NULL);
}

int archive_pause(struct archive *a, struct err *err)
{
	int r = archive_commit(a, err);

	if (r < 0 || !lock_wanted_by_daemon(a->lockfd))
		return r;
	index_close(&a->index);
	give_way(a);
	r = lock_take(a->dirfd, LOCK_WAIT, &a->lockfd, err);
	if (r == 0)
		r = index_find_open(a->dirfd, &a->lenders, err);
	if (r == 0)
		r = open_index(a, err);
	if (r == 0)
		r = index_catch_up_chain(&a->index, a->dirfd, a->chain, err);
	return r < 0 ? r : 1;
}

int archive_outdate(struct archive *a, struct err *err)
{
	int r = index_outdate(&a->index, err);

	return r < 0 ? r : archive_commit(a, err);
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	worker_stop(a->signer);
	if (a->far.read)
		a->far.close(a->far.ctx);
	trail_end(a->trail, a->trail_broken);
	free(a->chain);
	index_close(&a->index);
	sign_key_wipe(&a->key);
	buf_free(&a->json);
	buf_free(&a->lenders);
	fd_close(&a->dirfd);
	fd_close(&a->lockfd);
	free(a);
}
