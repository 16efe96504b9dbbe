/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that a sender was answered for, and that are not events on the disk
 * yet, as an event of audit waits for all its records: they must not be lost
 * with the hub. A file in the directory "held" of hub/place.h, of lines; to its
 * end is appended, and it is emptied when nothing waits.
 */
#ifndef HUB_HELD_H
#define HUB_HELD_H

#include "base/buf.h"
#include "base/err.h"

#define HELD_DIR  "held"
/* A file of more, most of which does not wait, is written anew. */
#define HELD_MANY ((size_t)64 << 10)

struct held {
	struct buf lines; /* that wait */
	uint64_t base;	  /* of their first byte, in the stream of lines */
	size_t fresh;	  /* bytes at their end that are not in the file */
	uint64_t size;	  /* of the file */
	int fd;		  /* of the file; -1: not open */
};

#define HELD_NONE ((struct held){.fd = -1})

/* -ENOMEM. */
int held_add(struct held *h, struct str line);
/* What comes before `upto` in the stream waits no more. */
void held_trim(struct held *h, uint64_t upto);
/* The stream begins anew; nothing waits. */
void held_restart(struct held *h);
/* All that waits is on the disk when this returns 0. */
int held_sync(struct held *h, int dirfd, const char *name, struct err *err);
/* Append what an earlier process left; nothing: it left nothing. */
int held_read(int dirfd, const char *name, struct buf *ret, struct err *err);
void held_close(struct held *h);

#endif
