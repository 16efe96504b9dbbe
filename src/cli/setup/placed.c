/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/placed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

#define XATTRS_MAX 4096

static int open_below(int root, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC | O_NOCTTY,
	    .resolve =
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof how);

	return fd < 0 ? -errno : (int)fd;
}

static int explain(int r, const char *path, struct err *err)
{
	if (r == -ELOOP)
		return err_set(err, r,
		    "%s: a symbolic link is on the way, and none is followed "
		    "here: where it leads to, make the change by hand",
		    path);
	return err_sys(err, r, "cannot open %s", path);
}

/* The folder of `path`, checked; *ret_name is what follows it. */
static int open_folder(
    int root, const char *path, const char **ret_name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	*ret_name = slash + 1;
	fd = open_below(root, folder + 1, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return explain(fd, folder, err);
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	fd_close(&fd);
	return err_set(err, -EPERM,
	    "%s: others can write to this folder: it must belong to root and "
	    "be writable by root only (chown root, chmod go-w)",
	    folder);
}

static int read_open(
    int fd, const char *path, struct placed *ret, struct err *err)
{
	struct stat st;
	char name[32];
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return err_set(err, -EPERM,
		    "%s: no plain file with one name (a hard link?): make the "
		    "change by hand",
		    path);
	ret->exists = true;
	ret->mode = st.st_mode & 07777;
	ret->uid = st.st_uid;
	ret->gid = st.st_gid;
	ret->mtime = st.st_mtim;
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	r = fd_read_file(AT_FDCWD, name, PLACED_MAX, &ret->content);
	return r < 0 ? err_sys(err, r, "cannot read %s", path) : 0;
}

int placed_read(int root, const char *path, struct placed *ret, struct err *err)
{
	const char *name;
	CLEANUP_FD int folder = -1;
	CLEANUP_FD int fd = -1;

	*ret = (struct placed){.content = BUF_INIT};
	folder = open_folder(root, path, &name, err);
	if (folder < 0)
		return folder;
	/* A fifo must not stop us. */
	fd = open_below(folder, name, O_RDONLY | O_NONBLOCK);
	if (fd == -ENOENT)
		return 0;
	return fd < 0 ? explain(fd, path, err) : read_open(fd, path, ret, err);
}

/* Access lists and security labels; what a filesystem lacks is no failure. */
static void copy_attributes(int folder, const char *name, int to)
{
	CLEANUP_FD int from = open_below(folder, name, O_RDONLY | O_NONBLOCK);
	char names[XATTRS_MAX], value[XATTRS_MAX];
	ssize_t n = from < 0 ? -1 : flistxattr(from, names, sizeof names);

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = fgetxattr(from, names + at, value, sizeof value);

		if (size >= 0)
			(void)!fsetxattr(
			    to, names + at, value, (size_t)size, 0);
	}
}

static int fill(int fd, const struct placed *p)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, p->mtime};
	int r = fd_write_all(fd, p->content.p, p->content.n);

	if (r < 0)
		return r;
	if ((geteuid() == 0 && fchown(fd, p->uid, p->gid) < 0) ||
	    fchmod(fd, p->mode) < 0 ||
	    (p->mtime.tv_sec && futimens(fd, times) < 0) || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int replace(int folder, const char *name, const struct placed *p)
{
	CLEANUP_FD int fd = -1;
	char beside[NAME_MAX];
	uint64_t salt;
	int r;

	if (getrandom(&salt, sizeof salt, 0) != sizeof salt)
		return -EIO;
	/* No pattern of an Include or of augenrules fits this name. */
	snprintf(beside, sizeof beside, ".%s.%016llx.new", name,
	    (unsigned long long)salt);
	fd = openat(folder, beside,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	copy_attributes(folder, name, fd);
	r = fill(fd, p);
	if (r == 0 && renameat(folder, beside, folder, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(folder, beside, 0);
	return r;
}

int placed_write(
    int root, const char *path, const struct placed *p, struct err *err)
{
	const char *name;
	CLEANUP_FD int folder = open_folder(root, path, &name, err);
	int r = 0;

	if (folder < 0)
		return folder;
	if (p->exists)
		r = replace(folder, name, p);
	else if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && fsync(folder) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot write %s", path) : 0;
}

bool placed_same(const struct placed *a, const struct placed *b)
{
	if (!a->exists || !b->exists)
		return a->exists == b->exists;
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       str_eq(buf_str(&a->content), buf_str(&b->content));
}

void placed_free(struct placed *p)
{
	buf_free(&p->content);
}
