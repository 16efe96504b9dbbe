/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording without what was typed and not shown: passwords, above all. It is
 * for recordings of other programs, which kept all that was typed and do not
 * say whether the terminal echoed it: so the output has to show it.
 *
 * What is typed is taken in lines. A letter was echoed where a run of text in
 * the output (between two controls, or two pieces) begins or ends with it, in
 * the order in which it was typed, before its line ends in the output and
 * before UNECHOED_SHOWN_MAX other letters are shown. From the first letter on
 * that was not, the rest of the line is left out, its end included; so is a
 * line, echoed or not, that is typed where a password is asked for. Keys that
 * are no letters (arrows, ^C, answers of the terminal) decide nothing.
 *
 * In doubt it is left out: what was echoed stands in the output.
 */
#ifndef RECORD_UNECHOED_H
#define RECORD_UNECHOED_H

#include "record/piece.h"

#define UNECHOED_SHOWN_MAX 256

struct unechoed;

/*
 * `piece` is told the same pieces in the same order, PIECE_MASKED in the place
 * of what is left out, once until something typed is kept again. Bytes live
 * during the call. What it returns, if it is negative, is returned by who calls
 * us, then and from then on. NULL: no memory.
 */
struct unechoed *unechoed_new(
    int (*piece)(void *user, const struct piece *p), void *user);
void unechoed_free(struct unechoed *u);

/*
 * They return 0, -ENOMEM or what `piece` did. Pieces wait until what was typed
 * is decided: at most HELD_BYTES_MAX and HELD_PIECES_MAX (record/held.h).
 */
int unechoed_piece(struct unechoed *u, const struct piece *p);
/* All that waits is told, and its memory given back: at the end, or before. */
int unechoed_settle(struct unechoed *u);

#endif
