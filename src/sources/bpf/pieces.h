/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long arguments come in pieces before the record of their exec, mixed with
 * records of other processors: here they wait for it.
 */
#ifndef SOURCES_BPF_PIECES_H
#define SOURCES_BPF_PIECES_H

#include "base/buf.h"
#include "sources/bpf/record.h"

#define PIECES_OPEN_MAX 64

struct piece_list {
	struct buf text; /* from the first byte on, without a hole */
	uint64_t begin;	 /* offset of its first record; 0 bytes: free */
	uint64_t time;
	uint32_t pid;
};

struct pieces {
	struct piece_list open[PIECES_OPEN_MAX];
};

void pieces_free(struct pieces *p);

/*
 * Keep one piece; `offset` is where its record stands. False when it follows
 * nothing that is at hand, or there is no memory. Where too many wait, the one
 * that waits longest is given up.
 */
bool pieces_add(struct pieces *p, const struct rec_args *piece,
    const char *text, uint64_t offset);

/* What was kept for this exec, or NULL; it is the caller's to pieces_drop(). */
struct piece_list *pieces_find(struct pieces *p, uint32_t pid, uint64_t time);
void pieces_drop(struct piece_list *list);

/* The process goes on: an exec that was not told until now never will be. */
void pieces_forget(struct pieces *p, uint32_t pid);

/* Offset of the first record that waits, or `end`. */
uint64_t pieces_held(const struct pieces *p, uint64_t end);

#endif
