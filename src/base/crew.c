/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

struct crew {
	void (*fn)(void *ctx, size_t i);
	void *ctx;
	size_t n;
	atomic_size_t next;
};

static void *work(void *arg)
{
	struct crew *c = arg;
	size_t i;

	while ((i = atomic_fetch_add(&c->next, 1)) < c->n)
		c->fn(c->ctx, i);
	return NULL;
}

void crew_each(size_t n, void (*fn)(void *ctx, size_t i), void *ctx)
{
	struct crew c = {.fn = fn, .ctx = ctx, .n = n};
	pthread_t threads[CREW_MAX - 1];
	size_t begun = 0;
	sigset_t all, old;

	/* Signals belong to the thread that has the event loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (begun + 1 < n && begun < CREW_MAX - 1 &&
	       pthread_create(&threads[begun], NULL, work, &c) == 0)
		begun++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	work(&c);
	for (size_t i = 0; i < begun; i++)
		pthread_join(threads[i], NULL);
}
