/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/reindex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "archive/layout.h"
#include "archive/lock.h"
#include "base/fd.h"

#define INDEX_NEW "index.new"

/* The old index, where it can be read, tells how many events to expect. */
static uint64_t count_events(const char *path)
{
	struct store_stats stats = {0};
	struct store *s;

	if (store_embedded.open(&s, path, STORE_READ, NULL) < 0)
		return 0;
	if (s->ops->stats(s, &stats, NULL) < 0)
		stats.events = 0;
	s->ops->close(s);
	return stats.events;
}

/* The new index takes the old one's place in one step. */
static int swap_index(int dirfd, const char *new_path, struct err *err)
{
	if (renameat2(dirfd, INDEX_NEW, dirfd, LAYOUT_INDEX, RENAME_EXCHANGE) <
		0 &&
	    (errno != ENOENT ||
		renameat(dirfd, INDEX_NEW, dirfd, LAYOUT_INDEX) < 0))
		return err_sys(
		    err, -errno, "cannot put the new index in place");
	if (fsync(dirfd) < 0)
		return err_sys(err, -errno, "cannot sync the store");
	/* Who reads the old one that long leaves it for the next time. */
	(void)store_embedded.remove(new_path);
	return 0;
}

static int build_index(int dirfd, const char *path,
    struct index_progress *progress, struct err *err)
{
	struct archive_index ix = {0};
	uint8_t id_key[LAYOUT_ID_KEY_LEN];
	struct sign_key key;
	int r = layout_keys(dirfd, &key, id_key, err);

	sign_key_wipe(&key);
	if (r == 0)
		r = index_open(&ix, path, STORE_WRITE, id_key, err);
	if (r == 0)
		r = index_build(&ix, dirfd, progress, err);
	index_close(&ix);
	return r;
}

int reindex_locked(int dirfd, const char *dir, struct index_progress *progress,
    struct err *err)
{
	char path[4096];
	int r;

	snprintf(path, sizeof path, "%s/" LAYOUT_INDEX, dir);
	if (progress)
		progress->total = count_events(path);
	snprintf(path, sizeof path, "%s/" INDEX_NEW, dir);
	r = fd_remove_tree(path);
	if (r < 0 && r != -ENOENT)
		return err_sys(err, r, "cannot remove %s", path);
	r = build_index(dirfd, path, progress, err);
	if (r < 0) {
		(void)fd_remove_tree(path);
		return r;
	}
	return swap_index(dirfd, path, err);
}

int archive_reindex(const char *dir,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err)
{
	struct index_progress p = {.fn = progress, .ctx = ctx};
	CLEANUP_FD int dirfd = -1;
	CLEANUP_FD int lockfd = -1;
	int r = layout_open(dir, false, &dirfd, err);

	if (r == 0)
		r = lock_take(dirfd, LOCK_ASK, &lockfd, err);
	if (r < 0)
		return r;
	return reindex_locked(dirfd, dir, progress ? &p : NULL, err);
}
