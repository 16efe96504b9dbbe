/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/input.h"
#include "base/worker.h"

/* Small enough to lie in a core's own cache still when it is hashed. */
#define PIECE_LEN ((size_t)256 << 10)
#define N_PIECES  8

struct piece {
	struct job job; /* first, so that a job is its piece */
	struct ahead *ahead;
	char *p;
	ssize_t n; /* read, or the error */
};

struct ahead {
	struct worker *worker;
	struct piece pieces[N_PIECES];
	/* Of the thread, until it has no more jobs. */
	int fd;
	struct input *in;
	bool compressed, over;
	struct sha256_ctx raw, content;
	uint64_t content_bytes;
};

static void tap_raw(void *ctx, const void *p, size_t n)
{
	struct ahead *a = ctx;

	sha256_add(&a->raw, p, n);
}

static int read_piece(struct job *job)
{
	struct piece *p = (struct piece *)job;
	struct ahead *a = p->ahead;

	p->n = a->over ? 0 : input_read(a->in, p->p, PIECE_LEN, &job->err);
	a->over = a->over || p->n <= 0;
	if (p->n > 0) {
		sha256_add(&a->content, p->p, (size_t)p->n);
		a->content_bytes += (uint64_t)p->n;
	}
	return 0;
}

static int start(struct ahead *a, int fd, struct err *err)
{
	int r = input_open(&a->in, fd, a->compressed ? tap_raw : NULL, a, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < N_PIECES; i++) {
		a->pieces[i].p = malloc(PIECE_LEN);
		if (!a->pieces[i].p)
			return err_sys(err, -ENOMEM, "import");
	}
	r = worker_start(&a->worker, N_PIECES);
	if (r < 0)
		return err_sys(err, r, "import");
	for (size_t i = 0; i < N_PIECES; i++)
		worker_give(a->worker, &a->pieces[i].job);
	return 0;
}

int ahead_start(struct ahead **ret, int fd, bool compressed, struct err *err)
{
	struct ahead *a = calloc(1, sizeof *a);
	int r;

	if (!a)
		return err_sys(err, -ENOMEM, "import");
	a->fd = fd;
	a->compressed = compressed;
	sha256_init(&a->raw);
	sha256_init(&a->content);
	for (size_t i = 0; i < N_PIECES; i++) {
		a->pieces[i].job.run = read_piece;
		a->pieces[i].ahead = a;
	}
	r = start(a, fd, err);
	if (r < 0) {
		ahead_stop(a);
		return r;
	}
	*ret = a;
	return 0;
}

int ahead_next(struct ahead *a, struct buf *window, struct err *err)
{
	struct piece *p = (struct piece *)worker_take(a->worker, true);
	int r;

	/* Both are taken: the end was given before. */
	if (!p)
		return 0;
	if (p->n <= 0) {
		r = (int)p->n;
		if (r < 0 && err)
			*err = p->job.err;
		return r;
	}
	buf_add(window, p->p, (size_t)p->n);
	worker_give(a->worker, &p->job);
	r = buf_error(window);
	return r < 0 ? err_sys(err, r, "import") : 1;
}

static void wait_for_thread(struct ahead *a)
{
	while (a->worker && worker_take(a->worker, true))
		;
}

/*
 * What lies behind the damage, and no further: what is appended meanwhile may
 * mend it, and would pass for read.
 */
static uint64_t hash_rest(
    const struct ahead *a, struct sha256_ctx *sha, uint64_t size)
{
	uint64_t at = input_raw_bytes(a->in);
	char *p = a->pieces[0].p;

	while (at < size) {
		size_t want =
		    size - at < PIECE_LEN ? (size_t)(size - at) : PIECE_LEN;
		ssize_t n = fd_read_full(a->fd, p, want);

		if (n <= 0)
			break;
		sha256_add(sha, p, (size_t)n);
		at += (uint64_t)n;
	}
	return at;
}

void ahead_digest(struct ahead *a, uint64_t size, struct file_digest *ret)
{
	struct sha256_ctx content, raw;

	wait_for_thread(a);
	content = a->content;
	raw = a->compressed ? a->raw : a->content;
	sha256_final(&content, &ret->content);
	ret->content_bytes = a->content_bytes;
	ret->raw_bytes = hash_rest(a, &raw, size);
	sha256_final(&raw, &ret->raw);
}

void ahead_stop(struct ahead *a)
{
	if (!a)
		return;
	wait_for_thread(a);
	worker_stop(a->worker);
	input_close(a->in);
	for (size_t i = 0; i < N_PIECES; i++)
		free(a->pieces[i].p);
	free(a);
}
