/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command without a terminal writes may be what somebody transfers
 * through it. That is not recorded. It is known by the programs that run, and
 * where these are not known, by being no text.
 */
#ifndef SOURCES_PTY_PAYLOAD_H
#define SOURCES_PTY_PAYLOAD_H

#include <stdbool.h>

#include "base/str.h"

/*
 * The name of the program that transfers something, as our table has it, when
 * a program runs with these arguments (each with a NUL behind it); else NULL.
 * `cut`: there are more of them; when in doubt it does.
 */
const char *payload_mover(struct str args, bool cut);

/*
 * True when bytes are what a person may be meant to read, in any encoding that
 * holds ASCII: none of them is a control character but those that move a cursor
 * or begin escape sequences. For what is not, it is chance: of random bytes,
 * 100 are taken for text once in 12,000 times.
 */
bool payload_is_text(struct str bytes);

#endif
