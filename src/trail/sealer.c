/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/sealer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/worker.h"
#include "trail/pack.h"
#include "trail/segment.h"

/* Segments waiting; each is at most TRAIL_SEGMENT_MAX. */
#define QUEUE_MAX  2
/* Segments that are written, made durable together: fewer commits of the
 * file system's journal, for which everybody that writes there waits. */
#define DRAFTS_MAX 8

struct sealer {
	struct worker *packer;	/* hashes, compresses, writes */
	struct worker *settler; /* makes durable what that one wrote */
	struct chain *chain;	/* of the packer's thread while it has jobs */
	int dirfd;
	int level;
	/* Of the packer's thread alone. */
	int broken;
	struct buf header, packed;
	struct drafts *drafts; /* gathered; NULL: none */
	/* Of the settler's thread while it has jobs. */
	int unsettled;	       /* result of the first that failed */
	struct merkle durable; /* then: the tree before that one */
	/* Of the owner's. */
	int failed;	/* result of the first that failed */
	struct err err; /* why */
	/* The memory of frames that are sealed: of those that waited, and of
	 * those that were gathered meanwhile. */
	struct buf spare[QUEUE_MAX + 1];
	unsigned n_spare;
};

struct seal {
	struct job job; /* first, so that a job is its seal */
	struct sealer *sealer;
	struct sealer_segment segment;
};

struct drafts {
	struct job job; /* first, as above */
	struct sealer *sealer;
	uint64_t first;
	struct merkle before; /* the tree without their frames */
	unsigned n;
	struct fd_draft file[DRAFTS_MAX];
};

/* The bytes of a segment, compressed, to become FIRST.seg.zst. */
static int write_packed(struct fd_draft *file, int dirfd, uint64_t first,
    struct str plain, int level, struct buf *packed)
{
	char name[SEGMENT_NAME_LEN];
	int r;

	buf_clear(packed);
	r = pack_append(packed, plain, level);
	segment_name(first, ".zst", name);
	return r < 0 ? r
		     : fd_draft_write(
			   file, dirfd, name, 0640, packed->p, packed->n);
}

struct packing {
	int fd, level;
};

static int fill_packed(void *ctx, int fd)
{
	const struct packing *p = ctx;

	return pack_file(fd, p->fd, p->level);
}

int segment_pack(
    int dirfd, uint64_t first, const char *name, int level, struct err *err)
{
	struct packing p = {
	    openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
	    level};
	char packed[SEGMENT_NAME_LEN];
	struct stat st;
	int r = 0;

	segment_name(first, ".zst", packed);
	if (p.fd < 0 || fstat(p.fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode) || (size_t)st.st_size > SEGMENT_FILE_MAX)
		r = -EBADMSG;
	/* Both may be found after a loss of power: as one, or it is damage. */
	if (r == 0 && fdatasync(p.fd) < 0)
		r = -errno;
	if (r == 0)
		r = fd_replace_file_by(dirfd, packed, 0640, fill_packed, &p);
	fd_close(&p.fd);
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

static int settle_run(struct job *job)
{
	struct drafts *d = (struct drafts *)job;
	struct sealer *s = d->sealer;
	int r = s->unsettled;

	if (r < 0) {
		for (unsigned i = 0; i < d->n; i++)
			fd_draft_drop(&d->file[i]);
		return r;
	}
	r = fd_drafts_settle(d->file, d->n);
	if (r < 0) {
		s->durable = d->before;
		s->unsettled = r;
		err_sys(&job->err, r,
		    "cannot sync the segments from frame %llu",
		    (unsigned long long)d->first);
	}
	return r;
}

static void settle_drafts(struct sealer *s)
{
	if (s->drafts)
		worker_give(s->settler, &s->drafts->job);
	s->drafts = NULL;
}

/* With room for one more. */
static struct drafts *drafts_of(struct sealer *s, uint64_t first)
{
	struct drafts *d = s->drafts;

	if (d)
		return d;
	d = malloc(sizeof *d);
	if (!d)
		return NULL;
	*d = (struct drafts){.job.run = settle_run,
	    .sealer = s,
	    .first = first,
	    .before = s->chain->tree};
	s->drafts = d;
	return d;
}

/* The header, which has its room in front of the frames, and these. */
static int put_header(struct sealer *s, struct buf *frames, struct str *ret)
{
	size_t at;
	int r;

	buf_clear(&s->header);
	r = chain_header(s->chain, &s->header);
	if (r < 0)
		return r;
	at = SEGMENT_HEADER_MAX - s->header.n;
	memcpy(frames->p + at, s->header.p, s->header.n);
	*ret = str_from(buf_str(frames), at);
	return 0;
}

static int seal_frames(struct seal *seal)
{
	struct sealer *s = seal->sealer;
	struct buf *frames = &seal->segment.frames;
	struct drafts *d = drafts_of(s, seal->segment.first);
	struct str whole;
	int r;

	if (!d)
		return -ENOMEM;
	r = put_header(s, frames, &whole);
	if (r == 0)
		r = write_packed(&d->file[d->n], s->dirfd, seal->segment.first,
		    whole, s->level, &s->packed);
	if (r < 0)
		return r;
	chain_add(s->chain, str_from(buf_str(frames), SEGMENT_HEADER_MAX));
	if (++d->n == DRAFTS_MAX)
		settle_drafts(s);
	return 0;
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
	r = worker_start(&s->packer, QUEUE_MAX);
	if (r == 0)
		r = worker_start(&s->settler, 1);
	if (r < 0)
		sealer_stop(s);
	else
		*ret = s;
	return r;
}

static void note_failure(struct sealer *s, const struct job *job)
{
	if (job->result < 0 && s->failed == 0) {
		s->failed = job->result;
		s->err = job->err;
	}
}

static void sealer_take(struct sealer *s, bool block)
{
	struct job *job;

	while ((job = worker_take(s->packer, block))) {
		struct seal *seal = (struct seal *)job;

		if (seal->segment.frames.p && s->n_spare < QUEUE_MAX + 1)
			s->spare[s->n_spare++] = seal->segment.frames;
		else
			buf_free(&seal->segment.frames);
		note_failure(s, job);
		free(seal);
	}
	if (block)
		settle_drafts(s);
	while ((job = worker_take(s->settler, block))) {
		note_failure(s, job);
		free(job);
	}
	if (block && s->unsettled)
		s->chain->tree = s->durable;
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
	worker_give(s->packer, &seal->job);
	seg->fd = -1;
	seg->frames = s->n_spare ? s->spare[--s->n_spare] : BUF_INIT;
	buf_clear(&seg->frames);
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
	if (s->settler)
		sealer_take(s, true);
	worker_stop(s->packer);
	worker_stop(s->settler);
	buf_free(&s->header);
	buf_free(&s->packed);
	while (s->n_spare)
		buf_free(&s->spare[--s->n_spare]);
	free(s);
}
