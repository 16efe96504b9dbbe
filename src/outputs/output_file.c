/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of lines. What is accepted is on the disk. Where a write failed or
 * the process was killed in the middle, the torn line is cut off before more
 * is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "outputs/output.h"

struct file_output {
	struct output base; /* first */
	const struct output_config *cfg;
	int fd;
	off_t size; /* up to the end of the last whole line */
};

static int file_open(
    struct output **ret, const struct output_config *cfg, struct err *err)
{
	struct file_output *o = calloc(1, sizeof *o);

	if (!o)
		return -ENOMEM;
	o->base.ops = outputs[OUTPUT_FILE];
	o->cfg = cfg;
	o->fd = -1;
	*ret = &o->base;
	return 0;
}

static void file_close(struct output *base)
{
	struct file_output *o = (struct file_output *)base;

	fd_close(&o->fd);
	free(o);
}

#define TAIL 65536

/* Bytes of the file up to the end of its last line. */
static int whole_lines(int fd, off_t size, off_t *ret)
{
	char tail[TAIL];

	while (size > 0) {
		size_t n = size < TAIL ? (size_t)size : TAIL;
		ssize_t got = fd_pread_full(fd, tail, n, size - (off_t)n);
		size_t at;

		if (got < 0)
			return (int)got;
		at = str_rfind_char(str_make(tail, (size_t)got), '\n');
		if (at != STR_NPOS) {
			*ret = size - (off_t)n + (off_t)at + 1;
			return 0;
		}
		size -= (off_t)n;
	}
	*ret = 0;
	return 0;
}

static int reopen(struct file_output *o, struct err *err)
{
	const char *path = o->cfg->file;
	struct stat st;
	int r = 0;

	o->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (o->fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	if (fstat(o->fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	if (r == 0)
		r = whole_lines(o->fd, st.st_size, &o->size);
	if (r == 0 && o->size < st.st_size && ftruncate(o->fd, o->size) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	fd_close(&o->fd);
	return err_sys(err, r, "cannot write to %s", path);
}

/* Somebody may have renamed or removed it, as logrotate does. */
static bool still_there(const struct file_output *o)
{
	struct stat here, there;

	return o->fd >= 0 && fstat(o->fd, &here) == 0 &&
	       stat(o->cfg->file, &there) == 0 && here.st_ino == there.st_ino &&
	       here.st_dev == there.st_dev;
}

static void rotate(struct file_output *o)
{
	const char *path = o->cfg->file;
	char from[PATH_MAX], to[PATH_MAX];

	fd_close(&o->fd);
	if (o->cfg->file_keep == 0)
		(void)unlink(path);
	for (int64_t i = o->cfg->file_keep; i > 0; i--) {
		snprintf(to, sizeof to, "%s.%lld", path, (long long)i);
		if (i > 1)
			snprintf(from, sizeof from, "%s.%lld", path,
			    (long long)(i - 1));
		else
			snprintf(from, sizeof from, "%s", path);
		(void)rename(from, to);
	}
}

static int file_send(
    struct output *base, struct record *records, size_t n, struct err *err)
{
	struct file_output *o = (struct file_output *)base;
	struct buf b = BUF_INIT;
	int r = 0;

	if (!still_there(o))
		fd_close(&o->fd);
	if (o->fd >= 0 && o->size >= o->cfg->file_size)
		rotate(o);
	if (o->fd < 0)
		r = reopen(o, err);
	for (size_t i = 0; i < n; i++) {
		buf_add_str(&b, records[i].text);
		buf_add_char(&b, '\n');
	}
	if (r == 0)
		r = buf_error(&b);
	if (r == 0) {
		r = fd_pwrite_all(o->fd, b.p, b.n, o->size);
		if (r == 0 && fdatasync(o->fd) < 0)
			r = -errno;
		if (r < 0) {
			fd_close(&o->fd);
			err_sys(err, r, "cannot write to %s", o->cfg->file);
		}
	}
	if (r == 0) {
		o->size += (off_t)b.n;
		snprintf(base->said, sizeof base->said,
		    "%zu bytes are in the file and on the disk", b.n);
		for (size_t i = 0; i < n; i++)
			records[i].state = RECORD_ACCEPTED;
	}
	buf_free(&b);
	return r;
}

const struct output_ops output_file = {
    "file", file_open, file_send, file_close};
