/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the daemon (sources/rec/wire.h): what is to be recorded is handed
 * over before it is shown, and waits here while the daemon is away, or in a
 * file (spool.h). Nothing in here waits for the daemon but the beginning and
 * the end, and these not long.
 */
#ifndef REC_HANDOVER_H
#define REC_HANDOVER_H

#include "base/buf.h"
#include "base/loop.h"
#include "rec/spool.h"
#include "sources/rec/settings.h"
#include "sources/rec/wire.h"

struct handover {
	struct loop *loop;
	const struct settings *settings;
	struct loop_watch sock; /* .fd -1: the daemon is away */
	struct loop_timer again, stall;
	/* There is room again, or what waits was given up. */
	void (*room)(void *ctx);
	void *ctx;
	struct wire_message open; /* as the next connection begins */
	struct buf queue;	  /* whole messages, not known to be kept */
	size_t sent;		  /* bytes of them */
	uint64_t forgotten;	  /* bytes of this connection before them */
	struct buf words;	  /* of the daemon, not whole yet */
	struct spool spool;	  /* what was before the queue, and away */
	size_t progress;	  /* sent since the stall timer's last look */
	uint64_t offset;	  /* bytes of output, kept or not */
	bool greeted;		  /* the daemon has OPEN */
	bool met;		  /* a daemon had it once */
	bool aside;		  /* the kernel records this: nothing is sent */
	bool lossy;		  /* something could not be kept */
	bool unsure; /* what was forgotten is not known to be kept */
	bool masked; /* told last of the input */
	bool batching, stalling; /* their timers run */
};

enum handover_answer { HANDOVER_TAKEN, HANDOVER_ASIDE, HANDOVER_AWAY };

/*
 * Begin: waits for what the daemon says, half a second at most. `open` has
 * index, rows and cols. Where the daemon is away it is tried again every
 * second.
 */
enum handover_answer handover_begin(struct handover *h, struct loop *loop,
    const struct settings *s, const struct wire_message *open);

void handover_output(struct handover *h, struct str bytes);
void handover_input(struct handover *h, struct str bytes);
void handover_masked(struct handover *h);
void handover_size(struct handover *h, uint16_t rows, uint16_t cols);

/* The daemon is there and does not keep up: show nothing more until room(). */
bool handover_full(const struct handover *h);

/*
 * The last message, with the status of wait(2) or -1, and what waits, for a
 * second at most; then it goes to the spool.
 */
void handover_end(struct handover *h, int status);

/*
 * A command without a terminal: its arguments, cut or not, are told, and the
 * answer waited for, before this process becomes the command.
 */
enum handover_answer handover_command(
    const struct settings *s, struct str args, bool cut);

#endif
