/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live following: events as they can be found, as server-sent events (the
 * WHATWG HTML standard, "Server-sent events"). Rows come in pages; the id at
 * the end of a page is the place behind it, with which a follower goes on
 * elsewhere or later as if nothing had happened, across restarts of the hub
 * too: the hub remembers nothing of those who are gone.
 *
 * A follower costs a page and what names the chains of the store, however slow
 * it reads. What its account may see is looked up anew for each page.
 */
#ifndef HUB_FOLLOW_H
#define HUB_FOLLOW_H

#include "hub/api.h"

/* A page has no more rows once it is so long. */
#define FOLLOW_PAGE ((size_t)64 << 10)
/* A sign of life, by which those who are gone are found. */
#define FOLLOW_BEAT ((int64_t)15 * 1000000)

/* 0; the answer is a feed. -EINVAL, -EUSERS: refused, with err set. */
int follow_begin(struct api_call *c, struct err *err);

#endif
