/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded text made fit for other programs. Names, arguments and messages are
 * written by attackers: what leaves here has no control character, no byte
 * that is not UTF-8, and nothing that reorders what a person reads. As in all
 * other output: \n \t \r as such, other controls and bytes that are not UTF-8
 * as \xNN, characters that turn the direction of text as \uNNNN; a backslash
 * stays as it is.
 */
#ifndef OUTPUTS_PLAIN_H
#define OUTPUTS_PLAIN_H

#include "base/buf.h"

/*
 * Append s. Of a text longer than `max` bytes (0: no limit) what fits is
 * taken, up to the end of a character, and "[+N bytes]" put behind it; true:
 * that was so. N counts bytes of s.
 */
bool plain_add(struct buf *b, struct str s, size_t max);

/*
 * The same as a JSON string with its quotes: JSON has escapes of its own for
 * controls, so only what is not UTF-8 is changed to \xNN, as many readers
 * refuse or replace it, and text is cut.
 */
bool plain_add_json(struct buf *b, struct str s, size_t max);

/* Bytes of s, at most max, that do not end within a character. */
size_t plain_fit(struct str s, size_t max);

#endif
