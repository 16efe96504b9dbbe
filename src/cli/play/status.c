/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/moment.h"
#include "cli/play/play_inside.h"
#include "cli/text/escape.h"
#include "core/event_text.h"

#define NS_PER_US 1000
#define WIDE	  100 /* columns */

ptrdiff_t status_command(const struct play *p)
{
	int64_t now = player_time(&p->player, p->player.at);
	size_t low = 0, high = p->commands.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->commands.v[middle].time <= now)
			low = middle + 1;
		else
			high = middle;
	}
	return (ptrdiff_t)low - 1;
}

static void notice_lost(struct play *p, uint64_t bytes, const char *what)
{
	struct buf b = BUF_INIT;

	if (bytes) {
		bytes_format((int64_t)bytes, &b);
		play_notice(p, "%.*s of output %s", STR_ARG(buf_str(&b)), what);
	} else {
		play_notice(p, "output %s", what);
	}
	buf_free(&b);
}

void status_piece(void *user, const struct piece *piece)
{
	struct play *p = user;

	switch (piece->type) {
	case PIECE_MASKED:
		play_notice(p, "typed without echo: not recorded");
		break;
	case PIECE_HOLE:
		notice_lost(p, piece->lost,
		    piece->lost ? "are missing here" : "is missing here");
		break;
	case PIECE_LEFT_OUT:
		notice_lost(p, piece->lost,
		    piece->lost ? "were left out" : "is left out from here on");
		break;
	case PIECE_MARK:
		play_notice(p, "mark: %.*s", STR_ARG(piece->bytes));
		break;
	case PIECE_SIZE:
		play_notice(p, "window: %ux%u", piece->cols, piece->rows);
		break;
	case PIECE_EXIT:
		play_notice(p, "it ended with status %u", piece->status);
		break;
	default:
		break;
	}
}

static const char *state_of(const struct play *p)
{
	const struct player *player = &p->player;

	if (player->at_end && player->closed)
		return "ended";
	if (player->paused)
		return "paused";
	if (player->at_end)
		return p->follow ? "live" : "end";
	return player->at >= player->until ? "end" : "playing";
}

/* With the day where there is room. */
static void add_clock(struct play *p, struct buf *b)
{
	const struct player *player = &p->player;
	char text[TIME_LOCAL_LEN];
	struct str clock = clock_format(
	    &p->cli->clock, player_time(player, player->at) / NS_PER_US, text);

	if (p->view.cols < WIDE)
		(void)str_cut(&clock, ' ', &(struct str){0});
	buf_add_str(b, clock);
	buf_add_z(b, "  ");
}

static void add_moment(const struct player *player, struct buf *b)
{
	moment_add(b, player->at - player->begin);
	buf_add_z(b, " / ");
	moment_add(b, player->end - player->begin);
}

/* Which part of the window is seen, where it is larger than the terminal. */
static void add_part(const struct play *p, struct buf *b)
{
	const struct screen *s = p->player.screen;
	unsigned rows = screen_rows(s), cols = screen_cols(s);

	if (cols > p->cols)
		buf_printf(b, "  columns %u-%u of %u", p->pan_x + 1,
		    p->pan_x + p->cols, cols);
	if (rows > p->rows)
		buf_printf(b, "  rows %u-%u of %u", p->pan_y + 1,
		    p->pan_y + p->rows, rows);
}

static void add_status(struct play *p, struct buf *b)
{
	const struct player *player = &p->player;
	ptrdiff_t command = status_command(p);

	buf_printf(b, " %-7s ", state_of(p));
	if (p->notice.text.n) {
		add_moment(player, b);
		buf_add_z(b, "  * ");
		buf_add_str(b, buf_str(&p->notice.text));
		return;
	}
	add_clock(p, b);
	add_moment(player, b);
	buf_add_z(b, "  ");
	speed_add(b, player->speed);
	if (player->idle)
		buf_add_z(b, "  no idle");
	add_part(p, b);
	if (command >= 0) {
		buf_add_z(b, "  $ ");
		buf_add_str(b, p->commands.v[command].text);
	}
}

static void add_prompt(const struct play *p, struct buf *b)
{
	buf_add_char(b, p->prompt.kind);
	buf_add_str(b, prompt_text(&p->prompt));
}

/* Its text passes through escape_add(): nothing of it acts. */
void status_draw(struct play *p)
{
	struct buf text = BUF_INIT, row = BUF_INIT;
	bool asks = p->prompt.kind;
	size_t used;

	if (p->help)
		buf_add_z(&text, " any key goes back");
	else if (asks)
		add_prompt(p, &text);
	else
		add_status(p, &text);
	buf_add_z(&row,
	    asks ? "\033[0m\033[H\033[2K" : "\033[0m\033[H\033[2K\033[7m");
	used = escape_add_cut(&row, buf_str(&text), p->view.cols,
	    term_escape_flags(&p->cli->term));
	for (size_t i = used; i < p->view.cols && !asks; i++)
		buf_add_char(&row, ' ');
	screen_feed(p->status, 1, buf_str(&row));
	view_put(&p->view, p->view.rows - 1, 1, p->status, 0, 0);
	if (asks)
		view_set_cursor(&p->view, (struct screen_cursor){(unsigned)used,
					      p->view.rows - 1, true});
	buf_free(&text);
	buf_free(&row);
}
