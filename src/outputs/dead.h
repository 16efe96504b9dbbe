/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the other side refused for good, as lines of JSON: when, which event,
 * why, and the record as it was sent. Bounded: a full file takes the place of
 * the one before it.
 */
#ifndef OUTPUTS_DEAD_H
#define OUTPUTS_DEAD_H

#include "outputs/output.h"

/* Append the rejected of n records to NAME.dead; on the disk on return. */
int dead_add(int dirfd, const char *name, int64_t max,
    const struct record *records, size_t n, struct err *err);

#endif
