/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a recording on a screen: which moment of it is shown, how fast it goes
 * on, what is passed over. Asks no clock: it is told the time. Moments of the
 * recording are boot times, nanoseconds, as its pieces have them.
 */
#ifndef CLI_PLAY_PLAYER_H
#define CLI_PLAY_PLAYER_H

#include "base/err.h"
#include "record/screen.h"

/* Where the pieces come from. */
struct player_source {
	/*
	 * A screen, from then on the caller's, as it was at some moment at or
	 * before `boot`, or at the beginning; the pieces behind that moment
	 * come next. *ret_boot and *ret_time are of it, both 0 at the
	 * beginning. 0, or an error.
	 */
	int (*seek)(void *ctx, uint64_t boot, struct screen **ret,
	    uint64_t *ret_boot, int64_t *ret_time, struct err *err);
	/* 1 and a piece, which holds until the next call; 0: there is none now;
	 * or an error. */
	int (*next)(void *ctx, struct piece *ret, struct err *err);
	void *ctx;
};

/* Thousandths. */
#define SPEED_NORMAL 1000u
#define SPEED_MIN    50u
#define SPEED_MAX    1000000u

struct player {
	const struct player_source *source;
	/* Each piece that is shown as time goes on, not those that a jump
	 * passes. May be NULL. */
	void (*shown)(void *user, const struct piece *p);
	void *user;

	struct screen *screen;
	uint64_t begin, end; /* of the recording, as far as it is known */
	uint64_t at;	     /* the moment that is shown */
	uint64_t until;	     /* goes on until then; UINT64_MAX: the end */
	int64_t ahead;	     /* of boot times: the clock, nanoseconds */
	uint32_t speed;
	uint64_t idle; /* longest time in which nothing comes; 0: any */
	bool paused;
	bool at_end; /* no piece is left, for now */
	bool closed; /* the piece that ends it was shown */

	/* Its own: */
	struct piece next; /* that was not shown yet */
	bool has_next;
	uint64_t quiet_since;
	int64_t now;
};

/*
 * At the beginning. Set source, shown, user, speed, idle and until before;
 * `end` is as the caller knows it, 0: not at all. After a failure of this or
 * of those below, which err tells, close it.
 */
int player_open(struct player *p, int64_t now_us, struct err *err);
void player_close(struct player *p);

/* What is shown is as it was then; beyond the end: as at the end. */
int player_seek(struct player *p, uint64_t boot, struct err *err);

/*
 * The user's clock, microseconds of any one that does not run back: shows what
 * is due. *ret_more: not all of it, so that keys are heard; call again at once.
 */
int player_advance(
    struct player *p, int64_t now_us, bool *ret_more, struct err *err);
/* Until more is due, microseconds of the user's clock; -1: nothing is. */
int64_t player_wait(const struct player *p);

/* The next piece that changes the screen. 1; 0: there is none. */
int player_step(struct player *p, struct err *err);

/* Nanoseconds since 1970 at a moment, as the clock went at the one shown. */
int64_t player_time(const struct player *p, uint64_t boot);
/* The moment of such a time; before the beginning: that. */
uint64_t player_moment(const struct player *p, int64_t time);

#endif
