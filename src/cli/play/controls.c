/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/play/keys.h"
#include "cli/play/moment.h"
#include "cli/play/play_inside.h"

#define NS_PER_SEC   UINT64_C(1000000000)
#define NS_PER_US    INT64_C(1000)
#define SKIP	     (5 * NS_PER_SEC)
#define PAN_COLUMNS  8
/* A command that was started so short ago is not the one meant by "previous":
 * there it is that before it. */
#define JUST_STARTED INT64_C(2000000000)

static void jump_by(struct play *p, bool back, uint64_t ns)
{
	uint64_t at = p->player.at;

	if (back)
		play_jump(p, at > ns ? at - ns : 0);
	else
		play_jump(p, at + ns);
}

static void pause_or_go_on(struct play *p)
{
	struct player *player = &p->player;
	bool ended = player->at_end && player->closed;
	bool stopped = ended || player->at >= player->until;

	if (ended)
		play_jump(p, player->begin);
	if (stopped)
		player->until = UINT64_MAX;
	play_pause(p, !stopped && !player->paused);
}

static void five_back(struct play *p)
{
	jump_by(p, true, SKIP);
}

static void five_forth(struct play *p)
{
	jump_by(p, false, SKIP);
}

static void tenth_back(struct play *p)
{
	jump_by(p, true, (p->player.end - p->player.begin) / 10);
}

static void tenth_forth(struct play *p)
{
	jump_by(p, false, (p->player.end - p->player.begin) / 10);
}

static void to_begin(struct play *p)
{
	play_jump(p, p->player.begin);
}

static void to_end(struct play *p)
{
	play_jump(p, UINT64_MAX);
}

static void to_command(struct play *p, ptrdiff_t i)
{
	if (p->commands.n == 0)
		play_notice(p, "no commands of this recording are known");
	else if (i < 0)
		play_notice(p, "this is the first command");
	else if ((size_t)i >= p->commands.n)
		play_notice(p, "this is the last command");
	else
		play_jump(p, player_moment(&p->player, p->commands.v[i].time));
}

static void previous_command(struct play *p)
{
	int64_t now = player_time(&p->player, p->player.at);
	ptrdiff_t i = status_command(p);

	if (i >= 0 && now - p->commands.v[i].time < JUST_STARTED)
		i--;
	to_command(p, i);
}

static void next_command(struct play *p)
{
	to_command(p, status_command(p) + 1);
}

static void ask(struct play *p, char kind)
{
	p->was_paused = p->player.paused;
	play_pause(p, true);
	prompt_begin(&p->prompt, kind);
}

static void ask_text(struct play *p)
{
	ask(p, '/');
}

static void ask_moment(struct play *p)
{
	ask(p, 'g');
}

static void go_to_hit(struct play *p, enum find_way way)
{
	bool around;
	int r;

	if (p->find.text.n == 0) {
		play_notice(p, "look for a text with / first");
		return;
	}
	if (p->find.n == 0) {
		play_notice(p, "not found");
		return;
	}
	play_pause(p, true);
	r = find_go(&p->find, &p->player, way, &around, &p->err);
	if (r == -EINTR)
		play_notice(p, "given up");
	else if (r < 0)
		play_fail(p, r);
	else if (around)
		play_notice(p, "from the %s again: hit %zu of %zu",
		    way == FIND_NEXT ? "beginning" : "end", p->find.current + 1,
		    p->find.n);
	else
		play_notice(
		    p, "hit %zu of %zu", p->find.current + 1, p->find.n);
}

static void next_hit(struct play *p)
{
	go_to_hit(p, FIND_NEXT);
}

static void previous_hit(struct play *p)
{
	go_to_hit(p, FIND_PREVIOUS);
}

static void slower(struct play *p)
{
	if (p->player.speed / 2 >= SPEED_MIN)
		p->player.speed /= 2;
}

static void faster(struct play *p)
{
	if (p->player.speed <= SPEED_MAX / 2)
		p->player.speed *= 2;
}

static void toggle_idle(struct play *p)
{
	p->player.idle = p->player.idle ? 0 : p->idle;
	play_notice(
	    p, "idle time is %s", p->player.idle ? "passed over" : "played");
}

static void step(struct play *p)
{
	int r;

	play_pause(p, true);
	r = player_step(&p->player, &p->err);
	if (r < 0)
		play_fail(p, r);
}

static void pan(struct play *p, int x, int y)
{
	const struct screen *s = p->player.screen;
	int max_x = (int)screen_cols(s) - (int)p->cols;
	int max_y = (int)screen_rows(s) - (int)p->rows;
	int to_x = (int)p->pan_x + x, to_y = (int)p->pan_y + y;

	p->panned = true;
	to_x = to_x < max_x ? to_x : max_x;
	to_y = to_y < max_y ? to_y : max_y;
	p->pan_x = to_x > 0 ? (unsigned)to_x : 0;
	p->pan_y = to_y > 0 ? (unsigned)to_y : 0;
}

