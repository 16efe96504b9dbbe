/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/recordings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "core/event_json.h"

/* More of one session are not listed. */
#define RECORDINGS_MAX 1000

struct adder {
	struct recordings *to;
	bool (*wanted)(void *ctx, const struct recording *r);
	void *ctx;
	size_t max;
};

static int keep(void *ctx, const struct recording *row)
{
	const struct adder *a = ctx;
	struct recordings *r = a->to;
	struct recording *copy;

	if (r->n == a->max || (a->wanted && !a->wanted(a->ctx, row)))
		return 0;
	if (array_grow(&r->v, r->n, &r->cap, sizeof *r->v) < 0)
		return -ENOMEM;
	copy = &r->v[r->n];
	*copy = *row;
	copy->host = arena_dup(&r->mem, row->host);
	copy->chain = arena_dup(&r->mem, row->chain);
	copy->tty = arena_dup(&r->mem, row->tty);
	copy->size = arena_dup(&r->mem, row->size);
	copy->command = arena_dup(&r->mem, row->command);
	copy->format = arena_dup(&r->mem, row->format);
	copy->sha256 = arena_dup(&r->mem, row->sha256);
	r->n++;
	return copy->host.p && copy->chain.p && copy->tty.p && copy->size.p &&
		       copy->command.p && copy->format.p && copy->sha256.p
		   ? 0
		   : -ENOMEM;
}

static int list(struct adder *a, struct store *s,
    const struct recording_query *q, struct err *err)
{
	int r;

	*a->to = (struct recordings){.mem = ARENA_INIT};
	r = s->ops->recordings(s, q, keep, a, err);
	if (r == -ENOMEM)
		err_sys(err, r, "recordings");
	if (r < 0)
		recordings_free(a->to);
	return r;
}

int recordings_find(
    struct recordings *ret, struct store *s, uint64_t session, struct err *err)
{
	const struct recording_query q = {.session = session};
	struct adder a = {.to = ret, .max = RECORDINGS_MAX};

	return list(&a, s, &q, err);
}

int recordings_choose(struct recordings *ret, struct store *s, uint64_t session,
    bool (*wanted)(void *ctx, const struct recording *r), void *ctx,
    struct err *err)
{
	const struct recording_query q = {.session = session};
	struct adder a = {
	    .to = ret, .wanted = wanted, .ctx = ctx, .max = SIZE_MAX};

	return list(&a, s, &q, err);
}

void recordings_free(struct recordings *r)
{
	free(r->v);
	arena_free(&r->mem);
	*r = (struct recordings){.mem = ARENA_INIT};
}

bool recording_is_imported(const struct recording *r)
{
	return !str_eq(r->chain, r->host);
}

void recording_add_json(const struct recording *r, struct buf *b)
{
	buf_add_z(b, ",\"recording\":");
	buf_add_u64(b, r->number);
	if (recording_is_imported(r)) {
		buf_add_z(b, ",\"recording_chain\":");
		json_add_string(b, r->chain);
	}
}
