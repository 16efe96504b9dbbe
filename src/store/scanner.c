/* SPDX-License-Identifier: Apache-2.0 */
#include "store/scanner.h"

#include <errno.h>
#include <stdlib.h>

static int cmp_keys(const void *x, const void *y, void *ctx)
{
	const struct key *a = x, *b = y;

	return position_cmp(ctx, &a->at, &b->at);
}

static int take_keys(struct scan_job *j, struct err *err)
{
	const struct scan *s = j->scan;
	struct rows *rows = &j->rows;
	struct ints time, chain, seq;
	int r;

	if ((r = block_ints(j->block, COL_TIME, &time, err)) < 0 ||
	    (r = block_ints(j->block, COL_CHAIN, &chain, err)) < 0 ||
	    (r = block_ints(j->block, COL_SEQ, &seq, err)) < 0)
		return r;
	rows->keys = malloc(s->n_keep * sizeof *rows->keys);
	if (!rows->keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < block_rows(j->block); i++)
		if (s->keep[i])
			rows->keys[rows->n++] =
			    (struct key){{time.v[i], (uint64_t)chain.v[i],
					     (uint64_t)seq.v[i]},
				i};
	qsort_r(rows->keys, rows->n, sizeof *rows->keys, cmp_keys,
	    (void *)(uintptr_t)s->plan);
	if (rows->n > j->limit) {
		struct key *less;

		rows->n = (size_t)j->limit;
		less = realloc(rows->keys, rows->n * sizeof *less);
		rows->keys = less ? less : rows->keys;
	}
	return 0;
}

static void close_job(struct scan_job *j)
{
	free(j->rows.keys);
	block_close(j->block);
	j->rows.keys = NULL;
	j->block = NULL;
}

static int scan_run(struct job *job)
{
	struct scan_job *j = (struct scan_job *)job;
	int r = j->opened;

	if (r == 0)
		r = scan_block(j->scan, j->block, &job->err);
	if (r == 0 && j->scan->n_keep)
		r = take_keys(j, &job->err);
	if (r < 0 || j->rows.n == 0)
		close_job(j);
	return r;
}

int scanner_init(
    struct scanner *s, struct sql *sql, int blocks_fd, const struct plan *p)
{
	*s = (struct scanner){.plan = p, .sql = sql, .blocks_fd = blocks_fd};
	return scan_init(&s->scan, p);
}

void scanner_ahead(struct scanner *s)
{
	if (!s->worker)
		worker_start(&s->worker, SCAN_AHEAD + 1);
}

static void give(struct scanner *s, uint64_t limit)
{
	size_t n_jobs = s->worker ? SCAN_AHEAD + 1 : 1;

	while (s->given < s->plan->n_blocks && s->given < s->taken + n_jobs) {
		struct scan_job *j = &s->jobs[s->given % (SCAN_AHEAD + 1)];

		*j = (struct scan_job){.job.run = scan_run,
		    .scan = &s->scan,
		    .limit = limit,
		    .rows.block = s->given};
		/* Here: the catalogue's connection is this thread's. */
		j->opened = catalogue_block(s->sql, s->blocks_fd,
		    s->plan->blocks[s->given].id, &j->block, &j->job.err);
		s->given++;
		if (s->worker)
			worker_give(s->worker, &j->job);
		else
			j->job.result = scan_run(&j->job);
	}
}

int scanner_next(struct scanner *s, uint64_t limit, struct rows *rows,
    struct block **block, struct err *err)
{
	struct scan_job *j = &s->jobs[s->taken % (SCAN_AHEAD + 1)];

	give(s, limit);
	if (s->worker)
		worker_take(s->worker, true);
	s->taken++;
	*rows = j->rows;
	*block = j->block;
	if (j->job.result < 0 && err)
		*err = j->job.err;
	return j->job.result;
}

void scanner_free(struct scanner *s)
{
	while (s->worker && worker_take(s->worker, true))
		close_job(&s->jobs[s->taken++ % (SCAN_AHEAD + 1)]);
	worker_stop(s->worker);
	scan_free(&s->scan);
}
