/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each commit leaves a block, however small. Where TIER_BLOCKS of about one
 * size have come together they become one, so that there are never many and
 * each event is written a few times at most.
 */
#include <errno.h>

#include "store/writer.h"

#define TIER_BLOCKS 8

static const int64_t tiers[] = {0, 256, 2048, SMALL_BLOCK_ROWS};

static int forget_block(
    struct writer *w, struct block *b, int64_t id, struct err *err)
{
	const struct run *runs;
	uint32_t n;
	int r = block_runs(b, &runs, &n, err);

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = sql_run(&w->sql,
		    "DELETE FROM block_track WHERE track = ?1 AND block = ?2",
		    err, "ui", runs[i].track, id);
	return r < 0 ? r
		     : sql_run(&w->sql, "DELETE FROM block WHERE id = ?1", err,
			   "i", id);
}

static int copy_rows(struct writer *w, struct block *b, struct err *err)
{
	struct event ev;
	int r = 0;

	for (uint32_t row = 0; row < block_rows(b) && r == 0; row++) {
		r = block_event(b, row, NULL, &ev, err);
		if (r < 0)
			return r;
		if (w->hidden.n &&
		    map_get(&w->hidden, hidden_hash(ev.chain, ev.seq))) {
			map_del(&w->hidden, hidden_hash(ev.chain, ev.seq));
			r = sql_run(&w->sql,
			    "DELETE FROM hidden WHERE chain = ?1 AND seq = ?2",
			    err, "uu", ev.chain, ev.seq);
			continue;
		}
		r = builder_add(w->builder, &ev);
		if (r == 0 && builder_full(w->builder))
			r = writer_seal(w, false, err);
	}
	return r;
}

/* To merge takes more than what comes between two commits of a live host. */
static int end_merge(struct writer *w, struct err *err)
{
	int r = writer_seal(w, true, err);

	if (r == 0) {
		builder_shrink(w->builder);
		builder_shrink(w->spare);
	}
	return r;
}

static int merge_tier(
    struct writer *w, int64_t least, int64_t most, struct err *err)
{
	int64_t id = 0;
	int r;

	for (;;) {
		struct block *b;

		/* New blocks get greater numbers and are of a higher tier. */
		r = sql_number(&w->sql,
		    "SELECT min(id) FROM block WHERE data IS NOT NULL"
		    " AND rows >= ?1 AND rows < ?2 AND id > ?3",
		    &id, err, "iii", least, most, id);
		if (r < 0)
			break;
		r = catalogue_block(&w->sql, w->blocks_fd, id, &b, err);
		if (r < 0)
			return r;
		r = copy_rows(w, b, err);
		if (r == 0)
			r = forget_block(w, b, id, err);
		block_close(b);
		if (r < 0)
			return r;
	}
	return r == -ENOENT ? end_merge(w, err) : r;
}

int writer_compact(struct writer *w, struct err *err)
{
	int r = 0;

	w->merging = true;
	for (size_t i = 0; i + 1 < sizeof tiers / sizeof tiers[0]; i++) {
		int64_t n;

		r = sql_number(&w->sql,
		    "SELECT count(*) FROM block WHERE data IS NOT NULL"
		    " AND rows >= ?1 AND rows < ?2",
		    &n, err, "ii", tiers[i], tiers[i + 1]);
		if (r == 0 && n < TIER_BLOCKS)
			continue;
		/* Its blocks may be of this very commit. */
		if (r == 0)
			r = track_blocks_flush(&w->track_blocks, &w->sql, err);
		if (r == 0)
			r = merge_tier(w, tiers[i], tiers[i + 1], err);
		if (r < 0)
			break;
	}
	w->merging = false;
	return r;
}
