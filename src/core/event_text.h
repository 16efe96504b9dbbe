/* SPDX-License-Identifier: Apache-2.0 */
/* One event as one sentence: what `search` and `show` print
 * and what is sent to others that read messages. */
#ifndef CORE_EVENT_TEXT_H
#define CORE_EVENT_TEXT_H

#include "core/event.h"

/* Append the sentence; raw recorded bytes in it, escape before showing. */
void event_describe(const struct event *ev, struct buf *b);

/* The same without what is concluded for whole files (host and year). */
void event_describe_own(const struct event *ev, struct buf *b);
/* Whether a note, one of those in F_INFERRED, is such. */
bool event_inferred_general(struct str note);

/*
 * Set the bits of the fields that event_describe() reads; as the `want` of
 * store/query.h.
 */
void event_describe_want(uint64_t want[static(EVENT_N_FIELDS + 63) / 64]);

/* "1.2 MiB", "0 B": at most 9 characters. */
void bytes_format(int64_t n, struct buf *b);

#endif
