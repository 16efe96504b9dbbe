/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording showed, as text: each line that stood on the screen, when
 * all of it did, and when something was typed and not kept, or is missing. By
 * these times, but for what stood while 4,000 other lines went by. Nothing in
 * it acts on a terminal.
 */
#ifndef CLI_SHOWN_TRANSCRIPT_H
#define CLI_SHOWN_TRANSCRIPT_H

#include "record/format.h"

/*
 * "2026-11-22 11:49:34     0:12  TEXT": local time, time within the recording;
 * '|' before lines of the screen that editors use, brackets around what was
 * not shown.
 */
extern const struct format transcript_text;
/* A JSON object a line. */
extern const struct format transcript_json;

#endif
