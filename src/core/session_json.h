/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as one JSON object: what `ls --json` prints and what a hub answers.
 * Strings hold any bytes, as in core/event_json.h.
 */
#ifndef CORE_SESSION_JSON_H
#define CORE_SESSION_JSON_H

#include "core/track.h"

/* Append the session without a line break; null stands for what is not known.
 */
void session_to_json(struct buf *b, const struct session *s);

/*
 * Read it back: all that is written, of the flags those that have a word.
 * Unknown keys are skipped; texts lie in the arena. -EBADMSG: malformed, or
 * without session, host or start; -ENOMEM.
 */
int session_from_json(struct session *ret, struct str json, struct arena *a);

/* Append `"KEY":"2026-11-22T11:49:28.940565Z"`, or null for us < 0. */
void json_add_time(struct buf *b, const char *key, int64_t us);

#endif
