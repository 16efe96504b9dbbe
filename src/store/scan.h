/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of a block answer a query: only the columns asked for are read. */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "store/plan.h"

struct scan {
	const struct plan *plan;
	uint8_t *keep; /* by row, after scan_block() */
	uint32_t n_keep;
	uint8_t *hit; /* by entry of a column */
	struct buf command;
	struct event *ev;
};

int scan_init(struct scan *s, const struct plan *p);
void scan_free(struct scan *s);

/* Set keep and n_keep. -EBADMSG and the like. */
int scan_block(struct scan *s, struct block *b, struct err *err);

#endif
