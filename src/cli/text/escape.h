/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded text made fit to be shown. Log lines, file names and arguments are
 * written by attackers: nothing of them may move the cursor, colour or reorder
 * what a person reads. Every program output but JSON (see core/event_json.h)
 * passes through here.
 *
 * \n \t \r as such; other C0, DEL, C1 and bytes that are not UTF-8 as \xNN;
 * characters that reorder, hide or have no width of their own in Unicode
 * (U+061C, U+200B-200F, U+2028-202E, U+2060-2069, U+FEFF, tags, unassigned)
 * as \uNNNN or \U00NNNNNN. A backslash is left as it is; `--json` is exact.
 */
#ifndef CLI_TEXT_ESCAPE_H
#define CLI_TEXT_ESCAPE_H

#include "base/buf.h"

enum escape_flags {
	ESCAPE_ASCII = 1, /* every character above 0x7f as an escape too */
};

#define ESCAPE_NO_LIMIT ((size_t)-1)

/*
 * Append s to b; returns the columns it takes on a terminal. Stops before a
 * character that would go beyond `max_columns`; *ret_all (may be NULL) is
 * false then.
 */
size_t escape_add(struct buf *b, struct str s, size_t max_columns,
    unsigned flags, bool *ret_all);

/*
 * The same with an ellipsis as the last column when s does not fit; at most
 * max_columns (>= 1) wide. For terminals only.
 */
size_t escape_add_cut(
    struct buf *b, struct str s, size_t max_columns, unsigned flags);

/* Whether it has no looks of its own, but hides or reorders others. */
bool escape_is_hidden(int32_t c);

/*
 * Bytes and columns of the first character of s as a terminal shows it; 0
 * bytes when s is empty. *ret_char is the code point, -1 for a byte that is
 * not UTF-8.
 */
size_t utf8_next(struct str s, int32_t *ret_char);

#endif
