/* SPDX-License-Identifier: Apache-2.0 */
/* For archive/screens*.c only: the file, block by block. */
#ifndef ARCHIVE_SCREENS_INSIDE_H
#define ARCHIVE_SCREENS_INSIDE_H

#include "archive/screens.h"

#define SCREENS_HEAD "sshtrail screens 2\n"

/* Appends a block as the file has it; `b` has all but what it points to. */
void screens_put(struct buf *out, const struct screens_block *b);
/* Reads blocks up to the first that is none; how many bytes were good. */
size_t screens_get(struct screens *s, struct str bytes);
/* 16 decimal digits, and a NUL. */
void screens_name(const struct recording *r, char ret[static 24]);
/* Directory of the files of the recording's host. */
int screens_dir(struct archive *a, const struct recording *r, bool make,
    int *ret, struct err *err);
/* The last keyframe of all; as screens_find(). */
int screens_end(const struct screens *s, struct keyframe_reader *block,
    struct keyframe *ret);

#endif
