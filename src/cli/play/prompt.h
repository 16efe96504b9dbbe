/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is typed at the foot of the terminal. */
#ifndef CLI_PLAY_PROMPT_H
#define CLI_PLAY_PROMPT_H

#include "base/buf.h"

#define PROMPT_MAX 200 /* bytes */

struct prompt {
	char kind; /* what it asks for, and shows in front; 0: nothing */
	char text[PROMPT_MAX];
	size_t n;
};

enum prompt_result { PROMPT_GOES_ON, PROMPT_DONE, PROMPT_GIVEN_UP };

void prompt_begin(struct prompt *p, char kind);
/* As less does it: backspace in an empty line gives up, too. */
enum prompt_result prompt_key(struct prompt *p, uint32_t key);

static inline struct str prompt_text(const struct prompt *p)
{
	return str_make(p->text, p->n);
}

#endif
