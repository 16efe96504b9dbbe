/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread that does jobs in the order given: compressing a segment, sealing
 * a block. Jobs share nothing with the thread that gave them; the caller gets
 * the result back with worker_take(). The thread is there while there are jobs,
 * and some seconds longer: a hub has thousands of chains that seldom have one.
 * Where none can be had, jobs are done by who gives them.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdbool.h>

#include "base/err.h"

struct worker;

struct job {
	int (*run)(struct job *job); /* in the worker thread */
	int result;		     /* of run, after it is done */
	struct err err;		     /* for run to fill */
	struct job *next;	     /* the worker's */
};

/* `queue_max`: worker_give() waits when so many jobs are not done. -ENOMEM. */
int worker_start(struct worker **ret, unsigned queue_max);
void worker_give(struct worker *w, struct job *job);
/*
 * The oldest job given that was not yet returned, once it is done; NULL when
 * there is none. With `block` false: NULL too when it is not done yet.
 */
struct job *worker_take(struct worker *w, bool block);
/* All jobs must have been taken. NULL is fine. */
void worker_stop(struct worker *w);

#endif
