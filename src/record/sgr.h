/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as the text that puts them on a terminal. */
#ifndef RECORD_SGR_H
#define RECORD_SGR_H

#include "record/row.h"

/* The sequence after which a terminal has this pen, whatever it had before;
 * whether cells are protected is no part of it. */
void sgr_add(struct buf *out, struct pen pen);

/* The character and its marks as UTF-8; nothing for a right half. */
void sgr_add_character(struct buf *out, const struct cell *c);

#endif
