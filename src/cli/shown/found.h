/* SPDX-License-Identifier: Apache-2.0 */
/* Moments (archive/moments.h) of the store that is open: here, or a hub's. */
#ifndef CLI_SHOWN_FOUND_H
#define CLI_SHOWN_FOUND_H

#include "archive/moments.h"
#include "cli/cli.h"

struct found;

/*
 * As moments_open() has them; what is passed over is told. A hub is asked page
 * by page. CLI_FOUND, or the code of a failure, told.
 */
int found_open(struct found **ret, struct cli *c, const struct query *q,
    const struct moment_place *after);
/* 1 and a moment, which holds until the next call; 0; -1: it was told. */
int found_next(struct found *f, const struct moment **ret);
/* Behind the last one given; false: none was. */
bool found_place(const struct found *f, struct moment_place *ret);
void found_close(struct found *f);

#endif
