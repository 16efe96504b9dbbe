/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a line of configuration. */
#ifndef CLI_HOST_WORDS_H
#define CLI_HOST_WORDS_H

#include "base/str.h"

/*
 * Take the next word off *s: what stands between blanks, tabs and line breaks,
 * or in double quotes (the quotes are left out). A backslash before a line
 * break is a blank. False: there is none; a word may be empty when quoted.
 */
bool word_next(struct str *s, struct str *ret);

/* Whether `word` is one of a list with this separator between. */
bool word_in_list(struct str list, char separator, struct str word);

#endif
