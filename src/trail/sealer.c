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

/* Segments waiting; each is at most TRAIL_SEGMENT_MAX on the disk. */
#define QUEUE_MAX 3

struct sealer {
	struct worker *worker;
	int dirfd;
	int level;
	int broken;	/* of the worker's thread alone */
	int failed;	/* of the owner's: result of the first that failed */
	struct err err; /* why */
};

struct seal {
	struct job job; /* first, so that a job is its seal */
	struct sealer *sealer;
	int fd;
	uint64_t first;
	bool fresh;
};

int segment_pack(
    int dirfd, uint64_t first, const char *name, int level, struct err *err)
{
	char packed_name[SEGMENT_NAME_LEN];
	struct buf plain = BUF_INIT, packed = BUF_INIT;
	int r = segment_read(dirfd, name, &plain, err);

	if (r == 0)
		r = compress_append(&packed, plain.p, plain.n, level);
	buf_free(&plain);
	segment_name(first, ".zst", packed_name);
	if (r == 0)
		r = fd_replace_file(
		    dirfd, packed_name, 0640, packed.p, packed.n);
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

	segment_name(seal->first, "", final_name);
	if (fdatasync(seal->fd) < 0)
		return -errno;
	if (!seal->fresh)
		return 0;
	if (renameat(dirfd, name, dirfd, final_name) < 0 || fsync(dirfd) < 0)
		return -errno;
	return 0;
}

static int seal_run(struct job *job)
{
	struct seal *seal = (struct seal *)job;
	struct sealer *s = seal->sealer;
	char name[SEGMENT_NAME_LEN];
	int r = s->broken;

	segment_name(seal->first, seal->fresh ? ".new" : "", name);
	if (r == 0 &&
	    segment_pack(s->dirfd, seal->first, name, s->level, NULL) < 0)
		r = keep_plain(seal, name);
	fd_close(&seal->fd);
	if (r < 0 && s->broken == 0)
		err_sys(&job->err, r, "cannot close segment %s", name);
	s->broken = r;
	return r;
}

int sealer_start(struct sealer **ret, int dirfd, int level)
{
	struct sealer *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	s->dirfd = dirfd;
	s->level = level ? level : 1;
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
		if (job->result < 0 && s->failed == 0) {
			s->failed = job->result;
			s->err = job->err;
		}
		free(job);
	}
}

int sealer_give(struct sealer *s, int fd, uint64_t first, bool fresh)
{
	struct seal *seal = calloc(1, sizeof *seal);

	if (!seal) {
		fd_close(&fd);
		return -ENOMEM;
	}
	seal->job.run = seal_run;
	seal->sealer = s;
	seal->fd = fd;
	seal->first = first;
	seal->fresh = fresh;
	sealer_take(s, false);
	worker_give(s->worker, &seal->job);
	return 0;
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
	free(s);
}
