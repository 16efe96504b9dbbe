/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that the store has already from another reading of the same fact:
 * the journal beside auth.log, a copy of a log, an import that was cut off.
 * A stored event answers for one new event of a stream only, so that a line
 * that really stands twice in a log is kept twice.
 */
#ifndef CLI_IMPORT_DEDUP_H
#define CLI_IMPORT_DEDUP_H

#include "core/event.h"
#include "store/store.h"

struct dedup;

enum dedup_verdict {
	DEDUP_NEW,
	DEDUP_SEEN, /* stored already */
	/* Stored already, but with records missing, or on worse authority. */
	DEDUP_COMPLETES
};

/*
 * One stream of files begins: what `store` holds now is known, what is
 * committed later, of the stream itself, is not. -ENOMEM.
 */
int dedup_new(struct dedup **ret, struct store *store, struct err *err);

/*
 * The store is opened anew, and holds what others have added: all of it is
 * known, but what came to `own` (see query_window), the stream's chain.
 */
int dedup_again(
    struct dedup *d, struct store *store, uint64_t own, struct err *err);

/*
 * Events without F_ID are always new. `was_held`: the event may have been
 * stored when not all of it could be read yet; it is completed when it now says
 * something else. < 0: the store could not be asked.
 */
int dedup_check(
    struct dedup *d, const struct event *ev, bool was_held, struct err *err);

void dedup_free(struct dedup *d);

#endif
