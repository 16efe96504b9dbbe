/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of the store as the shipper sees it: what its writer has signed, to
 * be read from any frame on. Nothing is changed.
 */
#ifndef AGENT_SPOOLED_H
#define AGENT_SPOOLED_H

#include <sys/types.h>
#include <time.h>

#include "crypto/checkpoint.h"
#include "wire/batch.h"

struct spooled {
	int store_fd;
	char chain[TRAIL_ORIGIN_MAX + 1];
	struct sign_public key; /* of the store */
	/* The newest checkpoint; empty: none yet. */
	struct buf note;
	uint64_t size; /* frames that it covers */

	int dirfd; /* of the chain, or -1: not there yet */
	struct trail_reader *reader;
	struct timespec seen; /* the checkpoint's file, when it was read ... */
	ino_t inode;	      /* ... and which one that was */
};

/* store_fd stays the caller's. */
int spooled_open(
    struct spooled *s, int store_fd, const char *chain, struct err *err);
void spooled_close(struct spooled *s);

/*
 * Read the checkpoint if it is another than before; costs a stat(2) otherwise.
 * 0, also where there is none yet; or a negative errno with err set.
 */
int spooled_look(struct spooled *s, struct err *err);

/*
 * Fill a batch with frames from number `from` on, none beyond the checkpoint,
 * which goes with them when it covers exactly these and all before. *ret_end:
 * the number behind the last one; `from` where there is none. Where retention
 * removed `from`, it begins with the first frame that is there, and says so by
 * a header. -EBADMSG: a damaged frame, which `sshtrail verify` names.
 */
int spooled_batch(struct spooled *s, uint64_t from, struct batch_writer *w,
    uint64_t *ret_end, struct err *err);

#endif
