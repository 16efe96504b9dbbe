/* SPDX-License-Identifier: Apache-2.0 */
/* The half of following the journal that runs as root. */
#ifndef SOURCES_JOURNAL_JOURNAL_FDS_H
#define SOURCES_JOURNAL_JOURNAL_FDS_H

#include "sources/tap.h"

/* Meaning of tap_opened.fd. */
enum {
	JOURNAL_FD_WATCH, /* inotify of the directories */
	JOURNAL_FD_FILES, /* and on: journal files */
};

/*
 * Open the journal's files in directory `path`, or those of this machine in
 * /var/log/journal and /run/log/journal when it is NULL: those being written
 * first, then the youngest, as many as there is room for.
 */
int journal_fds_open(struct tap_opened *ret, const char *path, struct err *err);

#endif
