/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/fd.h"
#include "base/touch.h"
#include "trail/chain.h"
#include "trail/frame.h"
#include "trail/prune.h"
#include "trail/recover.h"
#include "trail/sealer.h"
#include "trail/segment.h"

#define FLUSH_AT    ((size_t)256 << 10)
#define RESERVE_LEN 65536

struct trail {
	int dirfd;
	struct chain chain;

	/* The current segment: its file, or -1 while nothing of it is written.
	 * It is begun by the first sync; a segment that is full before that
	 * goes to the sealer as it lies in memory. */
	int fd;
	uint64_t first_seq;
	bool fresh;	 /* its name ends in .new */
	size_t file_len; /* written */
	size_t header_len;

	/* SEGMENT_HEADER_MAX bytes for the sealer, then frames not written. */
	struct buf out;
	uint64_t last_seq; /* of those */
	size_t touched;	   /* bytes of the frames: touch_ahead() */

	struct sealer *sealer;
	int full;   /* no room: appends fail with this */
	int broken; /* everything fails with this */
};

/* The frames that are not written yet. */
static struct str unwritten(const struct trail *t)
{
	return str_from(buf_str(&t->out), SEGMENT_HEADER_MAX);
}

/*
 * No frames, and room for those of a whole segment: a buffer that grew would
 * be copied again and again.
 */
static int out_begin(struct trail *t)
{
	bool fresh = !t->out.p;

	buf_clear(&t->out);
	if (!buf_reserve(&t->out, SEGMENT_HEADER_MAX + TRAIL_SEGMENT_FULL))
		return -ENOMEM;
	t->out.n = SEGMENT_HEADER_MAX;
	t->touched = fresh ? 0 : t->out.cap;
	return 0;
}

/* What is not written is forgotten: its numbers were never on a disk. */
static int trail_fail(struct trail *t, int r)
{
	if (disk_is_full(r))
		t->full = r;
	else
		t->broken = r;
	t->last_seq = t->chain.tree.size;
	t->out.n = SEGMENT_HEADER_MAX;
	return r;
}

/*
 * No room: keep the whole frames that were written, cut what is left of the
 * next one, forget the others.
 */
static int flush_cut(struct trail *t, int error)
{
	struct str frames = unwritten(t);
	size_t kept = 0, written;
	struct stat st;

	if (fstat(t->fd, &st) < 0)
		return t->broken = -errno;
	written = (size_t)st.st_size > t->file_len
		      ? (size_t)st.st_size - t->file_len
		      : 0;
	while (kept < frames.n && kept + frame_len(frames.p + kept) <= written)
		kept += frame_len(frames.p + kept);
	if (ftruncate(t->fd, (off_t)(t->file_len + kept)) < 0)
		return t->broken = -errno;
	chain_add(&t->chain, str_upto(frames, kept));
	t->file_len += kept;
	return trail_fail(t, error);
}

