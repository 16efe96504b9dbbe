/* SPDX-License-Identifier: Apache-2.0 */
/* The index made again, for whoever holds the lock of the store. */
#ifndef ARCHIVE_REINDEX_H
#define ARCHIVE_REINDEX_H

#include "archive/index.h"

/*
 * Make the index of the store DIR, open as dirfd, again from its trails and
 * put it in the old one's place; until then the old one stays. `progress` may
 * be NULL. The caller has no index of it open.
 */
int reindex_locked(int dirfd, const char *dir, struct index_progress *progress,
    struct err *err);

#endif
