/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* A thread without jobs ends after so long; the next job begins another. */
#define LINGER_SEC 10

/*
 * One list in the order given: first come the n_done jobs that are done, then
 * the n_open ones that are not, beginning with `next`.
 */
struct worker {
	pthread_t thread;
	bool has_thread; /* it is to be joined ... */
	bool running;	 /* ... and takes jobs still */
	pthread_mutex_t lock;
	pthread_cond_t given; /* a job to run, or `stop` */
	pthread_cond_t done;  /* a job was done */
	struct job *oldest, *newest;
	struct job *next;
	unsigned n_done, n_open;
	unsigned queue_max;
	bool stop;
};

/* Until there is none; with the lock, but while one runs. */
static void run_given(struct worker *w)
{
	struct job *job;

	while ((job = w->next)) {
		pthread_mutex_unlock(&w->lock);
		job->result = job->run(job);
		pthread_mutex_lock(&w->lock);
		w->next = job->next;
		w->n_open--;
		w->n_done++;
		pthread_cond_broadcast(&w->done);
	}
}

/* False: there is none, and will be none soon. */
static bool wait_for_job(struct worker *w)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LINGER_SEC;
	while (!w->next && !w->stop && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&w->given, &w->lock, &until);
	return w->next != NULL;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	do {
		run_given(w);
	} while (wait_for_job(w));
	w->running = false;
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/*
 * With the lock. Signals belong to the thread that has the event loop. Where no
 * thread can be had, `running` stays false.
 */
static void start_thread(struct worker *w)
{
	sigset_t all, old;

	/* One that ended needs the lock no more. */
	if (w->has_thread)
		pthread_join(w->thread, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	w->has_thread = w->running =
	    pthread_create(&w->thread, NULL, worker_main, w) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

int worker_start(struct worker **ret, unsigned queue_max)
{
	struct worker *w = calloc(1, sizeof *w);
	pthread_condattr_t clock;

	if (!w)
		return -ENOMEM;
	w->queue_max = queue_max ? queue_max : 1;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->given, &clock);
	pthread_cond_init(&w->done, NULL);
	pthread_condattr_destroy(&clock);
	*ret = w;
	return 0;
}

void worker_give(struct worker *w, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&w->lock);
	while (w->n_open >= w->queue_max)
		pthread_cond_wait(&w->done, &w->lock);
	if (w->newest)
		w->newest->next = job;
	else
		w->oldest = job;
	w->newest = job;
	if (!w->next)
		w->next = job;
	w->n_open++;
	if (!w->running)
		start_thread(w);
	if (w->running)
		pthread_cond_signal(&w->given);
	else
		run_given(w);
	pthread_mutex_unlock(&w->lock);
}

struct job *worker_take(struct worker *w, bool block)
{
	struct job *job = NULL;

	pthread_mutex_lock(&w->lock);
	while (block && w->oldest && w->n_done == 0)
		pthread_cond_wait(&w->done, &w->lock);
	if (w->n_done)
		job = w->oldest;
	if (job) {
		w->oldest = job->next;
		if (!w->oldest)
			w->newest = NULL;
		w->n_done--;
		job->next = NULL;
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

void worker_stop(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&w->lock);
	if (w->has_thread)
		pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->done);
	pthread_cond_destroy(&w->given);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
