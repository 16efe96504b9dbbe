/* SPDX-License-Identifier: Apache-2.0 */
#include "record/veil.h"

#include <errno.h>
#include <stdlib.h>

#include "record/veil_line.h"

#define HELD_PIECES_MAX 8192

/* A piece that is held back; its bytes lie in those of the veil. */
struct held {
	struct piece piece;
	size_t n;
};

enum { SHOWN, ERRORS, TYPED, N_STREAMS };

struct veil {
	const struct mask *mask;
	struct veil_ops ops;
	struct veil_line_ops line_ops;
	struct veil_line lines[N_STREAMS];
	struct held *held; /* n_held of HELD_PIECES_MAX, in order */
	size_t n_held;
	/* Of all that came, those from the base-th on, and what becomes of
	 * each. */
	uint64_t base;
	struct buf bytes, fate;
	struct buf scratch;
	int error;
};

static bool on_hide(void *user)
{
	struct veil *v = user;

	return v->ops.hide(v->ops.user);
}

static void on_cell(void *user, const struct veil_cell *c)
{
	struct veil *v = user;

	/* What is told already stays told. */
	if (c->n == 0 || c->at < v->base)
		return;
	for (unsigned i = 0; i < c->n; i++) {
		size_t at = (size_t)(c->at - v->base) + i;

		if (at < v->fate.n)
			v->fate.p[at] = i < c->cols ? BYTE_STAR : BYTE_DROPPED;
	}
}

static struct str without(struct veil *v, struct str bytes, const char *fate)
{
	if (!memchr(fate, BYTE_STAR, bytes.n) &&
	    !memchr(fate, BYTE_DROPPED, bytes.n))
		return bytes;
	buf_clear(&v->scratch);
	for (size_t i = 0; i < bytes.n; i++)
		if (fate[i] != BYTE_DROPPED)
			buf_add_char(&v->scratch,
			    fate[i] == BYTE_STAR ? VEIL_STAR : bytes.p[i]);
	if (buf_error(&v->scratch))
		v->error = -ENOMEM;
	return buf_str(&v->scratch);
}

/* Tell those pieces of which all bytes lie before `to`. */
static void tell(struct veil *v, uint64_t to)
{
	size_t i, at = 0;

	for (i = 0; i < v->n_held && v->base + at + v->held[i].n <= to; i++) {
		struct piece *p = &v->held[i].piece;
		size_t n = v->held[i].n;

		p->bytes = STR_NONE;
		if (n)
			p->bytes = without(
			    v, str_make(v->bytes.p + at, n), v->fate.p + at);
		v->ops.piece(v->ops.user, p);
		at += n;
	}
	if (i == 0)
		return;
	v->n_held -= i;
	memmove(v->held, v->held + i, v->n_held * sizeof *v->held);
	buf_consume(&v->bytes, at);
	buf_consume(&v->fate, at);
	v->base += at;
}

/* Where the first line begins that may still turn out to hold a secret. */
static uint64_t decided(const struct veil *v)
{
	uint64_t to = v->base + v->bytes.n;

	for (size_t i = 0; i < N_STREAMS; i++)
		if (v->lines[i].from < to)
			to = v->lines[i].from;
	return to;
}

/* Lines go on, but nothing of them is held any more. */
static void tell_all(struct veil *v)
{
	for (size_t i = 0; i < N_STREAMS; i++) {
		veil_line_look(&v->lines[i]);
		v->lines[i].from = UINT64_MAX;
	}
	tell(v, UINT64_MAX);
}

static struct veil_line *line_of(struct veil *v, const struct piece *p)
{
	switch (p->type) {
	case PIECE_OUTPUT:
		return &v->lines[SHOWN];
	case PIECE_ERRORS:
		return &v->lines[ERRORS];
	case PIECE_INPUT:
		return &v->lines[TYPED];
	default:
		return NULL;
	}
}

/* What else may hold a secret, or ends the lines. */
static struct str take_other(struct veil *v, const struct piece *p)
{
	size_t n;

	if (p->type == PIECE_SIZE)
		veil_cols(v, p->cols);
	if (p->type == PIECE_SIZE || p->type == PIECE_HOLE)
		veil_line_cut(&v->lines[SHOWN]);
	if (p->type != PIECE_MARK)
		return p->bytes;
	buf_clear(&v->scratch);
	n = mask_text(v->mask, p->bytes, &v->scratch);
	if (buf_error(&v->scratch))
		v->error = -ENOMEM;
	for (bool hidden = n > 0; n; n--) {
		hidden &= v->ops.hide(v->ops.user);
		if (!hidden)
			return p->bytes;
	}
	return buf_str(&v->scratch);
}

static void hold(struct veil *v, const struct piece *p, struct str bytes)
{
	v->held[v->n_held++] = (struct held){*p, bytes.n};
	buf_add_str(&v->bytes, bytes);
	if (buf_reserve(&v->fate, bytes.n)) {
		memset(v->fate.p + v->fate.n, BYTE_KEPT, bytes.n);
		v->fate.n += bytes.n;
	}
	if (buf_error(&v->bytes) || buf_error(&v->fate))
		v->error = -ENOMEM;
}

void veil_piece(struct veil *v, const struct piece *p)
{
	struct veil_line *line = line_of(v, p);
	uint64_t at = v->base + v->bytes.n;

	if (v->error)
		return;
	hold(v, p, line ? p->bytes : take_other(v, p));
	if (v->error)
		return;
	if (line)
		veil_line_feed(line, at, p->bytes);
	tell(v, decided(v));
	if (v->base + v->bytes.n - decided(v) > VEIL_HELD_MAX ||
	    v->n_held == HELD_PIECES_MAX)
		tell_all(v);
}

void veil_cols(struct veil *v, unsigned cols)
{
	v->lines[SHOWN].cols = cols;
}

void veil_end(struct veil *v)
{
	if (!v->error)
		tell_all(v);
}

int veil_error(const struct veil *v)
{
	int error = v->error;

	for (size_t i = 0; i < N_STREAMS; i++)
		error = error ? error : v->lines[i].error;
	return error;
}

struct veil *veil_new(const struct mask *m, const struct veil_ops *ops)
{
	struct veil *v = calloc(1, sizeof *v);
	int r = 0;

	if (!v)
		return NULL;
	v->mask = m;
	v->ops = *ops;
	v->line_ops = (struct veil_line_ops){on_hide, on_cell, v};
	v->held = calloc(HELD_PIECES_MAX, sizeof *v->held);
	for (size_t i = 0; i < N_STREAMS; i++)
		r |= veil_line_init(&v->lines[i], m, &v->line_ops, i == TYPED);
	if (r == 0 && v->held)
		return v;
	veil_free(v);
	return NULL;
}

void veil_free(struct veil *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < N_STREAMS; i++)
		veil_line_free(&v->lines[i]);
	free(v->held);
	buf_free(&v->bytes);
	buf_free(&v->fate);
	buf_free(&v->scratch);
	free(v);
}
