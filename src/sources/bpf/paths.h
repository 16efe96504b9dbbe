/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of records (see record.h) as text. */
#ifndef SOURCES_BPF_PATHS_H
#define SOURCES_BPF_PATHS_H

#include "base/arena.h"

/* Whether `names` is what a record may say: each name ended by a NUL byte. */
bool paths_valid(struct str names);

/*
 * The path as the kernel itself prints it, " (deleted)" included; what was cut
 * begins with "...". STR_NONE when the record knows none, or without memory.
 */
struct str paths_text(struct arena *a, struct str names, unsigned flags);

/* The file that was executed, below `cwd` where it is relative. */
struct str paths_join(struct arena *a, struct str cwd, struct str name);

#endif
