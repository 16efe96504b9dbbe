/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/prompt.h"

#include "cli/play/keys.h"
#include "core/json_string.h"

void prompt_begin(struct prompt *p, char kind)
{
	*p = (struct prompt){.kind = kind};
}

static void erase_last(struct prompt *p)
{
	while (p->n && ((uint8_t)p->text[--p->n] & 0xc0) == 0x80)
		;
}

static void erase_word(struct prompt *p)
{
	while (p->n && p->text[p->n - 1] == ' ')
		p->n--;
	while (p->n && p->text[p->n - 1] != ' ')
		p->n--;
}

enum prompt_result prompt_key(struct prompt *p, uint32_t key)
{
	switch (key) {
	case '\r':
	case '\n':
		return PROMPT_DONE;
	case KEY_ESCAPE:
		return PROMPT_GIVEN_UP;
	case KEY_BACKSPACE:
		if (p->n == 0)
			return PROMPT_GIVEN_UP;
		erase_last(p);
		return PROMPT_GOES_ON;
	case KEY_CTRL('u'):
		p->n = 0;
		return PROMPT_GOES_ON;
	case KEY_CTRL('w'):
		erase_word(p);
		return PROMPT_GOES_ON;
	default:
		break;
	}
	if (key >= 0x20 && key < KEY_UP && p->n + 4 <= PROMPT_MAX)
		p->n += utf8_encode(key, p->text + p->n);
	return PROMPT_GOES_ON;
}
