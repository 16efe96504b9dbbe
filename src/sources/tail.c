/* SPDX-License-Identifier: Apache-2.0 */
/* The half of following a file that has no privileges. */
#include "sources/tail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hash.h"
#include "sources/follow.h"

#define READ_MAX  ((size_t)1 << 20)
#define READ_STEP ((size_t)64 << 10)
/* At most: all that open() hands over, and as many again when rotated. */
#define FILES_MAX (2 * (TAIL_OLDER + 1))
#define LINE_BACK ((size_t)64 << 10)

struct tail_file {
	int fd;
	dev_t dev;
	ino_t ino;
	uint64_t at; /* all before it was read */
	size_t n_head;
	char head[TAIL_HEAD]; /* its first bytes, none behind `at` */
};

struct tap_run {
	int watch;
	char base[TAP_NAME_MAX]; /* the file's name in its directory */
	struct tail_file files[FILES_MAX]; /* [0] is read, then the next */
	unsigned n;
	struct tail_file before; /* the one read before [0]; fd is -1 */
	bool replaced;		 /* another file has the name */
	uint64_t lost;
};

static int file_init(struct tail_file *f, int fd, struct err *err)
{
	struct stat st;

	memset(f, 0, sizeof *f);
	f->fd = fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot look at the log");
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return 0;
}

