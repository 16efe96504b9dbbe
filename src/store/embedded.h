/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store's own structs, shared by the files that make it up. */
#ifndef STORE_EMBEDDED_H
#define STORE_EMBEDDED_H

#include <sys/types.h>

#include "store/plan.h"
#include "store/track_row.h"

struct writer;

struct embedded {
	struct store base; /* first */
	char *path;
	int blocks_fd;
	dev_t dev; /* of the catalogue's file, when it was opened */
	ino_t ino;
	struct sql read;       /* for questions without a cursor */
	struct writer *writer; /* STORE_WRITE only */
};

struct event_walk;
struct session_walk;

/*
 * Each cursor has a connection of its own, a snapshot of its own, and the
 * blocks that belong to it: an index made again may have taken the place of the
 * one that the store was opened with.
 */
struct store_cursor {
	struct sql sql;
	int blocks_fd;		   /* locked, see embedded_remove() */
	struct event_walk *events; /* one of these two */
	struct session_walk *sessions;
};

/* event_walk.c */
int event_walk_open(struct event_walk **ret, struct sql *s, int blocks_fd,
    const struct query *q, struct err *err);
int event_walk_next(struct event_walk *w, struct event *ret, struct err *err);
int event_walk_mark(const struct event_walk *w, struct buf *ret);
void event_walk_close(struct event_walk *w);

/* session_walk.c */
int session_walk_open(struct session_walk **ret, struct sql *s, int blocks_fd,
    const struct query *q, struct err *err);
int session_walk_next(
    struct session_walk *w, struct session *ret, struct err *err);
int session_walk_mark(const struct session_walk *w, struct buf *ret);
void session_walk_close(struct session_walk *w);

/* count.c */
struct count_sink {
	int (*row)(void *ctx, const struct group_row *r);
	void *ctx;
};
int events_count(struct sql *s, int blocks_fd, const struct query *q,
    unsigned groups, const struct count_sink *sink, struct err *err);

#endif
