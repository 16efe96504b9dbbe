/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/*
 * One list in the order given: first come the n_done jobs that are done, then
 * the n_open ones that are not, beginning with `next`.
 */
struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t given; /* a job to run, or `stop` */
	pthread_cond_t done;  /* a job was done */
	struct job *oldest, *newest;
	struct job *next;
	unsigned n_done, n_open;
	unsigned queue_max;
	bool stop;
};

static struct job *wait_for_job(struct worker *w)
{
	while (!w->next && !w->stop)
		pthread_cond_wait(&w->given, &w->lock);
	return w->next;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while ((job = wait_for_job(w))) {
		pthread_mutex_unlock(&w->lock);
		job->result = job->run(job);
		pthread_mutex_lock(&w->lock);
		w->next = job->next;
		w->n_open--;
		w->n_done++;
		pthread_cond_broadcast(&w->done);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Signals belong to the thread that has the event loop. */
static int start_thread(struct worker *w)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

static void worker_free(struct worker *w)
{
	pthread_cond_destroy(&w->done);
	pthread_cond_destroy(&w->given);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int worker_start(struct worker **ret, unsigned queue_max)
{
	struct worker *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->queue_max = queue_max ? queue_max : 1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->given, NULL);
	pthread_cond_init(&w->done, NULL);
	r = start_thread(w);
	if (r) {
		worker_free(w);
		return r;
	}
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
	pthread_cond_signal(&w->given);
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
	pthread_join(w->thread, NULL);
	worker_free(w);
}
