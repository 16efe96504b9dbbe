/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/dedup.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/when.h"
#include "core/event_json.h"

/*
 * Text logs tell the second at best, and the journal and a log file may see
 * the same line in different ones. Ids of exact sources hold their time.
 */
#define TOLERANCE   (2 * USEC_PER_SEC)
/* Memory follows what the store holds of N_BUCKETS such spans. */
#define BUCKET_SPAN (600 * USEC_PER_SEC)
#define N_BUCKETS   8

struct stored {
	int64_t time;
	uint32_t next; /* index + 1 of the next one with this id; 0: none */
	uint8_t kind;
	bool partial;
	bool amends;
	bool text; /* anybody may have written it */
	bool used;
	bool last; /* of its chain */
};

/* What the store holds of one span. */
struct bucket {
	bool loaded;
	int64_t span;
	uint64_t last_use;
	struct map by_id; /* id -> index + 1 */
	struct stored *v;
	size_t n, cap;
};

struct dedup {
	struct store *store;
	int64_t oldest, newest; /* of the store; outside nothing can be seen */
	bool empty;
	struct query_window *known; /* n_known: of each chain, at the begin */
	size_t n_known;
	uint64_t clock;
	bool line_stored; /* the event before, and what came behind it */
	struct bucket buckets[N_BUCKETS];
};

static int add_known(void *ctx, uint64_t chain, uint64_t last)
{
	struct dedup *d = ctx;
	struct query_window *v =
	    realloc(d->known, (d->n_known + 1) * sizeof *v);

	if (!v)
		return -ENOMEM;
	d->known = v;
	v[d->n_known++] = (struct query_window){.chain = chain, .upto = last};
	return 0;
}

static int look(struct dedup *d, struct store *store, struct err *err)
{
	struct store_stats stats = {0};
	int r = store->ops->stats(store, &stats, err);

	d->n_known = 0;
	if (r == 0)
		r = store->ops->chains(store, add_known, d, err);
	d->store = store;
	d->empty = stats.events == 0 || d->n_known == 0;
	d->oldest = stats.oldest - TOLERANCE;
	d->newest = stats.newest + TOLERANCE;
	return r == -ENOMEM ? err_sys(err, r, "import") : r;
}

int dedup_new(struct dedup **ret, struct store *store, struct err *err)
{
	struct dedup *d = calloc(1, sizeof *d);
	int r = d ? look(d, store, err) : err_sys(err, -ENOMEM, "import");

	if (r < 0)
		dedup_free(d);
	else
		*ret = d;
	return r;
}

static struct query_window *known_of(struct dedup *d, uint64_t chain)
{
	for (size_t i = 0; i < d->n_known; i++)
		if (d->known[i].chain == chain)
			return &d->known[i];
	return NULL;
}

int dedup_again(
    struct dedup *d, struct store *store, uint64_t own, struct err *err)
{
	struct query_window *known = known_of(d, own);
	uint64_t upto = known ? known->upto : 0;
	int r = look(d, store, err);

	known = known_of(d, own);
	if (known)
		known->upto = upto;
	for (size_t i = 0; i < N_BUCKETS; i++)
		d->buckets[i].loaded = false;
	return r;
}

void dedup_free(struct dedup *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < N_BUCKETS; i++) {
		map_free(&d->buckets[i].by_id);
		free(d->buckets[i].v);
	}
	free(d->known);
	free(d);
}

static int add_stored(struct dedup *d, struct bucket *b, const struct event *ev)
{
	const struct query_window *known = known_of(d, ev->chain);
	uint64_t *head;

	if (!event_has(ev, F_ID))
		return 0;
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;
		struct stored *v = realloc(b->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		b->v = v;
		b->cap = cap;
	}
	head = map_put(&b->by_id, ev->v[F_ID].u);
	if (!head)
		return -ENOMEM;
	b->v[b->n] = (struct stored){.time = ev->time,
	    .next = (uint32_t)*head,
	    .kind = (uint8_t)ev->kind,
	    .partial = event_int(ev, F_PARTIAL, 0) != 0,
	    .amends = event_int(ev, F_AMENDS, 0) != 0,
	    .text = ev->trust >= TRUST_TEXT,
	    .last = known && ev->seq == known->upto};
	*head = ++b->n;
	return 0;
}

static int load_bucket(
    struct dedup *d, struct bucket *b, int64_t span, struct err *err)
{
	struct query q = {.since = span * BUCKET_SPAN,
	    .until = (span + 1) * BUCKET_SPAN,
	    .windows = d->known,
	    .n_windows = d->n_known};
	struct store_cursor *c = NULL;
	struct event ev;
	int r;

	b->loaded = false;
	b->n = 0;
	map_clear(&b->by_id);
	query_want(&q, F_ID);
	query_want(&q, F_PARTIAL);
	query_want(&q, F_AMENDS);
	r = d->store->ops->events(d->store, &q, &c, err);
	while (r == 0 && (r = d->store->ops->next_event(c, &ev, err)) == 1)
		r = add_stored(d, b, &ev);
	if (c)
		d->store->ops->cursor_close(c);
	if (r < 0)
		return err_context(err, r, "events imported before");
	b->loaded = true;
	b->span = span;
	return 0;
}

static int find_bucket(
    struct dedup *d, int64_t span, struct bucket **ret, struct err *err)
{
	struct bucket *oldest = &d->buckets[0];

	d->clock++;
	for (size_t i = 0; i < N_BUCKETS; i++) {
		struct bucket *b = &d->buckets[i];

		if (b->loaded && b->span == span) {
			b->last_use = d->clock;
			*ret = b;
			return 0;
		}
		if (b->last_use < oldest->last_use)
			oldest = b;
	}
	oldest->last_use = d->clock;
	*ret = oldest;
	return load_bucket(d, oldest, span, err);
}

