/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal sends, as keys. */
#ifndef CLI_PLAY_KEYS_H
#define CLI_PLAY_KEYS_H

#include "base/str.h"

/* A key is the character that it types, or one of these. */
enum key {
	KEY_ESCAPE = 0x1b,
	KEY_BACKSPACE = 0x7f,
	KEY_UP = 0x110000,
	KEY_DOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_HOME,
	KEY_END,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_SHIFT_RIGHT,
	KEY_SHIFT_LEFT,
	KEY_UNKNOWN, /* a sequence that is none of these, or no character */
};

#define KEY_CTRL(letter) ((uint32_t)(letter)&0x1f)

/*
 * Takes a key off the front of *in. False: there is none, or it has only begun.
 * `whole`: nothing more comes soon, so what has begun is taken as it is; then
 * there is a key wherever there is a byte.
 */
bool keys_take(struct str *in, bool whole, uint32_t *ret);

#endif
