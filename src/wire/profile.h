/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How somebody reaches a hub: a directory of his own,
 * ~/.config/sshtrail/hubs/NAME, with
 *
 *   hub      url and token; nobody else may read it
 *   ca.crt   the hub's authority, which the token names
 */
#ifndef WIRE_PROFILE_H
#define WIRE_PROFILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct profile {
	struct arena texts;
	const char *url, *token, *ca_file;
};

/*
 * Get the hub's authority, check it against the token, and keep both in `dir`,
 * which is made. What was there is replaced.
 */
int profile_make(
    const char *dir, const char *url, const char *token, struct err *err);
/* -ENOENT: none there; -EACCES: others may read it. Free it in any case. */
int profile_load(struct profile *ret, const char *dir, struct err *err);
void profile_free(struct profile *p);

/*
 * The directory of the profile that is called `name`, or whose URL that is;
 * appended with a NUL. -ENOENT: there is none.
 */
int profile_find(const char *name, struct buf *ret, struct err *err);
/* The directory of one that may not be there yet. */
int profile_dir(const char *name, struct buf *ret, struct err *err);

#endif
