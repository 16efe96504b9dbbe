/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, as root, what is to be followed: the file that a tap reads and the
 * directory in which another one may take its name. And, without privileges,
 * what the watch of that directory tells.
 */
#ifndef SOURCES_FOLLOW_H
#define SOURCES_FOLLOW_H

#include <dirent.h>
#include <limits.h>
#include <sys/inotify.h>

#include "sources/tap.h"

/* Where a file lies, behind all links. */
struct follow {
	char path[PATH_MAX]; /* of the directory; `name` stands behind it */
	const char *name;
	DIR *dir;
};

/*
 * `path` or, when that is NULL, the first of `usual` (ended by NULL) that is
 * there. Sets name and note of *ret, which is emptied, and hands over to it an
 * inotify descriptor that watches the directory for `events`: the watch first,
 * so that whatever takes the name from now on is told. After a failure there is
 * nothing to close.
 */
int follow_find(struct follow *f, struct tap_opened *ret, const char *path,
    const char *const *usual, uint32_t events, struct err *err);
void follow_end(struct follow *f);

/*
 * A regular file of that directory, to be read; -EINVAL when it is something
 * else. `path` is for messages. Links are not followed, and nothing is waited
 * for.
 */
int follow_open(const struct follow *f, const char *name, const char *path,
    int *ret, struct err *err);

/* All that the watch has told, in turn; nothing is waited for. */
void follow_drain(int watch,
    void (*take)(struct tap_run *run, const struct inotify_event *ev),
    struct tap_run *run);

static inline void follow_hand_over(struct tap_opened *ret, int fd)
{
	ret->fd[ret->n_fd++] = fd;
}

#endif
