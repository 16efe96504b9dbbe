/* SPDX-License-Identifier: Apache-2.0 */
#include "record/veil.h"

#include <errno.h>
#include <stdlib.h>

#include "record/held.h"
#include "record/veil_line.h"

enum { SHOWN, ERRORS, TYPED, N_STREAMS };

struct veil {
	const struct mask *mask;
	struct veil_ops ops;
	struct veil_line_ops line_ops;
	struct veil_line lines[N_STREAMS];
	struct held held; /* fates are those of veil_line.h */
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
	if (c->n == 0 || c->at < v->held.base)
		return;
	held_mark(&v->held, c->at, c->at + c->n, BYTE_DROPPED);
	held_mark(&v->held, c->at, c->at + (c->cols < c->n ? c->cols : c->n),
	    BYTE_STAR);
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

static void on_held(void *user, const struct piece *p, const char *fate)
{
	struct veil *v = user;
	struct piece told = *p;

	if (p->bytes.n)
		told.bytes = without(v, p->bytes, fate);
	v->ops.piece(v->ops.user, &told);
}

static void tell(struct veil *v, uint64_t to)
{
	held_tell(&v->held, to, on_held, v);
}

/* Where the first line begins that may still turn out to hold a secret. */
static uint64_t decided(const struct veil *v)
{
	uint64_t to = held_end(&v->held);

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

void veil_piece(struct veil *v, const struct piece *p)
{
	struct veil_line *line = line_of(v, p);
	uint64_t at = held_end(&v->held);

	if (v->error)
		return;
	if (held_add(&v->held, p, line ? p->bytes : take_other(v, p)) < 0)
		v->error = -ENOMEM;
	if (v->error)
		return;
	if (line)
		veil_line_feed(line, at, p->bytes);
	tell(v, decided(v));
	if (held_is_much(&v->held, decided(v)))
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
	for (size_t i = 0; i < N_STREAMS; i++)
		r |= veil_line_init(&v->lines[i], m, &v->line_ops, i == TYPED);
	if (r == 0)
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
	held_free(&v->held);
	buf_free(&v->scratch);
	free(v);
}
