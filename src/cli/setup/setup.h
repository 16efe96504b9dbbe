/* SPDX-License-Identifier: Apache-2.0 */
/* Showing, making and undoing one change (change.h), as the user asked. */
#ifndef CLI_SETUP_SETUP_H
#define CLI_SETUP_SETUP_H

#include "cli/command.h"
#include "cli/setup/change.h"

enum setup_wish { SETUP_SHOW, SETUP_MAKE, SETUP_UNDO };

/*
 * Open `root` ("/" or what --root names) for changes, told to the user where
 * it cannot be. An exit code; on CLI_FOUND close with setup_close().
 */
int setup_open(struct setup *s, struct cli *c, const char *root, bool writes);
void setup_close(struct setup *s);

/* Exit codes; what was done, and failures, are told. */
int setup_run(struct setup *s, struct cli *c, const struct change *change,
    enum setup_wish wish);

/* All changes and how they stand. */
int setup_list(struct setup *s, struct cli *c);

#endif
