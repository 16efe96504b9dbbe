/* SPDX-License-Identifier: Apache-2.0 */
#include "record/screen_inside.h"

/* Modes that are a bit; those that do something as well follow below. */
static const struct {
	uint16_t number;
	bool private;
	bool first; /* what it is at first */
	uint32_t bit;
} modes[] = {
    {4, false, false, MODE_INSERT},
    {20, false, false, MODE_NEWLINE},
    {1, true, false, MODE_CURSOR_KEYS},
    {6, true, false, MODE_ORIGIN},
    {7, true, true, MODE_WRAP},
    {12, true, false, MODE_BLINK},
    {25, true, true, MODE_CURSOR},
    {66, true, false, MODE_KEYPAD},
    {1004, true, false, MODE_FOCUS},
    {2004, true, false, MODE_PASTE},
};

#define N_MODES (sizeof modes / sizeof *modes)

static bool is_mouse(int32_t n)
{
	return n == 9 || n == 1000 || n == 1002 || n == 1003;
}

static void set_private(struct screen *s, int32_t n, bool on)
{
	if (is_mouse(n))
		s->mouse = on ? (uint16_t)n : 0;
	switch (n) {
	case 2:
		if (on)
			memset(s->charsets.g, CHARSET_US, sizeof s->charsets.g);
		break;
	case 6:
		cursor_set(s, 0, 0);
		break;
	case 1006:
	case 1016:
		s->mouse_coding = on ? (uint16_t)n : 0;
		break;
	case 47:
	case 1047:
		screen_show(s, on);
		break;
	case 1048:
		if (on)
			cursor_save(s);
		else
			cursor_restore(s);
		break;
	case 1049:
		if (on)
			cursor_save(s);
		screen_show(s, on);
		if (!on)
			cursor_restore(s);
		break;
	default:
		break;
	}
}

static void set_mode(struct screen *s, int32_t n, bool private, bool on)
{
	for (size_t i = 0; i < N_MODES; i++) {
		if (modes[i].number != n || modes[i].private != private)
			continue;
		if (on)
			s->modes |= modes[i].bit;
		else
			s->modes &= ~modes[i].bit;
	}
	if (private)
		set_private(s, n, on);
}

void screen_set_modes(struct screen *s, const struct sequence *q, bool on)
{
	for (unsigned i = 0; i < q->n_params; i++)
		set_mode(s, q->params[i], q->marks == '?', on);
}

void screen_write_modes(const struct screen *s, struct buf *out)
{
	for (size_t i = 0; i < N_MODES; i++) {
		bool on = s->modes & modes[i].bit;

		/* Origin moves the cursor: it is set before that is placed. */
		if (on != modes[i].first && modes[i].bit != MODE_ORIGIN)
			buf_printf(out, "\033[%s%u%c",
			    modes[i].private ? "?" : "", modes[i].number,
			    on ? 'h' : 'l');
	}
	if (s->mouse)
		buf_printf(out, "\033[?%uh", s->mouse);
	if (s->mouse_coding)
		buf_printf(out, "\033[?%uh", s->mouse_coding);
	if (s->cursor_style)
		buf_printf(out, "\033[%u q", s->cursor_style);
}
