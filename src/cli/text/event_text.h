/* SPDX-License-Identifier: Apache-2.0 */
/* One event as one sentence: what `search` and `show` print. */
#ifndef CLI_TEXT_EVENT_TEXT_H
#define CLI_TEXT_EVENT_TEXT_H

#include "store/query.h"

/* Append the sentence; raw recorded bytes in it, escape before showing. */
void event_describe(const struct event *ev, struct buf *b);

/* The same without what is concluded for whole files (host and year). */
void event_describe_own(const struct event *ev, struct buf *b);
/* Whether a note, one of those in F_INFERRED, is such. */
bool event_inferred_general(struct str note);

/* Ask the store for the fields that event_describe() reads. */
void event_describe_want(struct query *q);

/* "1.2 MiB", "0 B": at most 9 characters. */
void bytes_format(int64_t n, struct buf *b);

#endif
