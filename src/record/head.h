/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a recording as a whole: whose terminal it was, which size
 * it had, what ran there. In a chain it is the event channel.open of the
 * recording's first piece; in files of other programs their header.
 */
#ifndef RECORD_HEAD_H
#define RECORD_HEAD_H

#include "base/err.h"
#include "core/event.h"

/* Texts of events are cut there. */
#define HEAD_TEXT_MAX ((size_t)8 << 10)

struct head {
	int64_t time;	     /* of the begin: nanoseconds since 1970 */
	uint16_t cols, rows; /* 0: not known */
	int64_t ses, pid;    /* audit session, process; -1: not known */
	bool no_tty; /* of a command that had none: a newline is just that */
	/* Empty: not known. */
	struct str host, boot, user;
	struct str target; /* whom it ran as, where that is not the user */
	struct str tty;	   /* without /dev/ */
	struct str term;   /* TERM */
	struct str shell, command, cwd, title;
};

#define HEAD_NONE ((struct head){.ses = -1, .pid = -1})

/* "80x24"; a size of 0 is none. False: it is no such thing. */
bool size_parse(struct str s, uint16_t *ret_cols, uint16_t *ret_rows);

/*
 * The strings of ev stay those of head, cut where they are longer than
 * HEAD_TEXT_MAX, which F_CUT then tells; `text` is for the size.
 */
#define HEAD_SIZE_LEN 12
void head_to_event(
    const struct head *h, struct event *ev, char text[static HEAD_SIZE_LEN]);

/*
 * Of a piece PIECE_BEGIN; its strings are put into `a`. -EINVAL, -ENOMEM: *ret
 * is what could be read.
 */
int head_read(
    struct head *ret, struct str json, struct arena *a, struct err *err);

#endif
