/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/input.h"
#include "base/touch.h"
#include "base/worker.h"

/* A source gets so much at once: it copies what it holds back after each. */
#define PIECE_LEN ((size_t)1 << 20)
#define N_PIECES  3
/* Small enough to lie in a core's own cache still when it is hashed. */
#define STEP_LEN  ((size_t)256 << 10)
/* In front of each piece, for the line that the piece before ends within. */
#define ROOM	  ((size_t)64 << 10)

struct piece {
	struct job job; /* first, so that a job is its piece */
	struct ahead *ahead;
	char *memory;
	size_t n;	/* bytes behind the room */
	size_t touched; /* of them: touch_ahead() */
};

struct ahead {
	struct worker *worker;
	struct piece pieces[N_PIECES];
	struct piece *held; /* what was given last, or NULL */
	struct buf window;  /* where the rest is too long for the room */
	/* Of the thread, until it has no more jobs. */
	int fd;
	struct input *in;
	bool compressed, over;
	int result; /* when over: 0, or why it cannot be read further */
	struct err err;
	struct sha256_ctx raw, content;
	uint64_t content_bytes, limit;
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

	p->n = 0;
	while (!a->over && p->n < PIECE_LEN) {
		char *at = p->memory + ROOM + p->n;
		size_t step =
		    PIECE_LEN - p->n < STEP_LEN ? PIECE_LEN - p->n : STEP_LEN;
		uint64_t left = a->limit - a->content_bytes;
		ssize_t n;

		touch_ahead(p->memory + ROOM, PIECE_LEN, p->n, &p->touched);
		if (step > left)
			step = (size_t)left;
		n = step ? input_read(a->in, at, step, &a->err) : 0;
		if (n <= 0) {
			a->over = true;
			a->result = (int)n;
			break;
		}
		sha256_add(&a->content, at, (size_t)n);
		a->content_bytes += (uint64_t)n;
		p->n += (size_t)n;
	}
	job->err = a->err;
	return p->n ? 0 : a->result;
}

static int start(struct ahead *a, int fd, struct err *err)
{
	int r = input_open(&a->in, fd, a->compressed ? tap_raw : NULL, a, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < N_PIECES; i++) {
		a->pieces[i].memory = malloc(ROOM + PIECE_LEN);
		if (!a->pieces[i].memory)
			return err_sys(err, -ENOMEM, "import");
	}
	r = worker_start(&a->worker, N_PIECES);
	if (r < 0)
		return err_sys(err, r, "import");
	for (size_t i = 0; i < N_PIECES; i++)
		worker_give(a->worker, &a->pieces[i].job);
	return 0;
}

int ahead_start(struct ahead **ret, int fd, bool compressed, uint64_t limit,
    struct err *err)
{
	struct ahead *a = calloc(1, sizeof *a);
	int r;

	if (!a)
		return err_sys(err, -ENOMEM, "import");
	a->fd = fd;
	a->compressed = compressed;
	a->limit = limit;
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

/* All of it behind each other in memory that grows. */
static int join(
    struct ahead *a, struct str rest, struct str piece, struct str *ret)
{
	struct buf *w = &a->window;
	const char *from = w->p;

	if (from && rest.p >= from && rest.p <= from + w->n) {
		buf_consume(w, (size_t)(rest.p - from));
	} else {
		buf_clear(w);
		buf_add_str(w, rest);
	}
	buf_add_str(w, piece);
	*ret = buf_str(w);
	return buf_error(w);
}

int ahead_next(
    struct ahead *a, struct str rest, struct str *ret, struct err *err)
{
	struct piece *p = (struct piece *)worker_take(a->worker, true);
	char *at;
	int r = 1;

	*ret = rest;
	/* All are taken: the end was given before. */
	if (!p)
		return 0;
	if (p->n == 0) {
		if (p->job.result < 0 && err)
			*err = p->job.err;
		return p->job.result;
	}
	at = p->memory + ROOM;
	if (rest.n <= ROOM) {
		if (rest.n)
			memcpy(at - rest.n, rest.p, rest.n);
		*ret = str_make(at - rest.n, rest.n + p->n);
	} else if (join(a, rest, str_make(at, p->n), ret) < 0) {
		r = err_sys(err, -ENOMEM, "import");
	}
	if (a->held)
		worker_give(a->worker, &a->held->job);
	a->held = p;
	return r;
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
	char *p = a->pieces[0].memory;

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
		free(a->pieces[i].memory);
	buf_free(&a->window);
	free(a);
}
