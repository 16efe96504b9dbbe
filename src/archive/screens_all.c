/* SPDX-License-Identifier: Apache-2.0 */
/* Screens of all recordings that a store knows. */
#include <errno.h>
#include <stdlib.h>

#include "archive/screens.h"
#include "base/array.h"

/* Those that have ended; chains lie in `mem`. */
struct ended {
	struct recording *v;
	size_t n, cap;
	struct arena mem;
};

static int add_ended(void *ctx, const struct recording *row)
{
	struct ended *e = ctx;
	struct str chain = row->chain;

	if (row->last == 0)
		return 0;
	if (array_grow(&e->v, e->n, &e->cap, sizeof *e->v) < 0)
		return -ENOMEM;
	if (e->n && str_eq(e->v[e->n - 1].chain, chain))
		chain = e->v[e->n - 1].chain;
	else
		chain = arena_dup(&e->mem, chain);
	if (!chain.p)
		return -ENOMEM;
	e->v[e->n++] = (struct recording){
	    .chain = chain, .number = row->number, .last = row->last};
	return 0;
}

int screens_make_missing(struct archive *a,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct err *err)
{
	const struct recording_query all = {.open_only = false};
	struct store *store = archive_store(a);
	struct ended e = {.mem = ARENA_INIT};
	struct piece_reader pieces = {0};
	int r = store->ops->recordings(store, &all, add_ended, &e, err);

	for (size_t i = 0; i < e.n && r == 0; i++) {
		struct err ignored;

		/* What cannot be read is told by who reads it. */
		(void)screens_extend(a, &e.v[i], 0, &pieces, &ignored);
		progress(ctx, i + 1, e.n);
	}
	if (r == -ENOMEM)
		err_sys(err, r, "screens");
	piece_reader_close(&pieces);
	free(e.v);
	arena_free(&e.mem);
	return r;
}
