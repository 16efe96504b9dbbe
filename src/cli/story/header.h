/* SPDX-License-Identifier: Apache-2.0 */
/* The block above a session's story: the facts, and how sure they are. */
#ifndef CLI_STORY_HEADER_H
#define CLI_STORY_HEADER_H

#include "base/map.h"
#include "cli/cli.h"

/*
 * `inferred`: what is concluded for many of its events. `gaps`: lines about
 * losses of the host meanwhile, or empty.
 */
void story_header(struct cli *c, const struct session *s,
    const struct intern *sources, const struct intern *inferred,
    struct str gaps);

#endif
