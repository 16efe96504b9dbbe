/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in the order of (time, chain, seq). Blocks are scanned when the walk
 * comes to their time, so the first page needs only a few; rows of blocks
 * that overlap are merged with a heap. Rows are read from their columns in
 * batches, block by block, so that many overlapping blocks need not be held
 * in memory together. Behind the first pages a thread scans the next blocks
 * while rows are read here and used by the caller.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "store/block_cache.h"
#include "store/embedded.h"
#include "store/scanner.h"

#define BATCH_FIRST 64
#define BATCH_MAX   8192
#define OWNERS_MAX  65536
/* Who has read so many rows will read more: scan ahead. */
#define AHEAD_ROWS  256

struct picked {
	struct position at;
	size_t block;
	uint32_t row, place; /* place in the batch */
};

/* Whose a track is. */
struct owner {
	uint64_t session;
	uint32_t login; /* number in login_names */
};

struct event_walk {
	struct plan plan;
	struct scanner scanner;
	struct block_cache cache;
	struct sql *sql;
	struct rows *heap; /* first row of heap[0] comes next */
	size_t n_heap, cap_heap;
	struct picked *picked;
	struct event *batch;
	size_t n_batch, at_batch, size_batch;
	struct arena copies; /* strings of blocks that were closed already */
	struct map owners;   /* track to its place in owner */
	struct owner *owner;
	size_t cap_owner;
	struct intern login_names;
	uint64_t given;
	struct position last;
};

static bool comes_first(const struct event_walk *w, size_t a, size_t b)
{
	const struct rows *x = &w->heap[a], *y = &w->heap[b];

	return position_cmp(
		   &w->plan, &x->keys[x->next].at, &y->keys[y->next].at) < 0;
}

static void swap(struct event_walk *w, size_t a, size_t b)
{
	struct rows t = w->heap[a];

	w->heap[a] = w->heap[b];
	w->heap[b] = t;
}