static uint64_t file_size(const struct tail_file *f)
{
	struct stat st;

	return fstat(f->fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

static bool same_file(const struct tail_file *f, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == f->dev &&
	       st.st_ino == f->ino;
}

/* Go on at `at`, with the head that comes before it. False: it is not there. */
static bool file_seek(struct tail_file *f, uint64_t at)
{
	size_t n = at < TAIL_HEAD ? (size_t)at : TAIL_HEAD;

	if (fd_pread_full(f->fd, f->head, n, 0) != (ssize_t)n)
		return false;
	f->n_head = n;
	f->at = at;
	return true;
}

static uint64_t head_hash(const struct tail_file *f, uint64_t at)
{
	return hash_stable(str_upto(str_make(f->head, f->n_head), at));
}

/* Where the last line that is complete ends. */
static uint64_t line_end(const struct tail_file *f, uint64_t size)
{
	size_t n = size < LINE_BACK ? (size_t)size : LINE_BACK;
	char *p = malloc(n + 1);
	ssize_t got = p ? fd_pread_full(f->fd, p, n, (off_t)(size - n)) : -1;
	size_t eol =
	    got == (ssize_t)n ? str_rfind_char(str_make(p, n), '\n') : STR_NPOS;

	free(p);
	return eol == STR_NPOS ? size : size - n + eol + 1;
}

struct place {
	uint64_t ino, at, hash;
};

static bool place_parse(const char *text, struct place *ret)
{
	struct str s = str_z(text), ino, at;

	return str_cut(&s, ':', &ino) && str_cut(&s, ':', &at) &&
	       str_u64(ino, &ret->ino) && str_u64(at, &ret->at) &&
	       str_hex64(s, &ret->hash);
}

/*
 * A copy has another inode, and an inode may be given to another file: the
 * head decides. A short one proves too little without the inode.
 */
static bool place_in(
    const struct place *place, struct tail_file *f, bool same_inode)
{
	if (same_inode ? f->ino != place->ino : place->at < TAIL_HEAD)
		return false;
	return file_size(f) >= place->at && file_seek(f, place->at) &&
	       head_hash(f, place->at) == place->hash;
}

/* Index of the file with the place, opened->n_fd when there is none. */
static unsigned place_find(
    struct tail_file *files, unsigned n, const struct place *place)
{
	for (int by_inode = 1; by_inode >= 0; by_inode--)
		for (unsigned i = TAIL_FD_FILE; i < n; i++)
			if (place_in(place, &files[i], by_inode))
				return i;
	return n;
}

/* From files by descriptor, newest first, to those still to be read. */
static void queue_from(
    struct tap_run *run, struct tail_file *files, unsigned first, unsigned n)
{
	for (unsigned i = first; i >= TAIL_FD_FILE; i--)
		run->files[run->n++] = files[i];
	for (unsigned i = first + 1; i < n; i++)
		fd_close(&files[i].fd);
}

static void begin_at_place(
    struct tap_run *run, struct tail_file *files, unsigned n, const char *text)
{
	struct place place;
	unsigned i = n;

	if (place_parse(text, &place))
		i = place_find(files, n, &place);
	for (unsigned j = TAIL_FD_FILE; j < n; j++)
		if (j != i)
			files[j].at = files[j].n_head = 0;
	if (i == n) {
		/* All that is at hand came behind it. */
		run->lost++;
		i = n - 1;
	}
	queue_from(run, files, i, n);
}

static void close_all(const struct tap_opened *opened)
{
	for (unsigned i = 0; i < opened->n_fd && i < TAP_FDS_MAX; i++)
		close(opened->fd[i]);
}

static int start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, bool lines, struct err *err)
{
	struct tail_file files[TAP_FDS_MAX];
	struct tap_run *run = calloc(1, sizeof *run);
	const char *slash = strrchr(opened->name, '/');
	unsigned n = opened->n_fd;
	uint64_t at;
	int r = run ? 0 : err_set(err, -ENOMEM, "no memory to follow a log");

	if (n <= TAIL_FD_FILE || n > TAIL_FD_OLDER + TAIL_OLDER)
		r = err_set(err, -EINVAL, "these are not the files of a log");
	for (unsigned i = TAIL_FD_FILE; r == 0 && i < n; i++)
		r = file_init(&files[i], opened->fd[i], err);
	if (r < 0) {
		close_all(opened);
		free(run);
		return r;
	}
	run->watch = opened->fd[TAIL_FD_WATCH];
	run->before.fd = -1;
	snprintf(run->base, sizeof run->base, "%s",
	    slash ? slash + 1 : opened->name);
	if (place && *place) {
		begin_at_place(run, files, n, place);
	} else {
		at = file_size(&files[TAIL_FD_FILE]);
		if (lines)
			at = line_end(&files[TAIL_FD_FILE], at);
		file_seek(&files[TAIL_FD_FILE], at);
		queue_from(run, files, TAIL_FD_FILE, n);
	}
	*ret = run;
	return 0;
}

int tail_start_records(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	return start(ret, opened, place, false, err);
}

int tail_start_lines(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	return start(ret, opened, place, true, err);
}

int tail_fd(const struct tap_run *run)
{
	return run->watch;
}

static void take_notice(struct tap_run *run, const struct inotify_event *ev)
{
	if (ev->mask &
	    (IN_Q_OVERFLOW | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF))
		run->replaced = true;
	if (ev->mask & (IN_CREATE | IN_MOVED_TO) && ev->len &&
	    strcmp(ev->name, run->base) == 0)
		run->replaced = true;
}

/* Shorter than what was read of it, or no longer beginning as it did. */
static bool is_rewritten(const struct tail_file *f)
{
	char head[TAIL_HEAD];

	if (file_size(f) < f->at)
		return true;
	return fd_pread_full(f->fd, head, f->n_head, 0) != (ssize_t)f->n_head ||
	       memcmp(head, f->head, f->n_head) != 0;
}

static void remember_before(struct tap_run *run)
{
	run->before = run->files[0];
	run->before.fd = -1;
}

static void file_took(struct tail_file *f, const char *p, size_t n)
{
	size_t room = TAIL_HEAD - f->n_head;

	if (f->at < TAIL_HEAD) {
		memcpy(f->head + f->n_head, p, n < room ? n : room);
		f->n_head += n < room ? n : room;
	}
	f->at += n;
}

/* TAP_MORE, TAP_IDLE at the end, or a negative errno. */
static int file_read(struct tail_file *f, struct buf *to, struct err *err)
{
	for (size_t total = 0; total < READ_MAX;) {
		char *p = buf_reserve(to, READ_STEP);
		ssize_t n;

		if (!p)
			return err_set(err, buf_error(to), "no memory to read");
		n = pread(f->fd, p, READ_STEP, (off_t)f->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "cannot read on");
		if (n == 0)
			return TAP_IDLE;
		file_took(f, p, (size_t)n);
		to->n += (size_t)n;
		total += (size_t)n;
	}
	return TAP_MORE;
}

static void next_file(struct tap_run *run)
{
	remember_before(run);
	fd_close(&run->files[0].fd);
	run->n--;
	memmove(run->files, run->files + 1, run->n * sizeof *run->files);
}

int tail_read(struct tap_run *run, struct buf *to, struct err *err)
{
	struct tail_file *f = &run->files[0];
	bool over;
	int r;

	follow_drain(run->watch, take_notice, run);
	if (is_rewritten(f)) {
		remember_before(run);
		f->at = f->n_head = 0;
		return TAP_NEXT;
	}
	/* Asked before the last bytes are read: these are then the last. */
	over = run->n > 2 || (run->n == 2 && file_size(&run->files[1]) > 0);
	r = file_read(f, to, err);
	if (r != TAP_IDLE)
		return r;
	if (over) {
		next_file(run);
		return TAP_NEXT;
	}
	return run->replaced ? TAP_REOPEN : TAP_IDLE;
}

int tail_reopened(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	struct tail_file *last = &run->files[run->n - 1];
	unsigned n = opened->n_fd, i = TAIL_FD_FILE;
	int r = 0;

	if (n <= TAIL_FD_FILE || n > TAP_FDS_MAX) {
		close_all(opened);
		return err_set(
		    err, -EINVAL, "these are not the files of a log");
	}
	fd_close(&run->watch);
	run->watch = opened->fd[TAIL_FD_WATCH];
	run->replaced = false;
	while (i < n && !same_file(last, opened->fd[i]))
		i++;
	/* Deleted, not rotated: what has its name now is all there is. */
	if (i == n)
		i = TAIL_FD_FILE + 1;
	for (unsigned j = i; j < n; j++)
		close(opened->fd[j]);
	while (i-- > TAIL_FD_FILE) {
		if (run->n == FILES_MAX) {
			run->lost++;
			close(opened->fd[i]);
			continue;
		}
		if (file_init(&run->files[run->n++], opened->fd[i], err) < 0)
			r = -EIO;
	}
	return r;
}

void tail_place(const struct tap_run *run, size_t unread, struct buf *ret)
{
	const struct tail_file *f = &run->files[0];
	uint64_t at;

	if (unread > f->at && run->before.at) {
		unread -= (size_t)f->at;
		f = &run->before;
	}
	at = unread < f->at ? f->at - unread : 0;
	buf_printf(ret, "%" PRIu64 ":%" PRIu64 ":%016" PRIx64, (uint64_t)f->ino,
	    at, head_hash(f, at));
}

unsigned tail_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	ret[0] = (struct tap_loss){
	    run->lost, "in a log that was rotated away while nothing read it"};
	return 1;
}

void tail_stop(struct tap_run *run)
{
	if (!run)
		return;
	fd_close(&run->watch);
	for (unsigned i = 0; i < run->n; i++)
		fd_close(&run->files[i].fd);
	free(run);
}
