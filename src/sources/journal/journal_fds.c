/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/journal/journal_fds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define DIR_EVENTS                                                             \
	(IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | \
	    IN_ONLYDIR)
#define FILES_MAX (TAP_FDS_MAX - JOURNAL_FD_FILES)

struct file {
	char name[NAME_MAX + 1];
	int fd;
	bool online; /* journald may be writing to it */
	struct timespec mtime;
};

struct found {
	struct file files[FILES_MAX + 1];
	unsigned n;
	unsigned left_out;
};

static bool comes_before(const struct file *a, const struct file *b)
{
	if (a->online != b->online)
		return a->online;
	return a->mtime.tv_sec != b->mtime.tv_sec
		   ? a->mtime.tv_sec > b->mtime.tv_sec
		   : a->mtime.tv_nsec > b->mtime.tv_nsec;
}

static void found_insert(struct found *found, const struct file *f)
{
	unsigned at = found->n;

	while (at > 0 && comes_before(f, &found->files[at - 1]))
		at--;
	memmove(&found->files[at + 1], &found->files[at],
	    (found->n - at) * sizeof *f);
	found->files[at] = *f;
	if (found->n < FILES_MAX) {
		found->n++;
	} else {
		fd_close(&found->files[FILES_MAX].fd);
		found->left_out++;
	}
}

/* Archived files have an "@" in their name, damaged ones end in "~". */
static bool is_journal(const char *name, struct file *ret)
{
	struct str s = str_z(name);
	bool damaged = str_chop(&s, STR("~"));

	snprintf(ret->name, sizeof ret->name, "%s", name);
	ret->online = !damaged && str_find_char(s, '@') == STR_NPOS;
	return str_ends(s, STR(".journal"));
}

static void find_files(struct found *found, DIR *dir)
{
	struct dirent *entry;
	struct stat st;
	struct file f;

	while ((entry = readdir(dir)) != NULL) {
		if (!is_journal(entry->d_name, &f))
			continue;
		f.fd = openat(dirfd(dir), entry->d_name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
		if (f.fd < 0)
			continue;
		if (fstat(f.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
			close(f.fd);
			continue;
		}
		f.mtime = st.st_mtim;
		found_insert(found, &f);
	}
}

/* 0 also when there is no such directory. */
static int open_dir(
    struct found *found, int watch, const char *path, struct err *err)
{
	DIR *dir;

	/* The watch first: what comes from now on is told. */
	if (inotify_add_watch(watch, path, DIR_EVENTS) < 0)
		return errno == ENOENT || errno == ENOTDIR
			   ? 0
			   : err_sys(err, -errno, "cannot watch %s", path);
	dir = opendir(path);
	if (!dir)
		return err_sys(err, -errno, "cannot read %s", path);
	find_files(found, dir);
	closedir(dir);
	return 0;
}

/* The journal of this machine; others may lie beside it. */
static int open_usual(struct found *found, int watch, struct err *err)
{
	static const char *const tops[] = {
	    "/var/log/journal", "/run/log/journal"};
	struct buf id = BUF_INIT;
	char path[PATH_MAX];
	int r = fd_read_file(AT_FDCWD, "/etc/machine-id", 64, &id);

	if (r < 0)
		err_sys(err, r, "cannot read /etc/machine-id");
	for (size_t i = 0; r == 0 && i < sizeof tops / sizeof *tops; i++) {
		/* Made when journald goes over from /run to /var. */
		inotify_add_watch(watch, tops[i], IN_CREATE | IN_ONLYDIR);
		snprintf(path, sizeof path, "%s/%.*s", tops[i],
		    STR_ARG(str_trim(buf_str(&id))));
		r = open_dir(found, watch, path, err);
	}
	buf_free(&id);
	return r;
}

static int find(
    struct found *found, int watch, const char *path, struct err *err)
{
	int r = path ? open_dir(found, watch, path, err)
		     : open_usual(found, watch, err);

	if (r == 0 && found->n == 0)
		r = err_set(err, -ENOENT, "there is no journal in %s",
		    path ? path : "/var/log/journal or /run/log/journal");
	if (r < 0)
		for (unsigned i = 0; i < found->n; i++)
			close(found->files[i].fd);
	return r;
}

int journal_fds_open(struct tap_opened *ret, const char *path, struct err *err)
{
	struct found found = {.n = 0};
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int r;

	memset(ret, 0, sizeof *ret);
	if (watch < 0)
		return err_sys(err, -errno,
		    "cannot make an inotify instance (the limit is "
		    "fs.inotify.max_user_instances)");
	r = find(&found, watch, path, err);
	if (r < 0) {
		close(watch);
		return r;
	}
	ret->fd[JOURNAL_FD_WATCH] = watch;
	for (unsigned i = 0; i < found.n; i++)
		ret->fd[JOURNAL_FD_FILES + i] = found.files[i].fd;
	ret->n_fd = JOURNAL_FD_FILES + found.n;
	snprintf(
	    ret->name, sizeof ret->name, "%.200s", path ? path : "journal");
	snprintf(ret->note, sizeof ret->note,
	    "follows the journal: %u files, %u older ones left out", found.n,
	    found.left_out);
	return 0;
}
