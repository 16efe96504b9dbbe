/* SPDX-License-Identifier: Apache-2.0 */
#include "store/track_blocks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

/* 12 MiB before they are written. */
#define TRACK_BLOCKS_MAX ((size_t)512 << 10)

/* As the catalogue has them: signed. */
static int cmp(const void *x, const void *y)
{
	const struct track_block *a = x, *b = y;
	const int64_t s = id_to_sql(a->track), t = id_to_sql(b->track);

	if (s != t)
		return s < t ? -1 : 1;
	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

int track_blocks_add(struct track_blocks *t, struct sql *s, int64_t block,
    const struct run *run, struct err *err)
{
	if (t->n == TRACK_BLOCKS_MAX) {
		int r = track_blocks_flush(t, s, err);

		if (r < 0)
			return r;
	}
	if (array_grow(&t->v, t->n, &t->cap, sizeof *t->v) < 0)
		return -ENOMEM;
	t->v[t->n++] =
	    (struct track_block){run->track, block, run->first, run->n};
	return 0;
}

int track_blocks_flush(struct track_blocks *t, struct sql *s, struct err *err)
{
	int r = 0;

	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, cmp);
	for (size_t i = 0; i < t->n && r == 0; i++)
		r = sql_run(s,
		    "INSERT INTO block_track VALUES(?1, ?2, ?3, ?4)"
		    " ON CONFLICT DO NOTHING",
		    err, "uiii", t->v[i].track, t->v[i].block,
		    (int64_t)t->v[i].first, (int64_t)t->v[i].n);
	t->n = 0;
	return r;
}

void track_blocks_free(struct track_blocks *t)
{
	free(t->v);
	*t = (struct track_blocks){NULL, 0, 0};
}
