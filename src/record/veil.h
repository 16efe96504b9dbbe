/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording without the secrets in what was shown and typed, as the rules of
 * core/mask.h find them. They are looked for in lines, as a terminal makes them
 * of what it is sent: however a secret is divided over pieces, with colours in
 * it, typed letter by letter and mended. A star stands for each column of it,
 * so that all else stays where it was. A piece is held back until the line that
 * it is of is whole, at most for HELD_BYTES_MAX (record/held.h).
 *
 * Where the cursor is sent to another row the line ends: what a program draws
 * in several strokes of its cursor is not seen as one text.
 */
#ifndef RECORD_VEIL_H
#define RECORD_VEIL_H

#include "core/mask.h"
#include "record/piece.h"

#define VEIL_STAR '*'

struct veil_ops {
	/* A secret was found that is yet to be told: whether it is hidden. */
	bool (*hide)(void *user);
	/* The next piece, in order; its bytes live during the call. */
	void (*piece)(void *user, const struct piece *p);
	void *user;
};

struct veil;

/* `m` and what `ops` is of must live longer. NULL: no memory. */
struct veil *veil_new(const struct mask *m, const struct veil_ops *ops);
void veil_free(struct veil *v);
/* How wide the terminal is at the begin; 0: not known. */
void veil_cols(struct veil *v, unsigned cols);
void veil_piece(struct veil *v, const struct piece *p);
/* All that is held back is told. */
void veil_end(struct veil *v);
/* 0, or -ENOMEM since something could not be told. */
int veil_error(const struct veil *v);

#endif