static void sift_up(struct event_walk *w, size_t i)
{
	for (; i && comes_first(w, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(w, i, (i - 1) / 2);
}

static void sift_down(struct event_walk *w)
{
	for (size_t i = 0;;) {
		size_t first = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < w->n_heap && comes_first(w, k, first))
				first = k;
		if (first == i)
			return;
		swap(w, i, first);
		i = first;
	}
}

static uint64_t left(const struct event_walk *w)
{
	uint64_t limit = w->plan.q.limit;

	return limit ? limit - w->given : UINT64_MAX;
}

static int push(struct event_walk *w, const struct rows *rows)
{
	if (array_grow(&w->heap, w->n_heap, &w->cap_heap, sizeof *w->heap) < 0)
		return -ENOMEM;
	w->heap[w->n_heap] = *rows;
	sift_up(w, w->n_heap++);
	return 0;
}

static int scan_next(struct event_walk *w, struct err *err)
{
	struct rows rows;
	struct block *b;
	int r = scanner_next(&w->scanner, left(w), &rows, &b, err);

	if (r < 0 || !b)
		return r;
	block_cache_put(&w->cache, rows.block, b);
	r = push(w, &rows);
	if (r < 0)
		free(rows.keys);
	block_cache_trim(&w->cache, BLOCK_CACHE_BYTES);
	return r;
}

/* Whether a block not scanned yet may hold a row before the first one known. */
static bool must_scan(const struct event_walk *w)
{
	const struct plan_block *b = &w->plan.blocks[w->scanner.taken];
	int64_t t;

	if (w->scanner.taken == w->plan.n_blocks)
		return false;
	if (w->n_heap == 0)
		return true;
	t = w->heap[0].keys[w->heap[0].next].at.time;
	return w->plan.q.order == ORDER_NEWEST_FIRST ? b->max >= t
						     : b->min <= t;
}

static int fill_heap(struct event_walk *w, struct err *err)
{
	int r = 0;

	while (r == 0 && must_scan(w))
		r = scan_next(w, err);
	return r;
}

/*
 * Blocks that hardly overlap are read while they are still open from being
 * scanned. Those that do stay in the heap: many rows at once pay off there.
 */
static bool read_first(const struct event_walk *w)
{
	return w->n_batch && w->n_heap <= 1 && must_scan(w) &&
	       block_cache_bytes(&w->cache) > BLOCK_CACHE_BYTES / 4;
}

static int pick(struct event_walk *w, struct err *err)
{
	size_t want = w->size_batch;

	if (want > left(w))
		want = (size_t)left(w);
	w->n_batch = 0;
	while (w->n_batch < want) {
		struct rows *top;
		int r = read_first(w) ? 1 : fill_heap(w, err);

		if (r != 0)
			return r < 0 ? r : 0;
		if (w->n_heap == 0)
			return 0;
		top = &w->heap[0];
		w->picked[w->n_batch] = (struct picked){top->keys[top->next].at,
		    top->block, top->keys[top->next].row, (uint32_t)w->n_batch};
		w->n_batch++;
		if (++top->next == top->n) {
			free(top->keys);
			*top = w->heap[--w->n_heap];
		}
		sift_down(w);
	}
	return 0;
}

static int cmp_picked(const void *x, const void *y)
{
	const struct picked *a = x, *b = y;

	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static int read_owner(
    struct event_walk *w, uint64_t track, struct owner *ret, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(w->sql,
	    "SELECT track.session, name.name FROM track LEFT JOIN name"
	    " ON name.id = track.login WHERE track.id = ?1",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "u", track);
	r = sql_step(w->sql, st, err);
	if (r < 0)
		return r;
	ret->session = r ? id_from_sql(sqlite3_column_int64(st, 0)) : 0;
	ret->login = intern_add(&w->login_names, r ? sql_str(st, 1) : STR(""));
	sqlite3_reset(st);
	return ret->login == INTERN_NONE ? -ENOMEM : 0;
}

/* The owner of a track, asked once; valid until the next call. */
static int owner_of(struct event_walk *w, uint64_t track,
    const struct owner **ret, struct err *err)
{
	uint64_t *place = map_get(&w->owners, track);
	size_t n;
	int r;

	if (place) {
		*ret = &w->owner[*place];
		return 0;
	}
	if (w->owners.n >= OWNERS_MAX)
		map_clear(&w->owners);
	n = w->owners.n;
	if (n == w->cap_owner) {
		size_t cap = n ? n * 2 : 64;
		struct owner *p = realloc(w->owner, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		w->owner = p;
		w->cap_owner = cap;
	}
	r = read_owner(w, track, &w->owner[n], err);
	if (r < 0)
		return r;
	place = map_put(&w->owners, track);
	if (!place)
		return -ENOMEM;
	*place = n;
	*ret = &w->owner[n];
	return 0;
}

static int set_owner(struct event_walk *w, struct event *ev, struct err *err)
{
	const struct owner *o;
	int r;

	if (ev->track == 0)
		return 0;
	r = owner_of(w, ev->track, &o, err);
	if (r < 0)
		return r;
	ev->session = o->session;
	if (intern_str(&w->login_names, o->login).n)
		event_set_str(
		    ev, F_LOGIN_USER, intern_str(&w->login_names, o->login));
	return 0;
}

static const uint64_t *wanted(const struct event_walk *w)
{
	for (size_t i = 0; i < EVENT_HAS_WORDS; i++)
		if (w->plan.q.want[i])
			return w->plan.q.want;
	return NULL;
}

static int read_row(struct event_walk *w, struct block *b,
    const struct picked *p, bool copy, struct err *err)
{
	const uint64_t *want = wanted(w);
	struct event *ev = &w->batch[p->place];
	int r = block_event(b, p->row, want, ev, err);

	if (r < 0)
		return r;
	if (copy) {
		struct event whole = *ev;

		r = event_copy(ev, &whole, &w->copies);
		if (r < 0)
			return r;
	}
	if (want && !(want[F_LOGIN_USER / 64] >> (F_LOGIN_USER % 64) & 1))
		return 0;
	return set_owner(w, ev, err);
}

/* Read the rows picked, block by block; blocks stay while there is room. */
static int read_batch(struct event_walk *w, struct err *err)
{
	size_t end;
	int r = 0;

	if (w->n_batch)
		qsort(w->picked, w->n_batch, sizeof *w->picked, cmp_picked);
	block_cache_trim(&w->cache, BLOCK_CACHE_BYTES / 2);
	for (size_t i = 0; i < w->n_batch && r == 0; i = end) {
		bool tight = block_cache_bytes(&w->cache) > BLOCK_CACHE_BYTES;
		struct block *b;

		r = block_cache_get(&w->cache, w->picked[i].block, &b, err);
		for (end = i; r == 0 && end < w->n_batch &&
			      w->picked[end].block == w->picked[i].block;
		     end++)
			r = read_row(w, b, &w->picked[end], tight, err);
		if (r == 0 && tight)
			block_cache_drop(&w->cache, w->picked[i].block);
	}
	return r;
}

static int next_batch(struct event_walk *w, struct err *err)
{
	size_t size = w->size_batch ? w->size_batch * 4 : BATCH_FIRST;
	int r;

	if (size > BATCH_MAX)
		size = BATCH_MAX;
	if (size != w->size_batch) {
		free(w->batch);
		free(w->picked);
		w->size_batch = w->n_batch = w->at_batch = 0;
		w->batch = malloc(size * sizeof *w->batch);
		w->picked = malloc(size * sizeof *w->picked);
		if (!w->batch || !w->picked)
			return -ENOMEM;
		w->size_batch = size;
	}
	if (w->given >= AHEAD_ROWS)
		scanner_ahead(&w->scanner);
	arena_reset(&w->copies);
	w->at_batch = 0;
	r = pick(w, err);
	return r < 0 ? r : read_batch(w, err);
}

int event_walk_open(struct event_walk **ret, struct sql *s, int blocks_fd,
    const struct query *q, struct err *err)
{
	struct event_walk *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->sql = s;
	r = plan_make(&w->plan, s, q, err);
	if (r < 0) {
		free(w);
		return r;
	}
	r = scanner_init(&w->scanner, s, blocks_fd, &w->plan);
	if (r == 0)
		r = block_cache_init(&w->cache, s, blocks_fd, &w->plan);
	if (r < 0) {
		event_walk_close(w);
		return r;
	}
	*ret = w;
	return 0;
}

int event_walk_next(struct event_walk *w, struct event *ret, struct err *err)
{
	if (left(w) == 0)
		return 0;
	if (w->at_batch == w->n_batch) {
		int r = next_batch(w, err);

		if (r < 0) {
			w->n_batch = w->at_batch = 0;
			return r;
		}
		if (w->n_batch == 0)
			return 0;
	}
	*ret = w->batch[w->at_batch++];
	w->last = (struct position){ret->time, ret->chain, ret->seq};
	w->given++;
	return 1;
}

int event_walk_mark(const struct event_walk *w, struct buf *ret)
{
	if (w->given)
		mark_write(ret, 'e', &w->last);
	else if (w->plan.resume)
		mark_write(ret, 'e', &w->plan.after);
	return buf_error(ret);
}

void event_walk_close(struct event_walk *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_heap; i++)
		free(w->heap[i].keys);
	free(w->heap);
	if (w->cache.open)
		block_cache_free(&w->cache);
	scanner_free(&w->scanner);
	free(w->picked);
	free(w->batch);
	arena_free(&w->copies);
	map_free(&w->owners);
	free(w->owner);
	intern_free(&w->login_names);
	plan_free(&w->plan);
	free(w);
}
