/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/append.h"

#include <errno.h>
#include <stdlib.h>

#include "base/worker.h"
#include "core/event_pack.h"

#define BATCH_LEN   256
#define BATCH_BYTES ((size_t)512 << 10)
/* Enough for some 10 ms: with more threads at work than processors, each is
 * kept from one that long. */
#define N_BATCHES   8

struct batch {
	struct job job; /* first, so that a job is its batch */
	struct appender *appender;
	struct buf events; /* n of them, packed */
	bool was_held[BATCH_LEN];
	size_t n;
	/* What became of them. */
	uint64_t by_kind[EVENT_N_KINDS], seen_again, completed;
};

struct appender {
	struct import_totals *totals;
	struct worker *worker;
	struct batch *batches; /* N_BATCHES */
	size_t n_used;	       /* of them; the others never were */
	struct batch *filling; /* or NULL */
	int failed;	       /* result of the first that failed */
	struct err err;	       /* why */
	/* Of the thread while it has jobs. */
	struct archive *archive;
	struct dedup *dedup;
	int broken;
};

static int append(struct batch *b, struct event *ev, bool was_held)
{
	struct appender *a = b->appender;
	int r = dedup_check(a->dedup, ev, was_held, &b->job.err);

	if (r < 0)
		return r;
	if (r == DEDUP_SEEN) {
		b->seen_again++;
		return 0;
	}
	if (r == DEDUP_COMPLETES) {
		event_set_int(ev, F_AMENDS, true);
		b->completed++;
	}
	r = archive_append(a->archive, ev, &b->job.err);
	if (r == 0)
		b->by_kind[ev->kind]++;
	return r;
}

static int append_batch(struct job *job)
{
	struct batch *b = (struct batch *)job;
	struct appender *a = b->appender;
	const char *at = b->events.p;
	struct event ev;

	for (size_t i = 0; i < b->n && a->broken == 0; i++) {
		at = event_unpack(at, &ev);
		a->broken = append(b, &ev, b->was_held[i]);
	}
	return a->broken;
}

int appender_start(struct appender **ret, struct archive *archive,
    struct dedup *dedup, struct import_totals *totals)
{
	struct appender *a = calloc(1, sizeof *a);
	int r = -ENOMEM;

	if (!a)
		return -ENOMEM;
	a->archive = archive;
	a->dedup = dedup;
	a->totals = totals;
	a->batches = calloc(N_BATCHES, sizeof *a->batches);
	if (a->batches)
		r = worker_start(&a->worker, N_BATCHES);
	if (r < 0)
		appender_stop(a);
	else
		*ret = a;
	return r;
}

static void count(struct appender *a, const struct batch *b)
{
	for (size_t k = 0; k < EVENT_N_KINDS; k++) {
		a->totals->by_kind[k] += b->by_kind[k];
		a->totals->events += b->by_kind[k];
	}
	a->totals->gaps += b->by_kind[EVENT_GAP];
	a->totals->seen_again += b->seen_again;
	a->totals->completed += b->completed;
}

/* The oldest batch that was given, done; NULL when none is given. */
static struct batch *take_back(struct appender *a)
{
	struct batch *b = (struct batch *)worker_take(a->worker, true);

	if (!b)
		return NULL;
	count(a, b);
	if (b->job.result < 0 && a->failed == 0) {
		a->failed = b->job.result;
		a->err = b->job.err;
	}
	return b;
}

static void begin_batch(struct appender *a)
{
	struct batch *b =
	    a->n_used < N_BATCHES ? &a->batches[a->n_used++] : take_back(a);

	b->job.run = append_batch;
	b->appender = a;
	b->n = 0;
	buf_clear(&b->events);
	memset(b->by_kind, 0, sizeof b->by_kind);
	b->seen_again = b->completed = 0;
	a->filling = b;
}

static void give(struct appender *a)
{
	if (a->filling)
		worker_give(a->worker, &a->filling->job);
	a->filling = NULL;
}

static int first_error(const struct appender *a, struct err *err)
{
	if (a->failed && err)
		*err = a->err;
	return a->failed;
}

int appender_add(
    struct appender *a, const struct event *ev, bool was_held, struct err *err)
{
	struct batch *b;

	if (!a->filling)
		begin_batch(a);
	if (a->failed)
		return first_error(a, err);
	b = a->filling;
	event_pack(ev, &b->events);
	if (buf_error(&b->events))
		return err_sys(err, buf_error(&b->events), "import");
	b->was_held[b->n++] = was_held;
	if (b->n == BATCH_LEN || b->events.n >= BATCH_BYTES)
		give(a);
	return 0;
}

int appender_wait(struct appender *a, struct err *err)
{
	give(a);
	while (take_back(a))
		;
	a->n_used = 0;
	return first_error(a, err);
}

void appender_stop(struct appender *a)
{
	if (!a)
		return;
	if (a->worker)
		appender_wait(a, NULL);
	worker_stop(a->worker);
	for (size_t i = 0; a->batches && i < N_BATCHES; i++)
		buf_free(&a->batches[i].events);
	free(a->batches);
	free(a);
}
