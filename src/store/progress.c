/* SPDX-License-Identifier: Apache-2.0 */
#include "store/progress.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

void progress_free(struct progress *p)
{
	free(p->v);
	buf_free(&p->mark);
	*p = (struct progress){.v = NULL};
}

static struct query_window *insert(
    struct progress *p, size_t at, uint64_t chain)
{
	if (array_grow(&p->v, p->n, &p->cap, sizeof *p->v) < 0)
		return NULL;
	memmove(p->v + at + 1, p->v + at, (p->n - at) * sizeof *p->v);
	p->v[at] = (struct query_window){.chain = chain};
	p->n++;
	return &p->v[at];
}

struct query_window *progress_add(struct progress *p, uint64_t chain)
{
	if (p->n && p->v[p->n - 1].chain >= chain)
		return NULL;
	return insert(p, p->n, chain);
}

struct looking {
	struct progress *p;
	size_t at;
	bool open; /* new windows may be opened */
	uint64_t behind;
};

static int look_chain(void *ctx, uint64_t chain, uint64_t last)
{
	struct looking *l = ctx;
	struct progress *p = l->p;
	struct query_window *w;

	while (l->at < p->n && p->v[l->at].chain < chain)
		l->at++;
	if (l->at < p->n && p->v[l->at].chain == chain)
		w = &p->v[l->at];
	else if (!l->open)
		w = NULL;
	else if (!(w = insert(p, l->at, chain)))
		return -ENOMEM;
	/* An index that is being made again is behind for a while. */
	if (w && l->open)
		w->upto = last > w->after ? last : w->after;
	if (!w)
		l->behind += last;
	else if (last > w->after)
		l->behind += last - w->after;
	return 0;
}

int progress_look(
    struct progress *p, struct store *s, uint64_t *ret_behind, struct err *err)
{
	struct looking l = {.p = p, .open = p->mark.n == 0};
	int r = s->ops->chains(s, look_chain, &l, err);

	*ret_behind = l.behind;
	return r;
}

void progress_done(struct progress *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->v[i].after = p->v[i].upto;
	buf_clear(&p->mark);
}

void progress_ask(const struct progress *p, struct query *q)
{
	q->order = ORDER_OLDEST_FIRST;
	q->limit = 0;
	q->cursor = buf_str(&p->mark);
	q->windows = p->v;
	q->n_windows = p->n;
}
