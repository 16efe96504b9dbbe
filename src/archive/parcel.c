/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/parcel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define BLOCK	     512
#define WAITING_MAX  ((size_t)64 << 10)
#define TAR_SIZE_MAX (((uint64_t)1 << 33) - 1) /* 11 octal digits */
#define FILE_FLAGS   (O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW)

/* Header of a file in a tar archive, POSIX.1-1988 (ustar). */
struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	char checksum[8], type, link[100], magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "one block");

int parcel_create(
    struct parcel *p, const char *path, int64_t seconds, struct err *err)
{
	*p = (struct parcel){.path = path,
	    .tar = str_ends(str_z(path), STR(".tar")),
	    .seconds = seconds,
	    .dirfd = -1,
	    .fd = -1};
	if (p->tar) {
		p->fd = open(path, FILE_FLAGS, 0600);
	} else if (mkdir(path, 0700) == 0) {
		p->dirfd =
		    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (p->fd < 0 && p->dirfd < 0)
		return err_sys(err, -errno, "cannot make %s", path);
	return 0;
}

void parcel_hand_on(struct parcel *p, const struct file_sink *sink)
{
	*p = (struct parcel){
	    .path = "the evidence", .sink = sink, .dirfd = -1, .fd = -1};
}

static void keep(struct parcel *p, int r)
{
	if (p->error == 0 && r < 0)
		p->error = r;
}

static void write_waiting(struct parcel *p)
{
	keep(p, buf_error(&p->waiting));
	if (p->error == 0 && p->sink && p->waiting.n)
		keep(p, p->sink->add(p->sink->ctx, buf_str(&p->waiting)));
	else if (p->error == 0 && !p->sink)
		keep(p, fd_write_all(p->fd, p->waiting.p, p->waiting.n));
	buf_clear(&p->waiting);
}

static int open_file(struct parcel *p)
{
	const char *slash = strchr(p->name, '/');
	char dir[PARCEL_NAME_MAX + 1];

	if (slash) {
		snprintf(
		    dir, sizeof dir, "%.*s", (int)(slash - p->name), p->name);
		if (mkdirat(p->dirfd, dir, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	p->fd = openat(p->dirfd, p->name, FILE_FLAGS, 0600);
	return p->fd < 0 ? -errno : 0;
}

void parcel_begin(struct parcel *p, const char *name)
{
	static const char block[BLOCK];

	snprintf(p->name, sizeof p->name, "%s", name);
	p->size = 0;
	sha256_init(&p->digest);
	if (p->error)
		return;
	if (p->sink) {
		keep(p, p->sink->begin(p->sink->ctx, p->name));
		return;
	}
	if (!p->tar) {
		keep(p, open_file(p));
		return;
	}
	p->header = lseek(p->fd, 0, SEEK_CUR);
	buf_add(&p->waiting, block, sizeof block);
}

void parcel_add(struct parcel *p, struct str bytes)
{
	if (p->error)
		return;
	sha256_add(&p->digest, bytes.p, bytes.n);
	p->size += bytes.n;
	buf_add_str(&p->waiting, bytes);
	if (p->waiting.n >= WAITING_MAX)
		write_waiting(p);
}

static void tar_header(const struct parcel *p, struct ustar *h)
{
	unsigned sum = 0;
	const unsigned char *at = (const unsigned char *)h;

	*h = (struct ustar){.type = '0', .magic = "ustar"};
	memcpy(h->name, p->name, sizeof h->name);
	memcpy(h->version, "00", 2);
	memcpy(h->checksum, "        ", 8);
	snprintf(h->mode, sizeof h->mode, "%07o", 0600U);
	snprintf(h->uid, sizeof h->uid, "%07o", 0U);
	snprintf(h->gid, sizeof h->gid, "%07o", 0U);
	snprintf(h->size, sizeof h->size, "%011llo",
	    (unsigned long long)(p->size & TAR_SIZE_MAX));
	snprintf(h->mtime, sizeof h->mtime, "%011llo",
	    (unsigned long long)p->seconds & TAR_SIZE_MAX);
	for (size_t i = 0; i < sizeof *h; i++)
		sum += at[i];
	snprintf(h->checksum, sizeof h->checksum, "%06o", sum);
}

static int end_tar_file(struct parcel *p)
{
	static const char zeros[BLOCK];
	struct ustar h;

	if (p->size > TAR_SIZE_MAX)
		return -EFBIG;
	buf_add(&p->waiting, zeros, (BLOCK - p->size % BLOCK) % BLOCK);
	write_waiting(p);
	tar_header(p, &h);
	return p->error ? p->error
			: fd_pwrite_all(p->fd, &h, sizeof h, p->header);
}

static int end_plain_file(struct parcel *p)
{
	int r;

	write_waiting(p);
	r = p->error ? p->error : fsync(p->fd) < 0 ? -errno : 0;
	fd_close(&p->fd);
	return r;
}

/* Of the file being written. */
static int end_file(struct parcel *p)
{
	if (p->tar)
		return end_tar_file(p);
	if (!p->sink)
		return end_plain_file(p);
	write_waiting(p);
	return p->error;
}

int parcel_end(struct parcel *p, struct err *err)
{
	struct sha256 digest;
	char hex[65];

	if (p->error == 0)
		keep(p, end_file(p));
	sha256_final(&p->digest, &digest);
	sha256_hex(&digest, hex);
	buf_printf(&p->list,
	    "%s\n{\"name\":\"%s\",\"size\":%llu,\"sha256\":"
	    "\"%s\"}",
	    p->list.n ? "," : "", p->name, (unsigned long long)p->size, hex);
	return p->error ? err_sys(err, p->error, "cannot write %s", p->path)
			: 0;
}

int parcel_file(
    struct parcel *p, const char *name, struct str bytes, struct err *err)
{
	parcel_begin(p, name);
	parcel_add(p, bytes);
	return parcel_end(p, err);
}

/* Two blocks of zeros end a tar archive. */
static int finish(struct parcel *p)
{
	static const char zeros[2 * BLOCK];
	int fd = p->tar ? p->fd : p->dirfd;

	if (p->sink)
		return p->error;
	if (p->tar) {
		buf_add(&p->waiting, zeros, sizeof zeros);
		write_waiting(p);
	}
	return p->error ? p->error : fsync(fd) < 0 ? -errno : 0;
}

int parcel_close(struct parcel *p, int result, struct err *err)
{
	int r = result;

	if (r == 0) {
		r = finish(p);
		if (r < 0)
			err_sys(err, r, "cannot write %s", p->path);
	}
	fd_close(&p->fd);
	fd_close(&p->dirfd);
	buf_free(&p->waiting);
	buf_free(&p->list);
	if (p->sink)
		return r;
	if (r < 0 && p->tar)
		unlink(p->path);
	else if (r < 0)
		fd_remove_tree(p->path);
	return r;
}
