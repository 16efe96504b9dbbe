/* SPDX-License-Identifier: Apache-2.0 */
/* The recordings of a session. */
#ifndef CLI_RECORDINGS_H
#define CLI_RECORDINGS_H

#include "base/arena.h"
#include "cli/cli.h"

struct recordings {
	struct recording *v; /* n of them, by their begin; in mem */
	size_t n, cap;
	struct arena mem;
};

/* Those of a session. A negative errno, told in err. */
int recordings_find(
    struct recordings *ret, struct store *s, uint64_t session, struct err *err);
/* Those that `wanted` wants, of a session or (0) of all. */
int recordings_choose(struct recordings *ret, struct store *s, uint64_t session,
    bool (*wanted)(void *ctx, const struct recording *r), void *ctx,
    struct err *err);
void recordings_free(struct recordings *r);

/*
 * Whether `name` is this one's: "41", which may be that of several, or
 * "import:web:41" of one that was imported.
 */
bool recording_is_named(const struct recording *r, struct str name);

/* That name. */
void recording_add_name(const struct recording *r, struct buf *b);
/* The same as members of a JSON object: ,"recording":41 as events have it. */
void recording_add_json(const struct recording *r, struct buf *b);

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
