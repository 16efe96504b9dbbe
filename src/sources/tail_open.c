/* SPDX-License-Identifier: Apache-2.0 */
/* The half of following a file that runs as root. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/tail.h"

#define DIR_EVENTS                                                             \
	(IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
/* Hanging on a FIFO that took the log's name would stop the monitor. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

struct older {
	char name[NAME_MAX + 1];
	struct timespec mtime;
};

static void forget(struct tap_opened *opened)
{
	for (unsigned i = 0; i < opened->n_fd; i++)
		fd_close(&opened->fd[i]);
	opened->n_fd = 0;
}

/* Links are followed once, here: what is watched is where the file lies. */
static int find_path(char ret[static PATH_MAX], const char *path,
    const char *const *usual, struct err *err)
{
	const char *only[] = {path, NULL};
	const char *const *names = path ? only : usual;
	struct buf tried = BUF_INIT;

	for (const char *const *name = names; *name; name++) {
		if (realpath(*name, ret)) {
			buf_free(&tried);
			return 0;
		}
		if (errno != ENOENT && errno != ENOTDIR) {
			buf_free(&tried);
			return err_sys(err, -errno, "cannot open %s", *name);
		}
		buf_printf(&tried, "%s%s", tried.n ? " or " : "", *name);
	}
	err_set(err, -ENOENT, "there is no %.*s", STR_ARG(buf_str(&tried)));
	buf_free(&tried);
	return -ENOENT;
}

static int open_regular(
    int dir, const char *name, const char *path, int *ret, struct err *err)
{
	int fd = openat(dir, name, OPEN_FLAGS);
	struct stat st;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, -EINVAL,
		    "%s is no regular file: name the log itself", path);
	}
	*ret = fd;
	return 0;
}

static void hand_over(struct tap_opened *ret, int fd)
{
	ret->fd[ret->n_fd++] = fd;
}

static int watch_new(int *ret, const char *dir, struct err *err)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int r;

	if (fd < 0 && errno == EMFILE)
		return err_set(err, -EMFILE,
		    "no inotify instance is left: raise the sysctl "
		    "fs.inotify.max_user_instances");
	if (fd < 0)
		return err_sys(err, -errno, "cannot make an inotify instance");
	if (inotify_add_watch(fd, dir, DIR_EVENTS) < 0) {
		r = err_sys(err, -errno, "cannot watch %s", dir);
		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

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
static void open_older(struct tap_opened *ret, DIR *dir, const char *base)
{
	struct older older[TAIL_OLDER];
	struct dirent *entry;
	struct stat st;
	unsigned n = 0;
	int fd = -1;

	while ((entry = readdir(dir)) != NULL)
		if (is_rotated(entry->d_name, base) &&
		    fstatat(dirfd(dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0)
			older_insert(older, &n, entry->d_name, &st.st_mtim);
	for (unsigned i = 0; i < n; i++) {
		if (open_regular(
			dirfd(dir), older[i].name, older[i].name, &fd, NULL))
			continue;
		/* Its writer may not know yet that it was rotated. */
		watch_file(ret->fd[TAIL_FD_WATCH], fd, older[i].name, NULL);
		hand_over(ret, fd);
	}
}

static int open_all(
    struct tap_opened *ret, DIR *dir, const char *base, struct err *err)
{
	int fd = -1;
	int r = open_regular(dirfd(dir), base, ret->name, &fd, err);

	if (r < 0)
		return r;
	hand_over(ret, fd);
	r = watch_file(ret->fd[TAIL_FD_WATCH], fd, ret->name, err);
	if (r == 0)
		open_older(ret, dir, base);
	return r;
}

int tail_open(struct tap_opened *ret, const char *path,
    const char *const *usual, struct err *err)
{
	char found[PATH_MAX], *slash;
	DIR *dir;
	int fd, r;

	memset(ret, 0, sizeof *ret);
	r = find_path(found, path, usual, err);
	if (r < 0)
		return r;
	if (strlen(found) >= sizeof ret->name)
		return err_set(err, -ENAMETOOLONG, "%s is too long", found);
	snprintf(ret->name, sizeof ret->name, "%s", found);
	snprintf(ret->note, sizeof ret->note, "follows %.240s", found);
	slash = strrchr(found, '/');
	*slash = '\0';
	/* The watch first: whatever takes the name from now on is told. */
	r = watch_new(&fd, slash == found ? "/" : found, err);
	if (r < 0)
		return r;
	hand_over(ret, fd);
	dir = opendir(slash == found ? "/" : found);
	r = dir ? open_all(ret, dir, slash + 1, err)
		: err_sys(err, -errno, "cannot read %s", found);
	if (dir)
		closedir(dir);
	if (r < 0)
		forget(ret);
	return r;
}
