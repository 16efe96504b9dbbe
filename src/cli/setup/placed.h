/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the system's configuration as it lies there, and putting it there.
 * Names are absolute and taken below an open root directory; symbolic links
 * are never followed, and a folder that others than its owner can write to is
 * refused, so that nobody can lead a write elsewhere.
 */
#ifndef CLI_SETUP_PLACED_H
#define CLI_SETUP_PLACED_H

#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

#define PLACED_MAX ((size_t)1 << 20)

struct placed {
	bool exists; /* false: no such file, and nothing below counts */
	mode_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	struct buf content;
};

/*
 * Read it; a file that is not there is no failure, a folder is (-ENOENT).
 * -ELOOP: a symbolic link is on the way; -EPERM: the folder is not safe, or it
 * is no plain file of one name. Free with placed_free(), also after a failure.
 */
int placed_read(
    int root, const char *path, struct placed *ret, struct err *err);

/*
 * Make it so: written beside, with mode, owner, time and the extended
 * attributes (ACL, security label) of the file that it replaces, synced,
 * renamed; or removed where it is not to exist.
 */
int placed_write(
    int root, const char *path, const struct placed *p, struct err *err);

/* Same content, mode and owner, or both not there. */
bool placed_same(const struct placed *a, const struct placed *b);

void placed_free(struct placed *p);

#endif
