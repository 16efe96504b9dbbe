/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a question finds, with all that proves it: events, the recordings that
 * they tell of, checkpoints and keys (archive/evidence.h), a signed list of all
 * files, and the program that verifies them (docs/evidence.md).
 */
#ifndef ARCHIVE_BUNDLE_H
#define ARCHIVE_BUNDLE_H

#include "archive/parcel.h"
#include "store/store.h"

struct bundle;

/*
 * From the store DIR and its index `s`, which must stay. `alive` (may be NULL)
 * is asked all the time, also while nothing is written: what it returns if
 * negative stops and is returned. Otherwise as evidence_open().
 */
int bundle_open(struct bundle **ret, const char *dir, struct store *s,
    int (*alive)(void *ctx), void *ctx, struct err *err);
void bundle_close(struct bundle *b);

/*
 * Choose what the question finds, once. `events_max`, 0: none, bounds the
 * memory: about 24 bytes for each, and up to 2 KiB for its proof. -E2BIG: more
 * are found.
 */
int bundle_choose(struct bundle *b, const struct query *q, uint64_t events_max,
    struct err *err);

/* Of what was chosen. */
struct evidence_size bundle_size(const struct bundle *b);

/* `now`, in microseconds, and `session` (0: none) stand in the manifest. */
int bundle_write(struct bundle *b, struct parcel *p, int64_t now,
    uint64_t session, struct err *err);

#endif
