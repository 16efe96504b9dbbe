/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"

#define HEAD "sshtrail setup 1\n"

/*
 * HEAD
 * kept KNOWN ENABLED BACKLOG_LIMIT BACKLOG_WAIT_TIME
 * file EXISTS MODE UID GID SECONDS NANOSECONDS BYTES     before
 * content and a line feed
 * file ...                                               after
 * content and a line feed
 */
static void format_placed(const struct placed *p, struct buf *b)
{
	buf_printf(b, "file %d %o %u %u %" PRIi64 " %ld %zu\n", p->exists,
	    (unsigned)p->mode, (unsigned)p->uid, (unsigned)p->gid,
	    (int64_t)p->mtime.tv_sec, p->mtime.tv_nsec, p->content.n);
	buf_add_str(b, buf_str(&p->content));
	buf_add_char(b, '\n');
}

void record_format(const struct record *r, struct buf *b)
{
	buf_add_z(b, HEAD);
	buf_printf(b, "kept %d %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
	    r->kept.known, r->kept.enabled, r->kept.backlog_limit,
	    r->kept.backlog_wait_time);
	format_placed(&r->before, b);
	format_placed(&r->after, b);
}

/* A line "WORD N N ...", decimal but for the field `octal`. */
static bool take_numbers(
    struct str *text, struct str word, size_t octal, uint64_t *ret, size_t n)
{
	struct str line, field;

	if (!str_cut(text, '\n', &line) || !str_skip(&line, word))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool more = str_cut(&line, ' ', &field);

		if (more != (i + 1 < n) ||
		    !(i == octal ? str_oct64(field, &ret[i])
				 : str_u64(field, &ret[i])))
			return false;
	}
	return true;
}

static bool take_placed(struct str *text, struct placed *ret)
{
	uint64_t v[7];

	if (!take_numbers(text, STR("file "), 1, v, 7) || v[0] > 1 ||
	    v[1] > 07777 || v[2] > UINT32_MAX || v[3] > UINT32_MAX ||
	    v[4] > INT64_MAX || v[5] > 999999999 || v[6] > PLACED_MAX ||
	    text->n <= v[6] || text->p[v[6]] != '\n')
		return false;
	ret->exists = v[0];
	ret->mode = (mode_t)v[1];
	ret->uid = (uid_t)v[2];
	ret->gid = (gid_t)v[3];
	ret->mtime.tv_sec = (time_t)v[4];
	ret->mtime.tv_nsec = (long)v[5];
	buf_add(&ret->content, text->p, v[6]);
	*text = str_from(*text, v[6] + 1);
	return true;
}

static bool take_kept(struct str *text, struct kept *ret)
{
	uint64_t v[4];

	if (!take_numbers(text, STR("kept "), SIZE_MAX, v, 4) || v[0] > 1 ||
	    v[1] > UINT32_MAX || v[2] > UINT32_MAX || v[3] > UINT32_MAX)
		return false;
	*ret =
	    (struct kept){v[0], (uint32_t)v[1], (uint32_t)v[2], (uint32_t)v[3]};
	return true;
}

int record_parse(struct record *ret, struct str text, struct err *err)
{
	size_t size = text.n;

	*ret = (struct record){
	    {.content = BUF_INIT}, {.content = BUF_INIT}, {.known = false}};
	if (!str_skip(&text, STR(HEAD)) || !take_kept(&text, &ret->kept) ||
	    !take_placed(&text, &ret->before) ||
	    !take_placed(&text, &ret->after) || text.n)
		return err_set(err, -EINVAL,
		    "byte %zu: not as sshtrail setup writes it", size - text.n);
	if (buf_error(&ret->before.content) || buf_error(&ret->after.content))
		return err_set(err, -ENOMEM, "no memory");
	return 0;
}

int record_open_dir(int root, bool make, struct err *err)
{
	CLEANUP_FD int lib =
	    openat(root, "var/lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *name = strrchr(RECORD_DIR, '/') + 1;
	struct stat st;
	int fd;

	if (lib < 0)
		return err_sys(err, -errno, "cannot open /var/lib");
	if (make && mkdirat(lib, name, 0700) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make " RECORD_DIR);
	fd = openat(lib, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open " RECORD_DIR);
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
	    st.st_mode & (S_IWGRP | S_IWOTH)) {
		fd_close(&fd);
		return err_set(err, -EPERM,
		    RECORD_DIR ": others can write to it, so what it says "
			       "cannot be trusted");
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		fd_close(&fd);
		return err_set(err, -EWOULDBLOCK,
		    "another sshtrail setup is at work: wait until it ends");
	}
	return fd;
}

int record_load(int dir, const char *name, struct record *ret, struct err *err)
{
	struct buf b = BUF_INIT;
	int r = fd_read_file(dir, name, RECORD_MAX, &b);

	if (r == 0)
		r = record_parse(ret, buf_str(&b), err);
	else
		*ret = (struct record){{.content = BUF_INIT},
		    {.content = BUF_INIT}, {.known = false}};
	if (r == -EINVAL)
		err_context(err, r, "%s/%s", RECORD_DIR, name);
	else if (r < 0)
		err_sys(err, r, "cannot read %s/%s", RECORD_DIR, name);
	buf_free(&b);
	return r;
}

int record_save(
    int dir, const char *name, const struct record *r, struct err *err)
{
	struct buf b = BUF_INIT;
	int error;

	record_format(r, &b);
	error = buf_error(&b);
	if (error == 0)
		error = fd_replace_file(dir, name, 0600, b.p, b.n);
	buf_free(&b);
	return error < 0
		   ? err_sys(err, error, "cannot write %s/%s", RECORD_DIR, name)
		   : 0;
}

int record_remove(int dir, const char *name, struct err *err)
{
	if (unlinkat(dir, name, 0) < 0 || fsync(dir) < 0)
		return err_sys(
		    err, -errno, "cannot remove %s/%s", RECORD_DIR, name);
	return 0;
}

void record_free(struct record *r)
{
	placed_free(&r->before);
	placed_free(&r->after);
}
