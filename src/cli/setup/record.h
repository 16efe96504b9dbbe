/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a change that was made, so that it can be undone
 * exactly: the file before and after, and the settings of the kernel that it
 * moved. One file for each change in RECORD_DIR, written before the change is
 * made. This folder is root's alone, and not in the store: that belongs to the
 * daemon's unprivileged user, who could else decide what root puts back.
 */
#ifndef CLI_SETUP_RECORD_H
#define CLI_SETUP_RECORD_H

#include "cli/setup/placed.h"

#define RECORD_DIR "/var/lib/sshtrail-setup"
#define RECORD_MAX (4 * PLACED_MAX)

/* Of the kernel's audit, before rules were loaded. */
struct kept {
	bool known;
	uint32_t enabled, backlog_limit, backlog_wait_time;
};

struct record {
	struct placed before, after;
	struct kept kept;
};

/* Write and read its form; -EINVAL, with the byte in err, for anything else. */
void record_format(const struct record *r, struct buf *b);
int record_parse(struct record *ret, struct str text, struct err *err);

/*
 * Open and lock RECORD_DIR below root; `make` it where it is not there. The
 * descriptor, or -ENOENT; -EWOULDBLOCK: another sshtrail setup is at work.
 */
int record_open_dir(int root, bool make, struct err *err);

/* 0; -ENOENT when there is none of this name. */
int record_load(int dir, const char *name, struct record *ret, struct err *err);
int record_save(
    int dir, const char *name, const struct record *r, struct err *err);
int record_remove(int dir, const char *name, struct err *err);
void record_free(struct record *r);

#endif
