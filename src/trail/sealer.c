/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/sealer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compress.h"
#include "base/fd.h"
#include "base/worker.h"
#include "trail/segment.h"

/* Segments waiting; each is at most TRAIL_SEGMENT_MAX. */
#define QUEUE_MAX 2

struct sealer {
	struct worker *worker;
	struct chain *chain; /* of the worker's thread while it has jobs */
	int dirfd;
	int level;
	/* Of the worker's thread alone. */
	int broken;
	struct buf plain, packed;
	/* Of the owner's. */
	int failed;	  /* result of the first that failed */
	struct err err;	  /* why */
	struct buf spare; /* the memory of frames that are sealed */
};

struct seal {
	struct job job; /* first, so that a job is its seal */
	struct sealer *sealer;
	struct sealer_segment segment;
};

/* The bytes of a segment, compressed, as FIRST.seg.zst. */
static int put_packed(
    int dirfd, uint64_t first, struct str plain, int level, struct buf *packed)
{
	char name[SEGMENT_NAME_LEN];
	int r;

	buf_clear(packed);
	r = compress_append(packed, plain.p, plain.n, level);
	segment_name(first, ".zst", name);
	return r < 0 ? r
		     : fd_replace_file(dirfd, name, 0640, packed->p, packed->n);
}

int segment_pack(
    int dirfd, uint64_t first, const char *name, int level, struct err *err)
{
	struct buf plain = BUF_INIT, packed = BUF_INIT;
	int r = segment_read(dirfd, name, &plain, err);

	if (r == 0)
		r = put_packed(dirfd, first, buf_str(&plain), level, &packed);
	buf_free(&plain);
	buf_free(&packed);
	if (r == 0 && unlinkat(dirfd, name, 0) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot compress %s", name) : 0;
}

/* No room to compress: the plain file does as well. */
static int keep_plain(struct seal *seal, const char *name)
{
	char final_name[SEGMENT_NAME_LEN];
	int dirfd = seal->sealer->dirfd;

	segment_name(seal->segment.first, "", final_name);
	if (fdatasync(seal->segment.fd) < 0)
		return -errno;
	if (!seal->segment.fresh)
		return 0;
	if (renameat(dirfd, name, dirfd, final_name) < 0 || fsync(dirfd) < 0)
		return -errno;
	return 0;
}

static int seal_file(struct seal *seal)
{
	const struct sealer *s = seal->sealer;
	char name[SEGMENT_NAME_LEN];
	int r;

	segment_name(
	    seal->segment.first, seal->segment.fresh ? ".new" : "", name);
	r = segment_pack(s->dirfd, seal->segment.first, name, s->level, NULL);
	if (r < 0)
		r = keep_plain(seal, name);
	/* Its frames are in the tree already: no full disk to go on from. */
	return r < 0 ? -EIO : 0;
}

static int seal_frames(struct seal *seal)
{
	struct sealer *s = seal->sealer;
	struct str frames = buf_str(&seal->segment.frames);
	int r;

	buf_clear(&s->plain);
	r = chain_header(s->chain, &s->plain);
	buf_add_str(&s->plain, frames);
	if (r == 0)
		r = buf_error(&s->plain);
	if (r == 0)
		r = put_packed(s->dirfd, seal->segment.first,
		    buf_str(&s->plain), s->level, &s->packed);
	if (r == 0)
		chain_add(s->chain, frames);
	return r;
}

static int seal_run(struct job *job)
{
	struct seal *seal = (struct seal *)job;
	struct sealer *s = seal->sealer;
	int r = s->broken;

	if (r == 0)
		r = seal->segment.fd >= 0 ? seal_file(seal) : seal_frames(seal);
	fd_close(&seal->segment.fd);
	if (r < 0 && s->broken == 0)
		err_sys(&job->err, r, "cannot close the segment of frame %llu",
		    (unsigned long long)seal->segment.first);
	s->broken = r;
	return r;
}

int sealer_start(struct sealer **ret, int dirfd, int level, struct chain *chain)
{
	struct sealer *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	s->dirfd = dirfd;
	s->level = level ? level : 1;
	s->chain = chain;
	r = worker_start(&s->worker, QUEUE_MAX);
	if (r < 0)
		free(s);
	else
		*ret = s;
	return r;
}

static void sealer_take(struct sealer *s, bool block)
{
	struct job *job;

	while ((job = worker_take(s->worker, block))) {
		struct seal *seal = (struct seal *)job;

		if (job->result < 0 && s->failed == 0) {
			s->failed = job->result;
			s->err = job->err;
		}
		if (seal->segment.frames.cap > s->spare.cap) {
			buf_free(&s->spare);
			s->spare = seal->segment.frames;
			buf_clear(&s->spare);
		} else {
			buf_free(&seal->segment.frames);
		}
		free(seal);
	}
}

int sealer_give(struct sealer *s, struct sealer_segment *seg)
{
	struct seal *seal = calloc(1, sizeof *seal);

	if (!seal) {
		fd_close(&seg->fd);
		buf_free(&seg->frames);
		seg->frames = BUF_INIT;
		return -ENOMEM;
	}
	seal->job.run = seal_run;
	seal->sealer = s;
	seal->segment = *seg;
	worker_give(s->worker, &seal->job);
	seg->fd = -1;
	seg->frames = s->spare;
	s->spare = BUF_INIT;
	return 0;
}

int sealer_failed(struct sealer *s)
{
	sealer_take(s, false);
	return s->failed;
}

int sealer_wait(struct sealer *s, struct err *err)
{
	sealer_take(s, true);
	return s->failed ? err_set(err, s->failed, "%s", s->err.text) : 0;
}

void sealer_stop(struct sealer *s)
{
	if (!s)
		return;
	sealer_take(s, true);
	worker_stop(s->worker);
	buf_free(&s->plain);
	buf_free(&s->packed);
	buf_free(&s->spare);
	free(s);
}
