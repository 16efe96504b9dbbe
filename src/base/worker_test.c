/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct counted {
	struct job job;
	int number;
	pthread_mutex_t *gate;
};

static int run_counted(struct job *job)
{
	struct counted *c = (struct counted *)(void *)job;

	if (c->gate) {
		pthread_mutex_lock(c->gate);
		pthread_mutex_unlock(c->gate);
	}
	if (c->number % 7 == 3)
		return err_set(&job->err, -EIO, "job %d", c->number);
	return c->number;
}

static void test_order(void **state)
{
	struct counted jobs[100];
	struct worker *w;

	assert_int_equal(worker_start(&w, 3), 0);
	assert_null(worker_take(w, true));
	assert_null(worker_take(w, false));
	for (int i = 0; i < 100; i++) {
		jobs[i] = (struct counted){.job.run = run_counted, .number = i};
		worker_give(w, &jobs[i].job);
	}
	for (int i = 0; i < 100; i++) {
		struct job *job = worker_take(w, true);

		assert_ptr_equal(job, &jobs[i].job);
		if (i % 7 == 3)
			assert_int_equal(job->result, -EIO);
		else
			assert_int_equal(job->result, i);
	}
	assert_string_equal(jobs[10].job.err.text, "job 10");
	assert_null(worker_take(w, true));
	worker_stop(w);
	worker_stop(NULL);
}

static void test_not_done_yet(void **state)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct counted a = {.job.run = run_counted, .number = 1, .gate = &gate};
	struct counted b = {.job.run = run_counted, .number = 2};
	struct worker *w;

	pthread_mutex_lock(&gate);
	assert_int_equal(worker_start(&w, 2), 0);
	worker_give(w, &a.job);
	worker_give(w, &b.job);
	assert_null(worker_take(w, false));
	pthread_mutex_unlock(&gate);
	assert_ptr_equal(worker_take(w, true), &a.job);
	assert_ptr_equal(worker_take(w, true), &b.job);
	/* A job can be given again. */
	a.number = 5;
	worker_give(w, &a.job);
	assert_ptr_equal(worker_take(w, true), &a.job);
	assert_int_equal(a.job.result, 5);
	worker_stop(w);
}

static void test_stop_idle(void **state)
{
	struct worker *w;

	for (int i = 0; i < 20; i++) {
		assert_int_equal(worker_start(&w, 0), 0);
		worker_stop(w);
	}
}

static size_t n_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* There is a thread only while there is something to do, and a bit longer. */
static void test_idle_has_no_thread(void **state)
{
	struct counted a = {.job.run = run_counted, .number = 1};
	const size_t before = n_threads();
	struct worker *w;

	assert_int_equal(worker_start(&w, 1), 0);
	assert_int_equal(n_threads(), before);
	worker_give(w, &a.job);
	assert_ptr_equal(worker_take(w, true), &a.job);
	assert_int_equal(n_threads(), before + 1);
	for (int i = 0; i < 600 && n_threads() > before; i++)
		usleep(100000);
	assert_int_equal(n_threads(), before);
	worker_give(w, &a.job);
	assert_ptr_equal(worker_take(w, true), &a.job);
	worker_stop(w);
	assert_int_equal(n_threads(), before);
}

/* Where there can be no thread, the jobs are done all the same. */
static void test_no_thread(void **state)
{
	struct counted jobs[5];
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		const struct rlimit none = {0, 0};
		struct worker *w;
		int bad = setrlimit(RLIMIT_NPROC, &none) || setuid(65534) ||
			  worker_start(&w, 5);

		for (int i = 0; i < 5 && !bad; i++) {
			jobs[i] = (struct counted){
			    .job.run = run_counted, .number = i};
			worker_give(w, &jobs[i].job);
		}
		for (int i = 0; i < 5 && !bad; i++)
			bad = worker_take(w, true) != &jobs[i].job ||
			      jobs[i].job.result != (i == 3 ? -EIO : i);
		if (!bad)
			worker_stop(w);
		_exit(bad);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_not_done_yet),
	    cmocka_unit_test(test_stop_idle),
	    cmocka_unit_test(test_idle_has_no_thread),
	    cmocka_unit_test(test_no_thread),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
