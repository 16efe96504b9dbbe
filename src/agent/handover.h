/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a collector that ends for a new configuration leaves to the one that
 * follows it, so that what is open then goes on: sections by name in memory
 * that both have from the monitor and no file holds. Both are forks of one
 * program: structures may be left as they are, pointers to constants too. It is
 * taken once; after a crash there is nothing.
 */
#ifndef AGENT_HANDOVER_H
#define AGENT_HANDOVER_H

#include "base/buf.h"

/* 0 and its descriptor, or a negative errno. */
int handover_open(int *ret);

/* Append a section. */
void handover_add(struct buf *b, const char *name, struct str content);
/* A slice of what was taken; empty: there is no such section. */
struct str handover_find(const struct buf *b, const char *name);

/* Leave the sections of `b`; a negative errno: nothing is left. */
int handover_leave(int fd, const struct buf *b);
/* Append what was left, and forget it; nothing when nothing was. */
void handover_take(int fd, struct buf *ret);
/* Forget it: nobody goes on. */
void handover_drop(int fd);

#endif
