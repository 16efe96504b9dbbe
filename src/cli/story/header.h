/* SPDX-License-Identifier: Apache-2.0 */
/* The block above a session's story: the facts, and how sure they are. */
#ifndef CLI_STORY_HEADER_H
#define CLI_STORY_HEADER_H

#include "base/map.h"
#include "cli/cli.h"

/* What is known of a session beside its facts. */
struct story_beside {
	const struct intern *sources;
	const struct intern *inferred; /* for many of its events */
	/* Lines, or empty: losses of the host meanwhile; its recordings. */
	struct str gaps, recordings;
};

void story_header(
    struct cli *c, const struct session *s, const struct story_beside *beside);

#endif
