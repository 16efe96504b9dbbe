/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the text of a JSON string: what is no UTF-8 becomes U+FFFD, and
 * what the terminal of whoever looks at the file would act on is escaped.
 */
#ifndef RECORD_JSON_TEXT_H
#define RECORD_JSON_TEXT_H

#include "base/buf.h"

/* A character that is not complete yet; begins as zeros. */
struct json_tail {
	char p[4];
	size_t n;
};

/* Text in pieces: a character may begin in one and end in the next. */
void json_text_add(struct buf *b, struct json_tail *tail, struct str s);
/* What is left was never complete: one U+FFFD, or nothing. */
void json_text_end(struct buf *b, struct json_tail *tail);
/* A whole string with its quotes. */
void json_text_quoted(struct buf *b, struct str s);

/*
 * One character off s, s.n > 0: how many bytes it has, 0: they are not all
 * there. *ret is U+FFFD, and *ret_bad set, where they are none.
 */
size_t json_text_char(struct str s, uint32_t *ret, bool *ret_bad);
void json_text_put(struct buf *b, uint32_t cp);

#endif
