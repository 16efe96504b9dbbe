/* SPDX-License-Identifier: Apache-2.0 */
/* What a store takes of its disk, and what is left of that. */
#ifndef ARCHIVE_SPACE_H
#define ARCHIVE_SPACE_H

#include "base/disk.h"

struct space {
	uint64_t segments;    /* files of all chains */
	uint64_t trail_bytes; /* with checkpoints and what was moved aside */
	uint64_t index_bytes; /* with screens, which are derived, too */
	struct disk disk;     /* zeros: it does not tell */
};

/*
 * Of the store in `dir`. What goes away meanwhile does not count. 0, or a
 * negative errno when there is no store or it cannot be read.
 */
int space_measure(const char *dir, struct space *ret);

#endif
