/* SPDX-License-Identifier: Apache-2.0 */
/* The half of following a file that runs as root. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "sources/follow.h"
#include "sources/tail.h"

#define DIR_EVENTS                                                             \
	(IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct older {
	char name[NAME_MAX + 1];
	struct timespec mtime;
};

static int watch_file(int watch, int fd, const char *path, struct err *err)
{
	char name[32];

	/* By the descriptor: the path may be another file by now. */
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	if (inotify_add_watch(watch, name, IN_MODIFY) < 0)
		return err_sys(err, -errno,
		    "cannot watch %s (the limit is fs.inotify.max_user_watches"
		    ", and /proc must be mounted)",
		    path);
	return 0;
}

/* FILE.1, FILE-20261125, FILE-20261125-1030: not FILE.gz, FILE.bak. */
static bool is_rotated(const char *name, const char *base)
{
	struct str s = str_z(name);

	if (!str_skip(&s, str_z(base)) || s.n < 2 ||
	    (s.p[0] != '.' && s.p[0] != '-'))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '-')
			return false;
	return true;
}

static bool is_younger(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec
				      : a->tv_nsec > b->tv_nsec;
}

/* Keep the youngest TAIL_OLDER, the youngest first. */
static void older_insert(struct older older[static TAIL_OLDER], unsigned *n,
    const char *name, const struct timespec *mtime)
{
	unsigned at = *n;

	while (at > 0 && is_younger(mtime, &older[at - 1].mtime))
		at--;
	if (at == TAIL_OLDER)
		return;
	if (*n < TAIL_OLDER)
		(*n)++;
	memmove(&older[at + 1], &older[at], (*n - at - 1) * sizeof *older);
	snprintf(older[at].name, sizeof older[at].name, "%s", name);
	older[at].mtime = *mtime;
}

/* Without them a restart may find a gap; so nothing here is an error. */
static void open_older(struct tap_opened *ret, const struct follow *f)
{
	struct older older[TAIL_OLDER];
	struct dirent *entry;
	struct stat st;
	unsigned n = 0;
	int fd = -1;

	while ((entry = readdir(f->dir)) != NULL)
		if (is_rotated(entry->d_name, f->name) &&
		    fstatat(dirfd(f->dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0)
			older_insert(older, &n, entry->d_name, &st.st_mtim);
	for (unsigned i = 0; i < n; i++) {
		if (follow_open(f, older[i].name, older[i].name, &fd, NULL))
			continue;
		/* Its writer may not know yet that it was rotated. */
		watch_file(ret->fd[TAIL_FD_WATCH], fd, older[i].name, NULL);
		follow_hand_over(ret, fd);
	}
}

int tail_open(struct tap_opened *ret, const char *path,
    const char *const *usual, struct err *err)
{
	struct follow f;
	int fd = -1, r;

	r = follow_find(&f, ret, path, usual, DIR_EVENTS, err);
	if (r < 0)
		return r;
	r = follow_open(&f, f.name, ret->name, &fd, err);
	if (r == 0) {
		follow_hand_over(ret, fd);
		r = watch_file(ret->fd[TAIL_FD_WATCH], fd, ret->name, err);
	}
	if (r == 0)
		open_older(ret, &f);
	follow_end(&f);
	if (r < 0)
		tap_opened_close(ret);
	return r;
}
