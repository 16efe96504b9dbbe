/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of its own that makes bytes, a little ahead of who takes them: for
 * what takes long, and is taken by who may be slow, or go away. It ends by
 * itself; nobody waits for it.
 */
#ifndef BASE_MAKER_H
#define BASE_MAKER_H

#include <stdbool.h>

#include "base/buf.h"

struct maker;

struct maker_ops {
	/* In the thread: all of it. */
	void (*run)(void *ctx, struct maker *m);
	/* When both are done with ctx, in either thread. */
	void (*free)(void *ctx);
};

/*
 * Begin; ctx is the maker's from now on, also after a failure. It goes on while
 * no more than `ahead` bytes wait to be taken.
 */
int maker_start(
    struct maker **ret, const struct maker_ops *ops, void *ctx, size_t ahead);

/* For the thread. -ECANCELED: nobody takes it any more. */
int maker_put(struct maker *m, struct str bytes);
/* The same; nothing is waited for. */
int maker_alive(struct maker *m);

/*
 * For who takes it. A descriptor that is readable once there is more, or its
 * end; it is read by maker_take().
 */
int maker_fd(const struct maker *m);
/* What there is, whole pieces of maker_put(), in the place of *ret, which is
 * empty. False: nothing is, and nothing comes any more. */
bool maker_take(struct maker *m, struct buf *ret);
/* Take no more. */
void maker_leave(struct maker *m);

#endif
