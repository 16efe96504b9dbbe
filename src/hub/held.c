/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* Far more than is ever in it. */
#define FILE_MAX ((size_t)256 << 20)
#define PATH_LEN 160

int held_add(struct held *h, struct str line)
{
	buf_add_str(&h->lines, line);
	h->fresh += line.n;
	return buf_error(&h->lines);
}

void held_trim(struct held *h, uint64_t upto)
{
	size_t n = upto > h->base ? (size_t)(upto - h->base) : 0;

	if (n > h->lines.n)
		n = h->lines.n;
	buf_consume(&h->lines, n);
	h->base += n;
	if (h->fresh > h->lines.n)
		h->fresh = h->lines.n;
}

void held_restart(struct held *h)
{
	buf_clear(&h->lines);
	h->base = 0;
	h->fresh = 0;
}

static int open_file(struct held *h, int dirfd, const char *path)
{
	struct stat st;

	int r = mkdirat(dirfd, HELD_DIR, 0700) < 0 ? -errno : fsync(dirfd);

	if (r < 0 && r != -EEXIST)
		return r;
	/* That the name of a new one is there after a crash. */
	if (faccessat(dirfd, path, F_OK, 0) < 0)
		r = fd_replace_file(dirfd, path, 0600, "", 0);
	if (r < 0 && r != -EEXIST)
		return r;
	h->fd = openat(dirfd, path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (h->fd < 0 || fstat(h->fd, &st) < 0)
		return -errno;
	h->size = (uint64_t)st.st_size;
	return 0;
}

static int write_anew(struct held *h, int dirfd, const char *path)
{
	int r = fd_replace_file(dirfd, path, 0600, h->lines.p, h->lines.n);

	fd_close(&h->fd);
	return r < 0 ? r : open_file(h, dirfd, path);
}

static int append(struct held *h)
{
	const char *from = h->lines.p + h->lines.n - h->fresh;
	int r = fd_write_all(h->fd, from, h->fresh);

	if (r == 0 && fdatasync(h->fd) < 0)
		r = -errno;
	if (r == 0)
		h->size += h->fresh;
	return r;
}

int held_sync(struct held *h, int dirfd, const char *name, struct err *err)
{
	char path[PATH_LEN];
	int r = 0;

	if (h->fd < 0 && h->lines.n == 0)
		return 0;
	snprintf(path, sizeof path, HELD_DIR "/%s", name);
	if (h->fd < 0)
		r = open_file(h, dirfd, path);
	if (r == 0 && h->lines.n == 0 && h->size) {
		r = ftruncate(h->fd, 0) < 0 ? -errno : 0;
		h->size = 0;
	} else if (r == 0 && h->size > HELD_MANY + 2 * h->lines.n) {
		r = write_anew(h, dirfd, path);
	} else if (r == 0 && h->fresh) {
		r = append(h);
	}
	if (r == 0) {
		h->fresh = 0;
		return 0;
	}
	/* Half a line may be in it: the next time it is written anew. */
	h->size = UINT64_MAX;
	return err_sys(err, r, "%s", path);
}

int held_read(int dirfd, const char *name, struct buf *ret, struct err *err)
{
	char path[PATH_LEN];
	int r;

	snprintf(path, sizeof path, HELD_DIR "/%s", name);
	r = fd_read_file(dirfd, path, FILE_MAX, ret);
	return r == 0 || r == -ENOENT ? 0 : err_sys(err, r, "%s", path);
}

void held_close(struct held *h)
{
	buf_free(&h->lines);
	fd_close(&h->fd);
	*h = HELD_NONE;
}
