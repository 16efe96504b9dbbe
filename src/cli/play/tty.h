/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal: taken while something is played, and given back. */
#ifndef CLI_PLAY_TTY_H
#define CLI_PLAY_TTY_H

#include <termios.h>

#include "base/buf.h"
#include "base/err.h"

struct tty {
	int fd;
	struct termios before;
	bool taken;
	struct buf out; /* what it did not take yet */
};

/*
 * The terminal that `fd` is, opened once more where that is possible: then no
 * write to it waits, and what it is for others does not change. 0, or an error,
 * told: -ENOTTY where it is none.
 */
int tty_open(struct tty *t, int fd, struct err *err);
void tty_close(struct tty *t);

/* Keys come one by one, and its other screen is shown. */
int tty_take(struct tty *t, struct err *err);
/* As it was before. Waits half a second at most for one that is stopped. */
void tty_give_back(struct tty *t);

/* Writes what is in `out` as far as it is taken. 0, or what went wrong. */
int tty_flush(struct tty *t);
/* Appends what was typed. 1; 0: nothing was; -EIO: the terminal is gone. */
int tty_read(const struct tty *t, struct buf *in);
void tty_size(const struct tty *t, unsigned *ret_rows, unsigned *ret_cols);

#endif
