/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place that an output has reached: up to where all was accepted. It
 * outlives crashes: a file that is replaced as a whole. One that is damaged is
 * an error; nothing is sent anew by accident.
 */
#ifndef OUTPUTS_PLACE_H
#define OUTPUTS_PLACE_H

#include "store/progress.h"

/* Its text, and back into an empty one; false: damaged. */
int place_write(const struct progress *p, struct buf *b);
bool place_parse(struct progress *p, struct str text);

/* The place in FILE; -ENOENT: there is none yet; -EBADMSG: it is damaged. */
int place_load(
    struct progress *p, int dirfd, const char *file, struct err *err);
int place_save(
    const struct progress *p, int dirfd, const char *file, struct err *err);

#endif