static void pan_left(struct play *p)
{
	pan(p, -PAN_COLUMNS, 0);
}

static void pan_right(struct play *p)
{
	pan(p, PAN_COLUMNS, 0);
}

static void pan_up(struct play *p)
{
	pan(p, 0, -1);
}

static void pan_down(struct play *p)
{
	pan(p, 0, 1);
}

static void pan_back(struct play *p)
{
	p->panned = false;
}

static void help(struct play *p)
{
	struct buf text = BUF_INIT;

	controls_help(&text);
	p->help = screen_new(p->view.rows, p->view.cols, 0);
	if (p->help)
		screen_feed(p->help, 1, buf_str(&text));
	buf_free(&text);
	p->was_paused = p->player.paused;
	play_pause(p, true);
}

static void redraw(struct play *p)
{
	view_forget(&p->view);
}

/* Those without a label are told of with the one above. */
static const struct {
	uint32_t keys[3];
	const char *label, *does;
	void (*act)(struct play *p);
} controls[] = {
    {{' ', 'p'}, "space", "pause, or go on", pause_or_go_on},
    {{KEY_LEFT}, "left right", "5 seconds back, or on", five_back},
    {{KEY_RIGHT}, NULL, NULL, five_forth},
    {{KEY_SHIFT_LEFT, KEY_PAGE_UP}, "page up, page down",
	"a tenth of the recording back, or on", tenth_back},
    {{KEY_SHIFT_RIGHT, KEY_PAGE_DOWN}, NULL, NULL, tenth_forth},
    {{KEY_HOME, '0'}, "home 0", "to the beginning", to_begin},
    {{KEY_END, 'G'}, "end G", "to the end; of a live session, to now", to_end},
    {{'g'}, "g", "to a time: 1:23, 90s, +5min, 11:02:07", ask_moment},
    {{'['}, "[ ]", "to the previous, or the next command", previous_command},
    {{']'}, NULL, NULL, next_command},
    {{'/'}, "/", "look for a text that was shown", ask_text},
    {{'n'}, "n N", "to the next, or the previous place of it", next_hit},
    {{'N'}, NULL, NULL, previous_hit},
    {{'<', '-'}, "< -", "half as fast", slower},
    {{'>', '+', '='}, "> +", "twice as fast", faster},
    {{'i'}, "i", "pass over times in which nothing comes, or not", toggle_idle},
    {{'.'}, ".", "pause, and show the next piece of output", step},
    {{'h'}, "h j k l", "move about, where the terminal is smaller", pan_left},
    {{'j', KEY_DOWN}, NULL, NULL, pan_down},
    {{'k', KEY_UP}, NULL, NULL, pan_up},
    {{'l'}, NULL, NULL, pan_right},
    {{'c'}, "c", "follow the cursor again", pan_back},
    {{KEY_CTRL('l')}, "^L", "draw all anew", redraw},
    {{'?'}, "?", "these keys", help},
    {{'q', 'Q'}, "q", "quit", play_quit},
};

#define N_CONTROLS (sizeof controls / sizeof *controls)

void controls_help(struct buf *b)
{
	for (size_t i = 0; i < N_CONTROLS; i++)
		if (controls[i].label)
			buf_printf(b, "%s\033[1m%-19s\033[0m%s",
			    i ? "\r\n" : "", controls[i].label,
			    controls[i].does);
}

static void find(struct play *p, struct str text)
{
	int r = 0;

	if (text.n) {
		play_notice(p, "looking for it...");
		play_show_now(p);
		r = find_text(
		    &p->find, p->cli->archive, p->recording, text, &p->err);
	}
	if (r < 0)
		play_fail(p, r);
	else
		go_to_hit(p, FIND_NEXT);
}

static void go(struct play *p, struct str text)
{
	uint64_t moment;

	if (moment_parse(text, &p->player, &moment))
		play_jump(p, moment);
	else if (text.n)
		play_notice(p, "no such time: 1:23, 90s, +5min, 11:02:07");
}

static void answered(struct play *p, enum prompt_result result)
{
	char kind = p->prompt.kind;

	p->prompt.kind = 0;
	play_pause(p, p->was_paused);
	if (result == PROMPT_GIVEN_UP)
		return;
	if (kind == '/')
		find(p, prompt_text(&p->prompt));
	else
		go(p, prompt_text(&p->prompt));
}

void controls_key(struct play *p, uint32_t key)
{
	enum prompt_result result;

	if (p->help) {
		screen_free(p->help);
		p->help = NULL;
		play_pause(p, p->was_paused);
		return;
	}
	if (p->prompt.kind) {
		result = prompt_key(&p->prompt, key);
		if (result != PROMPT_GOES_ON)
			answered(p, result);
		return;
	}
	for (size_t i = 0; i < N_CONTROLS; i++)
		for (size_t k = 0; k < 3 && controls[i].keys[k]; k++)
			if (controls[i].keys[k] == key) {
				controls[i].act(p);
				return;
			}
}
