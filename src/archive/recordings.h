/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings that a store knows, copied out of it. */
#ifndef ARCHIVE_RECORDINGS_H
#define ARCHIVE_RECORDINGS_H

#include "base/arena.h"
#include "store/store.h"

struct recordings {
	struct recording *v; /* n of them, by their begin; in mem */
	size_t n, cap;
	struct arena mem;
};

/* Those of a session. A negative errno, told in err. */
int recordings_find(
    struct recordings *ret, struct store *s, uint64_t session, struct err *err);
/* Those that `wanted` wants, of a session or (0) of all. */
int recordings_choose(struct recordings *ret, struct store *s, uint64_t session,
    bool (*wanted)(void *ctx, const struct recording *r), void *ctx,
    struct err *err);
void recordings_free(struct recordings *r);

/* Whether its chain is not that of its host. */
bool recording_is_imported(const struct recording *r);
/* Its name as members of a JSON object: ,"recording":41 as events have it. */
void recording_add_json(const struct recording *r, struct buf *b);

#endif
