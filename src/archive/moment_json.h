/* SPDX-License-Identifier: Apache-2.0 */
/* A moment as one JSON object. */
#ifndef ARCHIVE_MOMENT_JSON_H
#define ARCHIVE_MOMENT_JSON_H

#include "archive/moments.h"

/* Without a line break; its recording is told by name, host and terminal. */
void moment_to_json(struct buf *b, const struct moment *m);

/*
 * As a row of a hub: the same, with where the text is in the line ("match"),
 * and the place behind it ("cursor").
 */
void moment_to_row(
    struct buf *b, const struct moment *m, const struct moment_place *behind);
/*
 * Read that; *r gets what it tells of the recording. Texts lie in the arena.
 * -EBADMSG: it is none, or there is no memory.
 */
int moment_from_json(struct moment *ret, struct recording *r, struct str json,
    struct str *ret_cursor, struct arena *texts);

#endif
