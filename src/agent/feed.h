/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A feed: one tap and the source that reads its bytes, from descriptor to
 * event. The collector has one for each tap that could be opened.
 */
#ifndef AGENT_FEED_H
#define AGENT_FEED_H

#include "sources/source.h"
#include "sources/tap.h"

struct feed;

/* Whom the events of all feeds go to. */
struct feed_sink {
	/* 0, or a negative errno that stops the feed. */
	int (*event)(void *ctx, const struct feed *f, struct event *ev);
	/* As struct source_sink says. */
	int (*piece)(void *ctx, const struct feed *f, uint64_t terminal,
	    const struct piece *p, struct event *ev);
	/* `lost` records more than known before; `where` is static. */
	int (*gap)(
	    void *ctx, const struct feed *f, uint64_t lost, const char *where);
	/* Whether another feed tells it, see feed_tells(): it is left out. */
	bool (*told)(void *ctx, const struct feed *f, const struct event *ev);
	/* Or has told it, see twins_told(), which may change it. */
	bool (*twin)(void *ctx, const struct feed *f, struct event *ev);
	void *ctx;
};

struct feed_config {
	struct str host;
	const uint8_t *id_key;	      /* as in struct source_input; must stay */
	const struct feed_sink *sink; /* must stay */
};

/*
 * `place` as tap->start() takes it, or NULL. The descriptors are taken over in
 * any case.
 */
int feed_open(struct feed **ret, const struct tap *tap,
    const struct tap_opened *opened, const char *place,
    const struct feed_config *cfg, struct err *err);
void feed_close(struct feed *f);

/*
 * Read what is at hand, a bounded piece of it. Returns an enum tap_state: with
 * TAP_MORE, call again soon. What one record does to the parser is no error;
 * a negative errno means that this feed is over.
 */
int feed_read(struct feed *f, struct err *err);

/*
 * Nothing came for a while: what the source held back for more goes out, and
 * losses are looked for.
 */
int feed_settle(struct feed *f, struct err *err);

int feed_reopened(
    struct feed *f, const struct tap_opened *opened, struct err *err);

/*
 * What was told until now and not read yet: of some taps nobody could read it
 * later. One that never becomes idle is not read for long. As feed_read().
 */
int feed_read_rest(struct feed *f, struct err *err);

/* A section of a handover (handover.h), where its source keeps something. */
void feed_leave(const struct feed *f, struct buf *handover);
/* Go on with what that has of it. What cannot be taken begins anew. */
void feed_take_over(struct feed *f, const struct buf *handover);

/* As tap->tells(). */
bool feed_tells(struct feed *f, const struct event *ev);

/* To be polled, or -1. */
int feed_fd(const struct feed *f);
const struct tap *feed_tap(const struct feed *f);

/* Where to go on after a restart, see tap->place(). */
void feed_place(const struct feed *f, struct buf *ret);

struct feed_stats {
	uint64_t bytes, records, unparsed, events, left_out, lost;
	const char *name, *note; /* of struct tap_opened */
	const char *doing;	 /* of tap->doing(), or NULL */
};
void feed_stats(const struct feed *f, struct feed_stats *ret);

#endif
