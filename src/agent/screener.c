/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/screener.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/recorded.h"
#include "archive/screens.h"
#include "base/array.h"
#include "base/loop.h"
#include "base/when.h"

#define WORK_USEC  20000
#define STEP_BYTES ((uint64_t)512 << 10)
/* More that wait are left to a later run. */
#define WAIT_MAX   ((size_t)1 << 20)

void screener_add(struct screener *s, uint64_t number, uint64_t last)
{
	if (s->n == WAIT_MAX ||
	    array_grow(&s->v, s->n, &s->cap, sizeof *s->v) < 0)
		return;
	s->v[s->n++] = (struct screened){number, last};
}

static int add_ended(void *ctx, const struct recording *row)
{
	struct screener *s = ctx;

	if (row->last && row->end >= s->recent && str_eq(row->chain, s->chain))
		screener_add(s, row->number, row->last);
	return 0;
}

int screener_open(
    struct screener *s, struct archive *a, struct str chain, struct err *err)
{
	const struct recording_query q = {.host = chain};
	struct store *store = archive_store(a);

	*s = (struct screener){
	    /* Of what is older all was made, or it is where somebody asks. */
	    .archive = a,
	    .chain = chain,
	    .recent = time_now() - RECORDED_RECENT};
	return store->ops->recordings(store, &q, add_ended, s, err);
}

void screener_work(struct screener *s)
{
	int64_t until = loop_now() + WORK_USEC;
	struct piece_reader pieces = {0};

	while (s->n && loop_now() < until) {
		const struct screened *next = &s->v[s->n - 1];
		const struct recording one = {.chain = s->chain,
		    .number = next->number,
		    .last = next->last};
		struct err ignored;

		if (screens_extend(
			s->archive, &one, STEP_BYTES, &pieces, &ignored) <= 0)
			s->n--;
	}
	piece_reader_close(&pieces);
}

void screener_close(struct screener *s)
{
	free(s->v);
	*s = (struct screener){.archive = NULL};
}
