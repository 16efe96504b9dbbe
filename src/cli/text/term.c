/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/text/escape.h"

#define WIDTH_MIN      20
#define WIDTH_MAX      10000
#define WIDTH_FALLBACK 80

static unsigned terminal_width(int fd)
{
	struct winsize size;
	uint64_t v;

	if (str_u64(str_z(getenv("COLUMNS")), &v) && v >= 1 && v <= WIDTH_MAX)
		return (unsigned)v;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return WIDTH_FALLBACK;
}

static bool wants_color(const struct term *t, enum color_when color)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (color != COLOR_AUTO)
		return color == COLOR_ALWAYS;
	return t->tty && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

/*
 * wcwidth() needs a UTF-8 locale even where the user has none. But a terminal
 * of such a user may take the second byte of a UTF-8 sequence for a control.
 */
static bool init_locale(void)
{
	if (setlocale(LC_CTYPE, "") &&
	    strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		return true;
	setlocale(LC_CTYPE, "C.UTF-8");
	return false;
}

void term_init(struct term *t, int fd, unsigned width, enum color_when color)
{
	bool utf8 = init_locale();

	t->tty = isatty(fd) == 1;
	t->utf8 = utf8 || !t->tty;
	t->color = wants_color(t, color);
	t->width = width ? width : t->tty ? terminal_width(fd) : 0;
	if (t->width && t->width < WIDTH_MIN)
		t->width = WIDTH_MIN;
}

unsigned term_escape_flags(const struct term *t)
{
	return t->utf8 ? 0 : ESCAPE_ASCII;
}

static const char *const style_begin[STYLE_N] = {
    [STYLE_NONE] = "",
    [STYLE_BOLD] = "\033[1m",
    [STYLE_DIM] = "\033[2m",
    [STYLE_RED] = "\033[31m",
    [STYLE_GREEN] = "\033[32m",
    [STYLE_YELLOW] = "\033[33m",
    [STYLE_BLUE] = "\033[34m",
    [STYLE_CYAN] = "\033[36m",
};

void term_style(const struct term *t, struct buf *b, enum style s)
{
	if (t->color && s != STYLE_NONE)
		buf_add_z(b, style_begin[s]);
}

void term_unstyle(const struct term *t, struct buf *b, enum style s)
{
	if (t->color && s != STYLE_NONE)
		buf_add_z(b, "\033[0m");
}
