/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_not_done_yet),
	    cmocka_unit_test(test_stop_idle),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
