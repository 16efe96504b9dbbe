/* SPDX-License-Identifier: Apache-2.0 */
/* The recordings of a session, told. */
#ifndef CLI_RECORDINGS_H
#define CLI_RECORDINGS_H

#include "archive/recordings.h"
#include "cli/cli.h"

/*
 * Whether `name` is this one's: "41", which may be that of several, or
 * "import:web:41" of one that was imported.
 */
bool recording_is_named(const struct recording *r, struct str name);

/* That name. */
void recording_add_name(const struct recording *r, struct buf *b);
/*
 * "41: pts/3 80x24, 11:02:07 to 11:40:01, 12.3 KiB", or with a command in place
 * of the terminal, and what is to be known of it: how it is marked in a story.
 */
void recording_describe(
    struct cli *c, const struct recording *r, struct buf *b);
/* All of them, with "; " between. */
void recordings_describe(
    struct cli *c, const struct recordings *all, struct buf *b);

/*
 * The one that is named, or (name NULL) the only one. CLI_FOUND, or another
 * exit code, told.
 */
int recordings_only(struct cli *c, const struct recordings *all,
    const char *name, const struct recording **ret);

/* Of a command that had no terminal. */
bool recording_is_command(const struct recording *r);

#endif
