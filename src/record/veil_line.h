/* SPDX-License-Identifier: Apache-2.0 */
/* The line that a stream of a recording is at, with where its bytes came. */
#ifndef RECORD_VEIL_LINE_H
#define RECORD_VEIL_LINE_H

#include "core/mask.h"
#include "record/sequence.h"

/* What is to become of a byte. */
enum { BYTE_KEPT, BYTE_STAR, BYTE_DROPPED };

/* Longer lines are looked at in parts, which share so many columns. */
#define VEIL_LINE_MAX  4096
#define VEIL_LINE_KEPT 1024

struct veil_cell {
	uint64_t at; /* its first byte, of all that came */
	uint8_t n;   /* how many these are; 0: nothing was written there */
	uint8_t cols;
	bool seen; /* since it was written the line was looked at */
	bool hidden;
	bool counted;  /* the secret that it is of was */
	char bytes[4]; /* of the character, n_bytes; none: a right half */
	uint8_t n_bytes;
};

struct veil_line_ops {
	/* A secret was found: whether it is hidden. */
	bool (*hide)(void *user);
	/* So is this cell. */
	void (*cell)(void *user, const struct veil_cell *c);
	void *user;
};

struct veil_line {
	const struct mask *mask;
	const struct veil_line_ops *ops;
	struct sequence_parser parser;
	struct veil_cell *cells; /* n of VEIL_LINE_MAX */
	size_t n, x;
	size_t cols;   /* of the terminal; 0: it has no end */
	uint64_t from; /* the first byte that is not looked at; UINT64_MAX */
	uint64_t at, begun; /* the byte, and the character, being read */
	char byte;
	size_t written; /* cells since the line was looked at */
	bool typed;	/* what was sent, not what was shown */
	bool hides;	/* the last answer of ops->hide */
	bool runs;	/* the part before this one ended in a secret */
	unsigned block; /* bytes of a block that began in a line before */
	struct buf text;
	uint8_t *marks; /* of the text, at most 4 bytes a cell */
	int error;
};

int veil_line_init(struct veil_line *l, const struct mask *m,
    const struct veil_line_ops *ops, bool typed);
void veil_line_free(struct veil_line *l);
/* Bytes of which the first one is the `at`-th of all. */
void veil_line_feed(struct veil_line *l, uint64_t at, struct str bytes);
/* Look at what stands there, which goes on. */
void veil_line_look(struct veil_line *l);
/* What follows has nothing to do with what came. */
void veil_line_cut(struct veil_line *l);
void veil_line_end(struct veil_line *l);

#endif
