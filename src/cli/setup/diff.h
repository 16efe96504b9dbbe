/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SETUP_DIFF_H
#define CLI_SETUP_DIFF_H

#include "base/buf.h"

/*
 * Append a unified diff of two texts, in one hunk with three lines around it,
 * as patch(1) takes it; nothing when they are the same. A name of NULL means
 * that there is no such file (/dev/null).
 */
void diff_unified(struct buf *b, const char *old_name, struct str old_text,
    const char *new_name, struct str new_text);

#endif