static int64_t span_of(int64_t time)
{
	int64_t span = time / BUCKET_SPAN;

	return time % BUCKET_SPAN < 0 ? span - 1 : span;
}

static int64_t gap_between(const struct stored *s, const struct event *ev)
{
	return s->time > ev->time ? s->time - ev->time : ev->time - s->time;
}

/*
 * The unused one nearest in time, so that repeated lines match one to one;
 * `again`: also one that answered already. `best`, if any, is nearer else.
 */
static struct stored *nearest_in(const struct bucket *b, const struct event *ev,
    bool again, struct stored *best)
{
	const uint64_t *head = map_get(&b->by_id, ev->v[F_ID].u);
	int64_t best_gap = best ? gap_between(best, ev) : TOLERANCE + 1;

	for (size_t i = head ? *head : 0; i; i = b->v[i - 1].next) {
		struct stored *s = &b->v[i - 1];
		int64_t gap = gap_between(s, ev);

		if ((!s->used || again) && gap < best_gap) {
			best = s;
			best_gap = gap;
		}
	}
	return best;
}

/*
 * A stored event lies in one bucket only, or it would answer twice: the
 * tolerance reaches into the span beside instead. The second look never evicts
 * the bucket of the first, which was used last.
 */
static int nearest(struct dedup *d, const struct event *ev, bool again,
    struct stored **ret, struct err *err)
{
	int64_t first = span_of(ev->time - TOLERANCE);
	int64_t last = span_of(ev->time + TOLERANCE);
	struct bucket *b;
	int r = 0;

	*ret = NULL;
	for (int64_t span = first; span <= last && r == 0; span++) {
		r = find_bucket(d, span, &b, err);
		if (r == 0)
			*ret = nearest_in(b, ev, again, *ret);
	}
	return r;
}

/* All that an event says, without what each reading says anew. */
static int content_of(const struct event *ev, struct buf *b)
{
	static const enum field of_reading[] = {
	    F_SRC, F_OFFSET, F_AMENDS, F_PARTIAL};
	struct event e = *ev;

	for (size_t i = 0; i < sizeof of_reading / sizeof *of_reading; i++)
		event_unset(&e, of_reading[i]);
	e.seq = e.track = 0;
	buf_clear(b);
	event_to_json(&e, 0, b);
	return buf_error(b);
}

/* Whether the stored event says something else than ev does now. */
static int differs(struct dedup *d, const struct stored *s,
    const struct event *ev, struct err *err)
{
	struct query q = {.since = s->time,
	    .until = s->time + 1,
	    .windows = d->known,
	    .n_windows = d->n_known};
	struct buf now = BUF_INIT, then = BUF_INIT;
	struct store_cursor *c = NULL;
	struct event old;
	bool found = false;
	int r = content_of(ev, &now);

	if (r == 0)
		r = d->store->ops->events(d->store, &q, &c, err);
	while (r == 0 && !found &&
	       (r = d->store->ops->next_event(c, &old, err)) == 1) {
		found = event_has(&old, F_ID) && old.v[F_ID].u == ev->v[F_ID].u;
		r = found ? content_of(&old, &then) : 0;
	}
	if (c)
		d->store->ops->cursor_close(c);
	if (r == 0 && found)
		r = !str_eq(buf_str(&now), buf_str(&then));
	buf_free(&now);
	buf_free(&then);
	return r;
}

/* What was known of an event does not become unknown by more records. */
static bool says_less(const struct event *ev, const struct stored *s)
{
	return event_int(ev, F_PARTIAL, 0) ||
	       (ev->kind == EVENT_OTHER && s->kind != EVENT_OTHER);
}

/* *ret: the stored event that it is, or NULL. */
static int judge(struct dedup *d, const struct event *ev, bool was_held,
    struct stored **ret, struct err *err)
{
	bool amends = event_int(ev, F_AMENDS, 0) != 0;
	struct stored *s;
	int r;

	*ret = NULL;
	if (d->empty || !event_has(ev, F_ID) || ev->time < d->oldest ||
	    ev->time > d->newest)
		return DEDUP_NEW;
	/* Within its stream it replaces an event that has just been here. */
	r = nearest(d, ev, amends, &s, err);
	if (r < 0)
		return r;
	if (!s)
		return DEDUP_NEW;
	s->used = true;
	*ret = s;
	/*
	 * What is known by a number alone says nothing of its content: what
	 * anybody may have written must neither stand for it nor complete it.
	 */
	if (event_has(ev, F_SERIAL) && s->text != (ev->trust >= TRUST_TEXT))
		return s->text ? DEDUP_COMPLETES : DEDUP_SEEN;
	if (was_held) {
		r = differs(d, s, ev, err);
		if (r != 0)
			return r < 0 ? r : DEDUP_COMPLETES;
	}
	return (s->partial || (amends && !s->amends)) && !says_less(ev, s)
		   ? DEDUP_COMPLETES
		   : DEDUP_SEEN;
}

/*
 * An attempt that is concluded from a line comes behind that line's event.
 * Where that is stored, so is what followed from it; or the index left it out,
 * as the connection told of it already. But for the last of a chain: who wrote
 * it may have been killed.
 */
int dedup_check(
    struct dedup *d, const struct event *ev, bool was_held, struct err *err)
{
	const bool weak = event_int(ev, F_WEAK, 0) != 0;
	struct stored *s;
	int r = judge(d, ev, was_held, &s, err);

	if (r == DEDUP_NEW && d->line_stored && weak)
		r = DEDUP_SEEN;
	d->line_stored = r == DEDUP_SEEN && !weak && !s->last;
	return r;
}
