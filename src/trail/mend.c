/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/mend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "trail/segment.h"

#define TORN_MAX 10000

/* A name that is free; nothing that was set aside is ever replaced. */
static int torn_name(int dirfd, const char *name, char *ret, size_t n)
{
	struct stat st;

	for (unsigned i = 1; i <= TORN_MAX; i++) {
		snprintf(ret, n, i > 1 ? "%s.torn.%u" : "%s.torn", name, i);
		if (fstatat(dirfd, ret, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -errno;
	}
	return -EEXIST;
}

int mend_set_aside(int dirfd, const char *name, struct err *err)
{
	char aside[SEGMENT_NAME_LEN + 32];
	int r = torn_name(dirfd, name, aside, sizeof aside);

	if (r == 0 &&
	    (renameat(dirfd, name, dirfd, aside) < 0 || fsync(dirfd) < 0))
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot set %s aside", name) : 0;
}

static int cut_tail(int dirfd, const char *name, int fd,
    const struct mend_step *step, struct str bytes)
{
	char base[SEGMENT_NAME_LEN], aside[SEGMENT_NAME_LEN + 32];
	struct str tail = str_from(bytes, step->len);
	int r;

	segment_name(step->first, "", base);
	r = torn_name(dirfd, base, aside, sizeof aside);
	if (r == 0)
		r = fd_replace_file(dirfd, aside, 0640, tail.p, tail.n);
	if (r == 0 && ftruncate(fd, (off_t)step->len) < 0)
		r = -errno;
	return r;
}

/*
 * After a failed fdatasync the kernel may hold pages as clean that never
 * reached the disk. Writing the same bytes again makes them dirty again.
 */
static int write_again(int fd, const struct mend_step *step, struct str bytes)
{
	size_t from = step->fresh ? 0 : step->unsigned_from;
	int r = 0;

	if (from < step->len)
		r = fd_pwrite_all(
		    fd, bytes.p + from, step->len - from, (off_t)from);
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	return r;
}

static int step_apply(
    int dirfd, const struct mend_step *step, struct buf *b, struct err *err)
{
	char name[SEGMENT_NAME_LEN], final_name[SEGMENT_NAME_LEN];
	CLEANUP_FD int fd = -1;
	int r;

	segment_name(step->first, step->fresh ? ".new" : "", name);
	segment_name(step->first, "", final_name);
	r = segment_read(dirfd, name, b, err);
	if (r < 0)
		return r;
	if (b->n != step->file_len)
		return err_set(err, -EBUSY, "%s is being written to", name);
	fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", name);
	if (step->len < step->file_len)
		r = cut_tail(dirfd, name, fd, step, buf_str(b));
	if (r == 0)
		r = write_again(fd, step, buf_str(b));
	if (r == 0 && step->fresh &&
	    (renameat(dirfd, name, dirfd, final_name) < 0 || fsync(dirfd) < 0))
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot mend %s", name) : 0;
}

int mend_apply(int dirfd, const struct mend_step *steps, size_t n,
    uint64_t *torn, struct err *err)
{
	struct buf b = BUF_INIT;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct mend_step *step = &steps[i];
		bool whole = step->len == step->file_len && !step->fresh &&
			     step->unsigned_from == step->len;

		if (step->packed || whole)
			continue;
		r = step_apply(dirfd, step, &b, err);
		*torn += step->file_len - step->len;
	}
	buf_free(&b);
	return r;
}

static int remove_temporary(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		int r = -errno;

		fd_close(&fd);
		return r;
	}
	while ((e = readdir(dir)))
		if (str_ends(str_z(e->d_name), STR(".tmp")))
			unlinkat(dirfd, e->d_name, 0);
	closedir(dir);
	return 0;
}

static bool same_content(int dirfd, const char *a, const char *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	bool same = segment_read(dirfd, a, &x, NULL) == 0 &&
		    segment_read(dirfd, b, &y, NULL) == 0 &&
		    str_eq(buf_str(&x), buf_str(&y));

	buf_free(&x);
	buf_free(&y);
	return same;
}

static int leftover_fresh(
    int dirfd, const char *name, uint64_t *torn, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*torn += (uint64_t)st.st_size;
	return mend_set_aside(dirfd, name, err);
}

int mend_leftovers(int dirfd, uint64_t *torn, struct err *err)
{
	struct segment_list list;
	int r = remove_temporary(dirfd);

	if (r == 0)
		r = segment_list_read(dirfd, &list);
	if (r < 0)
		return err_sys(err, r, "cannot list the segments");
	for (size_t i = 0; i < list.n && r == 0; i++) {
		const struct segment_files *f = &list.v[i];
		char plain[SEGMENT_NAME_LEN], packed[SEGMENT_NAME_LEN];
		bool double_kept = f->packed && (f->plain || f->fresh);

		segment_name(f->first, f->fresh ? ".new" : "", plain);
		segment_name(f->first, ".zst", packed);
		if (double_kept && same_content(dirfd, plain, packed))
			unlinkat(dirfd, plain, 0);
		else if (f->fresh)
			r = leftover_fresh(dirfd, plain, torn, err);
	}
	segment_list_free(&list);
	return r;
}
