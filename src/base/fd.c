/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* A write that takes nothing would be tried for ever. */
static int write_result(ssize_t r)
{
	if (r > 0)
		return 0;
	if (r == 0)
		return -EIO;
	return errno == EINTR ? 0 : -errno;
}

int fd_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t r = write(fd, at, n);
		int error = write_result(r);

		if (error)
			return error;
		if (r > 0) {
			at += r;
			n -= (size_t)r;
		}
	}
	return 0;
}

int fd_pwrite_all(int fd, const void *p, size_t n, off_t at)
{
	const char *from = p;

	while (n) {
		ssize_t r = pwrite(fd, from, n, at);
		int error = write_result(r);

		if (error)
			return error;
		if (r > 0) {
			from += r;
			at += r;
			n -= (size_t)r;
		}
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *p, size_t n)
{
	char *to = p;
	size_t got = 0;

	if (n > SSIZE_MAX)
		return -EINVAL;
	while (got < n) {
		ssize_t r = read(fd, to + got, n - got);

		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t)got;
}

ssize_t fd_pread_full(int fd, void *p, size_t n, off_t at)
{
	char *to = p;
	size_t got = 0;

	if (n > SSIZE_MAX)
		return -EINVAL;
	while (got < n) {
		ssize_t r = pread(fd, to + got, n - got, at + (off_t)got);

		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t)got;
}

/* Read to the end: files below /proc say they are empty, so no size is asked.
 */
static int read_rest(int fd, size_t max, struct buf *ret)
{
	size_t total = 0;

	for (;;) {
		size_t want = max - total < 4096 ? max - total + 1 : 4096;
		char *at = buf_reserve(ret, want);
		ssize_t r;

		if (!at)
			return buf_error(ret);
		r = fd_read_full(fd, at, want);
		if (r < 0)
			return (int)r;
		total += (size_t)r;
		if (total > max)
			return -EFBIG;
		ret->n += (size_t)r;
		if ((size_t)r < want)
			return 0;
	}
}

int fd_read_file(int dirfd, const char *name, size_t max, struct buf *ret)
{
	CLEANUP_FD int fd =
	    openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t before = ret->n;
	int r;

	if (fd < 0)
		return -errno;
	r = read_rest(fd, max, ret);
	if (r)
		ret->n = before;
	return r;
}

uint32_t fd_read_u32(const char *path)
{
	struct buf b = BUF_INIT;
	uint64_t n = UINT32_MAX;

	if (fd_read_file(AT_FDCWD, path, 64, &b) < 0 ||
	    !str_u64(str_trim(buf_str(&b)), &n) || n > UINT32_MAX)
		n = UINT32_MAX;
	buf_free(&b);
	return (uint32_t)n;
}

static int sync_fd(int fd)
{
	while (fsync(fd) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int sync_parent(int dirfd, const char *name)
{
	const char *slash = strrchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;
	char dir[PATH_MAX];
	CLEANUP_FD int fd = -1;

	if (n + 2 > sizeof dir)
		return -ENAMETOOLONG;
	if (!slash)
		snprintf(dir, sizeof dir, ".");
	else
		snprintf(dir, sizeof dir, "%.*s", n ? (int)n : 1, name);
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : sync_fd(fd);
}

static int draft_begin(
    struct fd_draft *d, int dirfd, const char *name, mode_t mode)
{
	uint64_t salt;
	int len;

	d->dirfd = dirfd;
	d->name_len = strlen(name);
	if (getrandom(&salt, sizeof salt, 0) != sizeof salt)
		return -EIO;
	len = snprintf(d->tmp, sizeof d->tmp, "%s.%016llx.tmp", name,
	    (unsigned long long)salt);
	if (len < 0 || (size_t)len >= sizeof d->tmp)
		return -ENAMETOOLONG;
	d->fd = openat(dirfd, d->tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    mode & (S_IRUSR | S_IWUSR));
	return d->fd < 0 ? -errno : 0;
}

/* What was written to it ended with r. */
static int draft_end(struct fd_draft *d, mode_t mode, int r)
{
	/* fchmod, since what open() sets is cut by the umask. */
	if (r == 0 && fchmod(d->fd, mode) < 0)
		r = -errno;
	if (r < 0)
		fd_draft_drop(d);
	return r;
}

int fd_draft_write(struct fd_draft *d, int dirfd, const char *name, mode_t mode,
    const void *p, size_t n)
{
	int r = draft_begin(d, dirfd, name, mode);

	return r < 0 ? r : draft_end(d, mode, fd_write_all(d->fd, p, n));
}

void fd_draft_drop(struct fd_draft *d)
{
	fd_close(&d->fd);
	unlinkat(d->dirfd, d->tmp, 0);
}

static int draft_place(struct fd_draft *d)
{
	char name[PATH_MAX];

	memcpy(name, d->tmp, d->name_len);
	name[d->name_len] = '\0';
	if (renameat(d->dirfd, d->tmp, d->dirfd, name) < 0)
		return -errno;
	fd_close(&d->fd);
	return 0;
}

int fd_drafts_settle(struct fd_draft *d, size_t n)
{
	size_t placed = 0;
	int r = 0;

	/* All are on their way before any is waited for. */
	for (size_t i = 0; i < n && n > 1; i++)
		sync_file_range(d[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	for (size_t i = 0; i < n && r == 0; i++)
		r = sync_fd(d[i].fd);
	while (placed < n && r == 0) {
		r = draft_place(&d[placed]);
		placed += r == 0;
	}
	for (size_t i = placed; i < n; i++)
		fd_draft_drop(&d[i]);
	if (r == 0 && n > 0)
		r = sync_parent(d->dirfd, d->tmp);
	return r;
}

int fd_replace_file_by(int dirfd, const char *name, mode_t mode,
    int (*fill)(void *ctx, int fd), void *ctx)
{
	struct fd_draft d;
	int r = draft_begin(&d, dirfd, name, mode);

	if (r == 0)
		r = draft_end(&d, mode, fill(ctx, d.fd));
	return r < 0 ? r : fd_drafts_settle(&d, 1);
}

int fd_replace_file(
    int dirfd, const char *name, mode_t mode, const void *p, size_t n)
{
	struct fd_draft d;
	int r = fd_draft_write(&d, dirfd, name, mode, p, n);

	return r < 0 ? r : fd_drafts_settle(&d, 1);
}

int fd_open_dir(int dirfd, const char *name, mode_t mode, int *ret)
{
	bool made = mkdirat(dirfd, name, mode) == 0;
	int fd;

	if (!made && errno != EEXIST && errno != EROFS && errno != EACCES)
		return -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (made) {
		int r = sync_parent(dirfd, name);

		if (r) {
			fd_close(&fd);
			return r;
		}
	}
	*ret = fd;
	return 0;
}

static int remove_entry(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path) < 0 ? -1 : 0;
}

int fd_remove_tree(const char *path)
{
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0 ? -errno
								      : 0;
}