/* A new segment behind all frames written. */
static int segment_begin(struct trail *t)
{
	char name[SEGMENT_NAME_LEN];
	struct buf header = BUF_INIT;
	int fd, r = chain_header(&t->chain, &header);

	if (r < 0) {
		buf_free(&header);
		return r;
	}
	segment_name(t->chain.tree.size + 1, ".new", name);
	fd = openat(t->dirfd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	r = fd < 0 ? -errno : fd_write_all(fd, header.p, header.n);
	if (r < 0 && fd >= 0) {
		fd_close(&fd);
		unlinkat(t->dirfd, name, 0);
	}
	if (r == 0) {
		t->fd = fd;
		t->fresh = true;
		t->first_seq = t->chain.tree.size + 1;
		t->file_len = t->header_len = header.n;
	}
	buf_free(&header);
	return r;
}

/* The sealer must be done with all that came before. */
static int flush(struct trail *t)
{
	struct str frames = unwritten(t);
	int r = 0;

	if (frames.n == 0)
		return 0;
	if (t->fd < 0)
		r = segment_begin(t);
	if (r < 0)
		return trail_fail(t, r);
	r = fd_pwrite_all(t->fd, frames.p, frames.n, (off_t)t->file_len);
	if (disk_is_full(r))
		return flush_cut(t, r);
	if (r < 0)
		return t->broken = r;
	chain_add(&t->chain, frames);
	t->file_len += frames.n;
	t->out.n = SEGMENT_HEADER_MAX;
	return 0;
}

/* The current segment is full. */
static int rotate(struct trail *t)
{
	struct sealer_segment seg = {t->first_seq, t->fd, t->fresh, BUF_INIT};
	const bool in_file = t->fd >= 0;
	int r = in_file ? flush(t) : sealer_failed(t->sealer);

	if (r == 0) {
		/* What lies in a file leaves its memory to the next segment. */
		if (!in_file)
			seg.frames = t->out;
		t->fd = -1;
		t->first_seq = t->last_seq + 1;
		t->file_len = t->header_len = 0;
		r = sealer_give(t->sealer, &seg);
		if (in_file)
			buf_free(&seg.frames);
		else
			t->out = seg.frames;
		if (r == 0 && !in_file)
			r = out_begin(t);
	}
	if (r < 0)
		return sealer_wait(t->sealer, NULL), trail_fail(t, r);
	return 0;
}

static int check_state(const struct trail *t, bool append, struct err *err)
{
	int r = t->broken ? t->broken : append ? t->full : 0;

	return r ? err_sys(
		       err, r, "cannot write to the trail %s", t->chain.origin)
		 : 0;
}

/* Room for a frame of that payload, in this segment or the next. */
static int make_room(struct trail *t, size_t payload, struct err *err)
{
	size_t stored, len = FRAME_HEADER_LEN + payload;

	if (payload > TRAIL_PAYLOAD_MAX)
		return err_set(
		    err, -EMSGSIZE, "%zu bytes in one frame", payload);
	if (check_state(t, true, err) < 0)
		return t->broken ? t->broken : t->full;
	stored = t->file_len - t->header_len + unwritten(t).n;
	if (stored + len > TRAIL_SEGMENT_FULL)
		rotate(t);
	else if (t->fd >= 0 && unwritten(t).n >= FLUSH_AT)
		flush(t);
	if (check_state(t, true, err) < 0)
		return t->broken ? t->broken : t->full;
	return 0;
}

static int put_frame(struct trail *t, const struct frame *f, struct err *err)
{
	touch_ahead(t->out.p + SEGMENT_HEADER_MAX,
	    t->out.cap - SEGMENT_HEADER_MAX, t->out.n - SEGMENT_HEADER_MAX,
	    &t->touched);
	frame_put(&t->out, f);
	if (buf_error(&t->out)) {
		/* What was put before is whole and stays. */
		t->out.error = 0;
		return err_sys(err, -ENOMEM, "cannot append");
	}
	t->last_seq++;
	return 0;
}

int trail_append(struct trail *t, enum frame_type type, uint32_t stream,
    struct str payload, uint64_t *ret_seq, struct err *err)
{
	struct frame f = {.type = type, .stream = stream, .payload = payload};
	int r = make_room(t, payload.n, err);

	if (r < 0)
		return r;
	f.seq = t->last_seq + 1;
	t->chain.now(&f.realtime, &f.boottime);
	r = put_frame(t, &f, err);
	if (r == 0 && ret_seq)
		*ret_seq = f.seq;
	return r;
}

int trail_append_as(struct trail *t, const struct frame *f, struct err *err)
{
	int r = make_room(t, f->payload.n, err);

	if (r < 0)
		return r;
	if (f->seq != t->last_seq + 1)
		return err_set(err, -EINVAL,
		    "frame %llu does not follow frame %llu",
		    (unsigned long long)f->seq,
		    (unsigned long long)t->last_seq);
	return put_frame(t, f, err);
}

/* The final name says: this segment and all before it are on the disk. */
static int segment_settle(struct trail *t)
{
	char name[SEGMENT_NAME_LEN], final_name[SEGMENT_NAME_LEN];

	if (t->fd < 0)
		return 0;
	if (fdatasync(t->fd) < 0)
		return -errno;
	if (!t->fresh)
		return 0;
	segment_name(t->first_seq, ".new", name);
	segment_name(t->first_seq, "", final_name);
	if (renameat(t->dirfd, name, t->dirfd, final_name) < 0 ||
	    fsync(t->dirfd) < 0)
		return -errno;
	t->fresh = false;
	return 0;
}

/* All that was written is durable, up to the end of the tree. */
static int settle(struct trail *t, struct err *err)
{
	int r = segment_settle(t);

	if (r == 0)
		return 0;
	t->broken = r;
	return err_sys(err, r, "cannot sync the trail %s", t->chain.origin);
}

/* The sealer is done; that its disk is full is told once. */
static int sealed(struct trail *t, struct err *err)
{
	int r = sealer_wait(t->sealer, err);

	return r == 0 || (t->full && disk_is_full(r)) ? 0 : trail_fail(t, r);
}

int trail_sync(struct trail *t, struct err *err)
{
	int r = check_state(t, false, err);

	if (r < 0)
		return r;
	r = sealed(t, err);
	if (r == 0) {
		r = flush(t);
		if (r < 0)
			err_sys(err, r, "cannot write to the trail %s",
			    t->chain.origin);
	}
	if (t->broken)
		return r;
	if (r < 0) {
		/* What did fit is made durable all the same. */
		settle(t, NULL);
		return r;
	}
	return settle(t, err);
}

static void reserve_make(const struct trail *t)
{
	CLEANUP_FD int fd = openat(t->dirfd, "reserve",
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

	/* Without it, only the comfort on a full disk is missing. */
	if (fd >= 0 && posix_fallocate(fd, 0, RESERVE_LEN) != 0)
		unlinkat(t->dirfd, "reserve", 0);
}

static int checkpoint_put(const struct trail *t)
{
	struct buf b = BUF_INIT;
	int r = chain_sign(&t->chain, &b);

	if (r == 0)
		r = fd_replace_file(t->dirfd, "checkpoint", 0644, b.p, b.n);
	if (disk_is_full(r) && unlinkat(t->dirfd, "reserve", 0) == 0) {
		r = fd_replace_file(t->dirfd, "checkpoint", 0644, b.p, b.n);
		reserve_make(t);
	}
	buf_free(&b);
	return r;
}

int trail_checkpoint(struct trail *t, struct err *err)
{
	int r = trail_sync(t, err);

	if (r < 0)
		return r;
	r = checkpoint_put(t);
	return r < 0 ? err_sys(err, r, "cannot write the checkpoint") : 0;
}

/* What we hold open is all there, whatever its name. */
static int put_back(struct trail *t, const char *name)
{
	char *p = malloc(t->file_len);
	ssize_t n = p ? fd_pread_full(t->fd, p, t->file_len, 0) : -ENOMEM;
	int fd, r = n < 0 ? (int)n : (size_t)n < t->file_len ? -EIO : 0;

	if (r == 0)
		r = fd_replace_file(t->dirfd, name, 0640, p, t->file_len);
	free(p);
	if (r < 0)
		return r;
	fd = openat(t->dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fd_close(&t->fd);
	t->fd = fd;
	return 0;
}

int trail_guard(struct trail *t, struct err *err)
{
	char name[SEGMENT_NAME_LEN];
	struct stat open, there;
	int r;

	if (t->fd < 0 || t->broken)
		return 0;
	segment_name(t->first_seq, t->fresh ? ".new" : "", name);
	if (fstat(t->fd, &open) == 0 &&
	    fstatat(t->dirfd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    open.st_dev == there.st_dev && open.st_ino == there.st_ino)
		return 0;
	r = put_back(t, name);
	if (r == 0)
		return 1;
	if (disk_is_full(r))
		return 0;
	t->broken = r;
	return err_sys(err, r,
	    "somebody removed the segment %s of the trail %s, and it cannot be "
	    "put back",
	    name, t->chain.origin);
}

const struct merkle *trail_tree(const struct trail *t)
{
	return &t->chain.tree;
}

uint64_t trail_last_seq(const struct trail *t)
{
	return t->last_seq;
}

void trail_abandon(struct trail *t)
{
	if (!t)
		return;
	sealer_stop(t->sealer);
	fd_close(&t->fd);
	fd_close(&t->dirfd);
	buf_free(&t->out);
	free(t);
}

int trail_close(struct trail *t, struct err *err)
{
	int r = 0;

	if (!t)
		return 0;
	r = trail_checkpoint(t, err);
	/* The frames that did not fit are lost; those that did get signed. */
	if (r < 0 && t->full && !t->broken)
		trail_checkpoint(t, NULL);
	trail_abandon(t);
	return r;
}

void trail_end(struct trail *t, bool broken)
{
	if (broken)
		trail_abandon(t);
	else
		(void)trail_close(t, NULL);
}

static int open_segment(struct trail *t, const struct chain_end *end)
{
	char name[SEGMENT_NAME_LEN];
	int r;

	t->chain.tree = end->tree;
	t->last_seq = end->tree.size;
	if (!end->may_continue ||
	    end->segment_len >= end->header_len + TRAIL_SEGMENT_FULL) {
		r = segment_begin(t);
		/* It takes the place of an empty one, now: never both. */
		if (r == 0 && end->segment == t->first_seq)
			r = segment_settle(t);
		return r;
	}
	segment_name(end->segment, "", name);
	t->fd = openat(t->dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	t->first_seq = end->segment;
	t->file_len = end->segment_len;
	t->header_len = end->header_len;
	return 0;
}

/* Closed segments that a crash left uncompressed; a few at each opening. */
static void pack_backlog(const struct trail *t, int level)
{
	struct segment_list list;
	char name[SEGMENT_NAME_LEN];
	unsigned n = 0;

	if (segment_list_read(t->dirfd, &list) < 0)
		return;
	for (size_t i = 0; i + 1 < list.n && n < 4; i++)
		if (list.v[i].plain && !list.v[i].packed &&
		    list.v[i].first != t->first_seq) {
			segment_name(list.v[i].first, "", name);
			segment_pack(
			    t->dirfd, list.v[i].first, name, level, NULL);
			n++;
		}
	segment_list_free(&list);
}

/*
 * Before its first segment was there, nothing that a crash left of it was told
 * to anybody: it would be taken for what is left of a longer chain.
 */
static int clear_begun(const struct trail *t, const struct trail_behind *behind)
{
	char name[SEGMENT_NAME_LEN];
	const char *const files[] = {"checkpoint", TRAIL_HOLE, name};
	uint64_t first = 0;
	int r = trail_first(t->dirfd, &first);

	segment_name(behind->tree.size + 1, ".new", name);
	for (size_t i = 0; r == 0 && !first && i < 3; i++)
		if (unlinkat(t->dirfd, files[i], 0) < 0 && errno != ENOENT)
			r = -errno;
	return r;
}

static int begin_behind(
    struct trail *t, const struct trail_behind *behind, struct err *err)
{
	struct trail_hole hole = {.upto = behind->tree.size};
	struct sha256 root;
	int64_t boottime;

	t->chain.now(&hole.time, &boottime);
	snprintf(hole.why, sizeof hole.why, "%s", behind->why);
	merkle_root(&behind->tree, &root);
	return trail_hole_write(
	    t->dirfd, t->chain.origin, t->chain.key, &hole, &root, err);
}

static int trail_start(struct trail *t, const struct trail_config *cfg,
    struct trail_recovery *recovery, struct err *err)
{
	struct chain_end end;
	bool is_new;
	int r = cfg->behind ? clear_begun(t, cfg->behind) : 0;

	if (r == 0)
		r = chain_recover(
		    t->dirfd, cfg, t->chain.boot, &end, recovery, err);
	if (r < 0)
		return r;
	is_new = end.segment == 0;
	if (is_new && cfg->behind) {
		end.tree = cfg->behind->tree;
		r = begin_behind(t, cfg->behind, err);
	}
	if (r < 0)
		return r;
	t->chain.tree = end.tree;
	if (is_new)
		r = checkpoint_put(t);
	if (r == 0)
		r = open_segment(t, &end);
	if (r == 0)
		r = out_begin(t);
	if (r == 0)
		r = sealer_start(&t->sealer, t->dirfd, cfg->level, &t->chain);
	if (r < 0)
		return err_sys(
		    err, r, "cannot open the trail %s", t->chain.origin);
	reserve_make(t);
	pack_backlog(t, cfg->level ? cfg->level : 1);
	return 0;
}

/* A descriptor of our own: the lock is its, and goes with it. */
static int lock_directory(int dirfd, int *ret)
{
	*ret = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 || flock(*ret, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

bool trail_is_open(int dirfd)
{
	CLEANUP_FD int fd = -1;

	return lock_directory(dirfd, &fd) == -EWOULDBLOCK;
}

int trail_open(struct trail **ret, int dirfd, const struct trail_config *cfg,
    struct trail_recovery *recovery, struct err *err)
{
	struct trail_recovery ignored;
	struct trail *t;
	int r;

	t = calloc(1, sizeof *t);
	if (!t)
		return err_sys(err, -ENOMEM, "cannot open the trail");
	t->fd = -1;
	r = chain_init(&t->chain, cfg, err);
	if (r < 0) {
		free(t);
		return r;
	}
	r = lock_directory(dirfd, &t->dirfd);
	if (r == -EWOULDBLOCK)
		r = err_set(err, -EBUSY,
		    "somebody else is writing to the trail %s", cfg->origin);
	else if (r < 0)
		r = err_sys(err, r, "cannot open the directory");
	else
		r = trail_start(t, cfg, recovery ? recovery : &ignored, err);
	if (r < 0)
		trail_abandon(t);
	else
		*ret = t;
	return r;
}
