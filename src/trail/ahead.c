/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/worker.h"

struct ahead {
	struct job job; /* first: the job is cast back */
	struct worker *worker;
	int dirfd;
	uint64_t first; /* of the one that is read, or was; 0: none */
	struct buf bytes;
	char name[SEGMENT_NAME_LEN];
};

static int run(struct job *job)
{
	struct ahead *a = (struct ahead *)job;

	return segment_load(a->dirfd, a->first, &a->bytes, a->name, &job->err);
}

int ahead_open(struct ahead **ret, int dirfd)
{
	struct ahead *a = calloc(1, sizeof *a);
	int r;

	if (!a)
		return -ENOMEM;
	a->job.run = run;
	a->dirfd = dirfd;
	r = worker_start(&a->worker, 1);
	if (r < 0) {
		free(a);
		return r;
	}
	*ret = a;
	return 0;
}

static uint64_t neighbour(int dirfd, uint64_t before, uint64_t entered)
{
	struct segment_list list;
	uint64_t found = 0;

	if (segment_list_read(dirfd, &list) < 0)
		return 0;
	for (size_t i = 0; i < list.n; i++) {
		uint64_t first = list.v[i].first;

		if (!list.v[i].plain && !list.v[i].packed)
			continue;
		if (entered < before && first < entered)
			found = first;
		if (entered > before && first > entered && !found)
			found = first;
	}
	segment_list_free(&list);
	return found;
}

void ahead_begin(struct ahead *a, uint64_t before, uint64_t entered)
{
	if (before == 0 || before == entered)
		return;
	a->first = neighbour(a->dirfd, before, entered);
	if (a->first)
		worker_give(a->worker, &a->job);
}

bool ahead_take(struct ahead *a, uint64_t first, struct buf *b,
    char name[static SEGMENT_NAME_LEN])
{
	struct job *job = worker_take(a->worker, true);
	struct buf other = *b;

	if (!job || job->result < 0 || a->first != first)
		return false;
	*b = a->bytes;
	a->bytes = other;
	memcpy(name, a->name, SEGMENT_NAME_LEN);
	return true;
}

void ahead_close(struct ahead *a)
{
	if (!a)
		return;
	(void)worker_take(a->worker, true);
	worker_stop(a->worker);
	buf_free(&a->bytes);
	free(a);
}
