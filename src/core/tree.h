/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of one session as a tree. A process stands below the program
 * that its parent was running when it started; a program that replaces
 * another in the same process (env, then python) stands below that one. What
 * has no known parent stands at the root; but sudo starts its command through
 * a process that executes nothing, so what has sudo's arguments stands below.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include "base/buf.h"
#include "base/map.h"
#include "core/event.h"

#define TREE_NONE SIZE_MAX

struct tree_node {
	size_t event;		  /* as given to tree_add() */
	size_t parent;		  /* index of a node, or TREE_NONE */
	size_t first, last, next; /* children, as a list; or TREE_NONE */
	unsigned depth;		  /* 0 at the root; set by tree_finish() */
	bool same_process;	  /* replaced its parent by exec */
	bool ended;		  /* the end of its process was seen */
	int64_t start, ppid;
	int64_t exit;	  /* exit code; -1: not known */
	int64_t signal;	  /* that ended it; -1: none or not known */
	int64_t duration; /* microseconds to the end of the process; -1 */
};

struct tree {
	struct tree_node *nodes; /* in the order of tree_add() */
	size_t n, cap, max;
	size_t *order;	    /* depth first, after tree_finish() */
	size_t dropped;	    /* EXEC events beyond `max` */
	struct map running; /* pid: node + 1 */
	size_t sudo;	    /* last sudo whose command is awaited, or NONE */
	int64_t sudo_pid;
	struct buf sudo_argv;
};

/* `max`: most nodes that are kept. */
void tree_init(struct tree *t, size_t max);
/*
 * Add an EXEC or EXIT event (others are ignored), in the order of time.
 * `event` is any number by which the caller finds it again. -ENOMEM.
 */
int tree_add(struct tree *t, const struct event *ev, size_t event);
/* Sets depth and order. -ENOMEM. */
int tree_finish(struct tree *t);
void tree_free(struct tree *t);

#endif
