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
 * Where it is kept what is known of a log on a host: tracks that may go on,
 * processes. Functions return 0 or a negative errno, handed on to the caller.
 */
struct correlate_memory {
	/* Append to ret what was saved last under key; nothing: none was. */
	int (*load)(void *ctx, struct str key, struct buf *ret);
	int (*save)(void *ctx, struct str key, struct str data);
	void *ctx;
};

/*
 * `key` makes track ids that nobody can aim at; the same key gives the same
 * ids for the same events. `memory` may be NULL: none. -ENOMEM.
 */
int correlator_new(struct correlator **ret, const uint8_t key[static 16],
    const struct correlate_memory *memory);
void correlator_free(struct correlator *c);

/*
 * Events to come are of the part `part` (not 0) of a log: they go on where the
 * log's part before stopped, whoever read it. Without memory, or where none
 * was saved, they have nothing to do with events before. `goes_on`: it is known
 * to be written behind the part before, whatever its times say. Call
 * correlator_drain() and correlator_save() before. -ENOMEM.
 */
int correlator_part(
    struct correlator *c, struct str log, uint64_t part, bool goes_on);

/* Save what changed since the last call. What save() returned, or -ENOMEM. */
int correlator_save(struct correlator *c);

/*
 * Whether a part began before the one that was read before it did: its events,
 * and those of later parts, were correlated without each other.
 */
bool correlator_disordered(const struct correlator *c);

/*
 * Sets ev->track and the derived fields of ev, and adds to F_INFERRED where
 * the track is concluded. Events of one source come in the order of their
 * file; events of different sources may interleave in any way. 1: the event
 * only concludes what an earlier one tells: leave it out. Strings set on
 * ev live until the next call. -ENOMEM, what load() returned, -EBADMSG: what
 * it gave is damaged. What is kept in memory depends on the events alone,
 * never on when correlator_drain() is called; but until then tracks that are
 * done are kept too, so call it every few thousand events.
 */
int correlate(struct correlator *c, struct event *ev);

/*
 * Whether ev tells when its part of a log was written: of a log whose events
 * come as things happen, and not told again to amend an earlier one.
 */
bool correlate_tells_order(const struct event *ev);

/* Whether ev was told by sshd, or is of its process. */
bool correlate_is_sshd(const struct event *ev);

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

#endif
