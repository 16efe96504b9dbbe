/* SPDX-License-Identifier: Apache-2.0 */
/* A session in words and letters. */
#ifndef CORE_SESSION_TEXT_H
#define CORE_SESSION_TEXT_H

#include "base/buf.h"
#include "core/track.h"

/* "7f3a": the first `width` hex digits of an id, for table cells. */
#define SESSION_ID_LEN 17
struct str session_id_text(
    uint64_t id, unsigned width, char ret[static SESSION_ID_LEN]);

/* What the letters mean, for help texts. */
#define SESSION_FLAG_LEGEND                                                    \
	"R root, S sudo or su, T transfer, F failed attempts, G gap, "         \
	"O still open, ? inferred, ! sources disagree"

/* Append the letters, in the order of the legend. */
void session_add_letters(struct buf *b, const struct session *s);
/* The same in words: "sudo or su, transfer". */
void session_add_words(struct buf *b, const struct session *s);

static inline bool session_is_open(const struct session *s)
{
	return !(s->sum.flags & TRACK_CLOSED);
}

/*
 * The words of JSON, as an array: what happened, and that the end or the login
 * was not seen. Read back, words of newer versions are skipped. False: not
 * what an array holds.
 */
void session_flags_to_json(struct buf *b, unsigned flags);
/* The flag of a word that tells what happened, and back; 0 and NULL: none. */
unsigned session_flag_parse(struct str word);
const char *session_flag_word(unsigned flag);
bool session_flags_from_json(struct str items, unsigned *ret);

#endif
