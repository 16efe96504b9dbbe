/* SPDX-License-Identifier: Apache-2.0 */
/* For cli/play/ only: what a running player consists of. */
#ifndef CLI_PLAY_PLAY_INSIDE_H
#define CLI_PLAY_PLAY_INSIDE_H

#include "base/loop.h"
#include "cli/play/film.h"
#include "cli/play/find.h"
#include "cli/play/play.h"
#include "cli/play/prompt.h"
#include "cli/play/tty.h"
#include "cli/play/view.h"
#include "cli/recording_commands.h"

/* What is told of for some seconds: cells of text, nothing acts. */
struct notice {
	struct buf text;
	int64_t until; /* of loop_now() */
};

struct play {
	struct cli *cli;
	const struct recording *recording;
	struct film film;
	struct player_source source;
	struct player player;
	struct recording_commands commands;
	struct find find;
	uint64_t idle; /* passed over when that is switched on */
	bool follow;
	bool told_damage;

	struct tty tty;
	struct view view;
	struct screen *status, *help; /* help: NULL: not shown */
	unsigned rows, cols;	      /* of the recording that are shown */
	unsigned pan_x, pan_y;	      /* the first of them */
	bool panned;		      /* by hand; else the cursor is followed */

	struct loop loop;
	struct loop_watch keys;
	struct loop_signals signals;
	struct loop_timer timer, escape;
	struct buf typed; /* that is no whole key yet */
	struct prompt prompt;
	bool was_paused; /* before the prompt, or help */
	struct notice notice;
	int signal; /* that ends it */
	struct err err;
};

/* play.c */
void play_fail(struct play *p, int code);
void play_quit(struct play *p);
/* Shows the moment, and says nothing of what was passed. */
void play_jump(struct play *p, uint64_t boot);
void play_pause(struct play *p, bool paused);
/* Before something that takes long. */
void play_show_now(struct play *p);
void play_notice(struct play *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* controls.c */
void controls_key(struct play *p, uint32_t key);
/* The keys and what they do, as text for a screen. */
void controls_help(struct buf *b);

/* status.c: the last row. */
void status_draw(struct play *p);
/* A piece is shown that the user is to be told of. */
void status_piece(void *user, const struct piece *piece);
/* The command that was started last, by its number; -1: none was yet. */
ptrdiff_t status_command(const struct play *p);

#endif
