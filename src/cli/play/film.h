/* SPDX-License-Identifier: Apache-2.0 */
/* A recording of the archive as what a player plays. */
#ifndef CLI_PLAY_FILM_H
#define CLI_PLAY_FILM_H

#include "archive/piece_reader.h"
#include "archive/screens.h"
#include "cli/play/player.h"

struct film {
	struct archive *archive;
	const struct recording *recording;
	/* Called again and again while the recording is gone through for what
	 * jumps need, which may take seconds. True: give up. May be NULL. */
	bool (*busy)(void *user);
	void *user;
	/* Its own: */
	struct screens screens;
	struct piece_reader pieces;
	uint64_t behind; /* bytes read since the last screen */
	bool damaged;	 /* frames of the chain could not be read */
};

/* Fill in what comes before "its own", all else is zero. */
int film_open(struct film *f, struct err *err);
void film_close(struct film *f);

/* For struct player; ctx is the film. -EINTR: as `busy` said. */
int film_seek(void *ctx, uint64_t boot, struct screen **ret, uint64_t *ret_boot,
    int64_t *ret_time, struct err *err);
int film_next(void *ctx, struct piece *ret, struct err *err);

/* When it ends, for what is known of it; 0: not known. */
uint64_t film_end(const struct film *f);

#endif
