/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes that recovery makes to the files of a chain. Each can be broken
 * off by a crash anywhere and done again.
 */
#ifndef TRAIL_MEND_H
#define TRAIL_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One segment at the end of the chain. */
struct mend_step {
	uint64_t first;
	bool fresh;	      /* its name ends in .new */
	bool packed;	      /* compressed: closed, never changed */
	size_t len, file_len; /* of the good part, of the file */
	size_t unsigned_from; /* where frames behind the checkpoint begin */
};

/*
 * Move torn tails aside, make what was found durable, give final names. Adds
 * to *torn the bytes moved.
 */
int mend_apply(int dirfd, const struct mend_step *steps, size_t n,
    uint64_t *torn, struct err *err);

/*
 * Files of no further use, after mend_apply(): temporary ones, plain ones that
 * were compressed already; .new that do not belong to the chain are set aside.
 */
int mend_leftovers(int dirfd, uint64_t *torn, struct err *err);

/* Rename to NAME.torn, or NAME.torn.2 and so on. */
int mend_set_aside(int dirfd, const char *name, struct err *err);

#endif
