/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a log file: what taps of files share; see sources/tap.h for the
 * two halves. A file is followed by its descriptor. That another one took its
 * name is learnt from an inotify descriptor that root made, as the collector
 * may neither look into the directory nor at the path:
 *
 * - Renamed and made anew: the old file is read on until the new one has
 *   content, since writers keep the old one open until they are told.
 * - Cut to nothing and written anew (copytruncate): read again from its start.
 *   What was written between the last look and the cut is gone, uncounted.
 * - Deleted: read on; writers may still have it open.
 *
 * The place is "INODE:OFFSET:HASH", the hash that of the content's first
 * TAIL_HEAD bytes (or as many as come before OFFSET). No device number: these
 * may change with each boot. A place is looked for in the file and in up to
 * TAIL_OLDER rotated ones beside it (FILE.1, FILE-20261125, not compressed);
 * all that came behind is then read in order. When it is in none of them, this
 * counts as one loss, and all of these files are read from their starts.
 */
#ifndef SOURCES_TAIL_H
#define SOURCES_TAIL_H

#include "sources/tap.h"

#define TAIL_HEAD  256
#define TAIL_OLDER 4

/* Meaning of tap_opened.fd. */
enum {
	TAIL_FD_WATCH,
	TAIL_FD_FILE,
	TAIL_FD_OLDER, /* and on: rotated ones, newest first */
};

/*
 * Monitor. Opens `path` or, when that is NULL, the first of `usual` (ended by
 * NULL) that is there.
 */
int tail_open(struct tap_opened *ret, const char *path,
    const char *const *usual, struct err *err);

/* The other functions of struct tap. */
int tail_start_records(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err);
/* As that, but a first start does not begin within a line. */
int tail_start_lines(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err);
int tail_fd(const struct tap_run *run);
int tail_read(struct tap_run *run, struct buf *to, struct err *err);
int tail_reopened(
    struct tap_run *run, const struct tap_opened *opened, struct err *err);
void tail_place(const struct tap_run *run, size_t unread, struct buf *ret);
unsigned tail_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX]);
void tail_stop(struct tap_run *run);

#endif
