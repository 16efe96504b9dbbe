/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The correlator: gives each event, as it streams by, its track, and keeps the
 * facts of the tracks. No I/O and no clock: only the events move it.
 */
#ifndef CORE_CORRELATE_H
#define CORE_CORRELATE_H

#include "core/track.h"

struct correlator;

/*
 * `key` makes track ids that nobody can aim at; the same key gives the same
 * ids for the same events. -ENOMEM.
 */
int correlator_new(struct correlator **ret, const uint8_t key[static 16]);
void correlator_free(struct correlator *c);

/*
 * Sets ev->track and the derived fields of ev, and adds to F_INFERRED where
 * the track is concluded. Events of one source come in the order of their
 * file; events of different sources may interleave in any way. Strings set on
 * ev live until the next call. -ENOMEM. What is kept in memory depends on the
 * events alone, never on when correlator_drain() is called; but until then
 * tracks that are done are kept too, so call it every few thousand events.
 */
int correlate(struct correlator *c, struct event *ev);

/*
 * Hand every track that changed since the last call to fn (tracks stay
 * the correlator's) and every boot seen since. A non-zero return of fn stops
 * and is returned; what was not handed out is kept.
 */
struct correlate_sink {
	int (*track)(void *ctx, const struct track *t);
	int (*boot)(void *ctx, const struct boot *b);
	void *ctx;
};
int correlator_drain(struct correlator *c, const struct correlate_sink *sink);

/*
 * A new import begins: events to come have nothing to do with the processes
 * known so far. Call correlator_drain() before.
 */
void correlator_boundary(struct correlator *c);

#endif
