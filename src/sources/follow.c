/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Hanging on a FIFO that took the log's name would stop the monitor. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

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

static int watch_new(
    int *ret, const char *dir, uint32_t events, struct err *err)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int r;

	if (fd < 0 && errno == EMFILE)
		return err_set(err, -EMFILE,
		    "no inotify instance is left: raise the sysctl "
		    "fs.inotify.max_user_instances");
	if (fd < 0)
		return err_sys(err, -errno, "cannot make an inotify instance");
	if (inotify_add_watch(fd, dir, events) < 0) {
		r = err_sys(err, -errno, "cannot watch %s", dir);
		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

int follow_find(struct follow *f, struct tap_opened *ret, const char *path,
    const char *const *usual, uint32_t events, struct err *err)
{
	const char *dir;
	char *slash;
	int fd, r;

	memset(ret, 0, sizeof *ret);
	r = find_path(f->path, path, usual, err);
	if (r < 0)
		return r;
	if (strlen(f->path) >= sizeof ret->name)
		return err_set(err, -ENAMETOOLONG, "%s is too long", f->path);
	snprintf(ret->name, sizeof ret->name, "%s", f->path);
	snprintf(ret->note, sizeof ret->note, "follows %.240s", f->path);
	slash = strrchr(f->path, '/');
	*slash = '\0';
	f->name = slash + 1;
	dir = slash == f->path ? "/" : f->path;
	r = watch_new(&fd, dir, events, err);
	if (r < 0)
		return r;
	follow_hand_over(ret, fd);
	f->dir = opendir(dir);
	if (f->dir)
		return 0;
	r = err_sys(err, -errno, "cannot read %s", dir);
	tap_opened_close(ret);
	return r;
}

void follow_end(struct follow *f)
{
	closedir(f->dir);
}

int follow_open(const struct follow *f, const char *name, const char *path,
    int *ret, struct err *err)
{
	int fd = openat(dirfd(f->dir), name, OPEN_FLAGS);
	struct stat st;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, -EINVAL,
		    "%s is no regular file: name the file itself", path);
	}
	*ret = fd;
	return 0;
}

void follow_drain(int watch,
    void (*take)(struct tap_run *run, const struct inotify_event *ev),
    struct tap_run *run)
{
	char bytes[4096] __attribute__((aligned(8)));
	const struct inotify_event *ev;
	ssize_t n;

	while ((n = read(watch, bytes, sizeof bytes)) > 0)
		for (ssize_t at = 0; at < n;
		     at += (ssize_t)(sizeof *ev + ev->len)) {
			ev =
			    (const struct inotify_event *)(const void *)(bytes +
									 at);
			take(run, ev);
		}
}
