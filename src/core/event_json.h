/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as JSON, one object without line breaks, keys in the order of
 * core/event.h. This is the payload of the trail's event frames and what
 * `search --json` prints.
 *
 * Strings hold any bytes. A byte that is not part of well-formed UTF-8 is
 * written as the lone surrogate \udcNN (NN: the byte), as Python's
 * "surrogateescape" does: the JSON stays ASCII-clean and nothing is lost.
 * Control characters (C0, DEL, C1), line separators and the characters that
 * change the direction of text are always escaped.
 *
 * A general parser refuses lone surrogates, and reindexing needs the speed: so
 * writer and reader are our own, for the flat objects that we write.
 */
#ifndef CORE_EVENT_JSON_H
#define CORE_EVENT_JSON_H

#include "core/event.h"

enum event_json_flags {
	EVENT_JSON_DERIVED = 1, /* with derived fields */
};

/*
 * Append ev to b as one object; b's sticky error tells of failure. With
 * EVENT_JSON_DERIVED, `session` is event_session(ev). Times outside the years
 * 0 to 9999 are written as a number of microseconds.
 */
void event_to_json(const struct event *ev, unsigned flags, struct buf *b);

/*
 * Read one object back. Strings are copied to `a`, each with a NUL behind it.
 * Unknown keys are skipped (a newer version wrote them); an unknown kind is
 * read as OTHER. `kind`, `time` and `host` must be there; no key may come
 * twice. Derived fields are read where they are there. -ENOMEM; -EINVAL with
 * the byte offset in `err` on anything malformed.
 */
int event_from_json(
    struct event *ev, struct str json, struct arena *a, struct err *err);

/*
 * Append s as a JSON string, quotes included, with the escapes above. Used
 * wherever we print JSON.
 */
void json_add_string(struct buf *b, struct str s);

#endif
