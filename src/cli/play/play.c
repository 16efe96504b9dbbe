/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/play.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/play/keys.h"
#include "cli/play/moment.h"
#include "cli/play/play_inside.h"
#include "cli/text/escape.h"

#define NS_PER_US 1000
#define NOTICE_US (4 * USEC_PER_SEC)
/* The clock in the last row goes on, and a live session is looked at. */
#define TICK_US	  (USEC_PER_SEC / 5)
/* What follows an escape of the same key follows at once. */
#define ESCAPE_US (USEC_PER_SEC / 20)
#define TYPED_MAX 4096

void play_fail(struct play *p, int code)
{
	loop_stop(&p->loop, code);
}

void play_quit(struct play *p)
{
	loop_stop(&p->loop, 0);
}

void play_notice(struct play *p, const char *fmt, ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_clear(&p->notice.text);
	buf_add_z(&p->notice.text, text);
	p->notice.until = loop_now() + NOTICE_US;
}

void play_pause(struct play *p, bool paused)
{
	bool more;
	int r;

	/* Until now time went on. */
	r = player_advance(&p->player, loop_now(), &more, &p->err);
	p->player.paused = paused;
	if (r < 0)
		play_fail(p, r);
}

void play_jump(struct play *p, uint64_t boot)
{
	int r = player_seek(&p->player, boot, &p->err);

	if (r == -EINTR)
		play_notice(p, "given up");
	else if (r < 0)
		play_fail(p, r);
	if (p->player.at >= p->player.until)
		p->player.until = UINT64_MAX;
}

/* The first of `n` that are shown of `all`, so that `cursor` is among them. */
static unsigned follow(
    unsigned first, unsigned n, unsigned all, unsigned cursor, bool by_hand)
{
	if (n >= all)
		return 0;
	if (!by_hand && cursor < first)
		first = cursor;
	if (!by_hand && cursor >= first + n)
		first = cursor - n + 1;
	return first < all - n ? first : all - n;
}

static unsigned less(unsigned a, unsigned b)
{
	return a > b ? a - b : 0;
}

/* Where the text stands that was looked for. */
static void mark_hits(struct play *p)
{
	const struct screen *s = p->player.screen;
	unsigned from, to;

	for (unsigned i = 0; i < p->rows && p->pan_y + i < screen_rows(s);
	     i++) {
		const struct row *row = screen_row(s, p->pan_y + i);

		for (to = 0; find_in_row(&p->find, row, to, &from, &to);)
			view_invert(&p->view, i, less(from, p->pan_x),
			    less(to, p->pan_x));
	}
}

static void put_recording(struct play *p)
{
	const struct screen *s = p->player.screen;
	struct screen_cursor cursor = screen_cursor(s);

	p->rows = p->view.rows - 1;
	p->cols = p->view.cols;
	if (cursor.x >= screen_cols(s))
		cursor.x = screen_cols(s) - 1;
	p->pan_x =
	    follow(p->pan_x, p->cols, screen_cols(s), cursor.x, p->panned);
	p->pan_y = p->rows ? follow(p->pan_y, p->rows, screen_rows(s), cursor.y,
				 p->panned)
			   : 0;
	view_put(&p->view, 0, p->rows, s, p->pan_x, p->pan_y);
	if (find_is_at(&p->find, p->player.at))
		mark_hits(p);
	cursor.visible = cursor.visible && cursor.x >= p->pan_x &&
			 cursor.y >= p->pan_y && cursor.y < p->pan_y + p->rows;
	cursor.x -= p->pan_x;
	cursor.y -= p->pan_y;
	view_set_cursor(&p->view, cursor);
}

static void draw(struct play *p)
{
	if (p->help) {
		view_put(&p->view, 0, p->view.rows, p->help, 0, 0);
		view_set_cursor(&p->view, (struct screen_cursor){0, 0, false});
	} else {
		put_recording(p);
	}
	status_draw(p);
	view_draw(&p->view, &p->tty.out);
}

/* The terminal is gone: as if it had said so. */
static void hang_up(struct play *p)
{
	p->signal = SIGHUP;
	play_quit(p);
}

/* What a slow terminal did not take yet comes first; then what is new. */
static void show(struct play *p)
{
	int r = tty_flush(&p->tty);

	if (r == 0 && p->tty.out.n == 0) {
		draw(p);
		r = tty_flush(&p->tty);
	}
	if (r == 0)
		r = loop_want(&p->loop, &p->keys,
		    LOOP_READ | (p->tty.out.n ? LOOP_WRITE : 0u));
	if (r < 0)
		hang_up(p);
}

void play_show_now(struct play *p)
{
	if (p->tty.taken)
		show(p);
}

/* A key or a signal waits: what takes long is given up for it. */
static bool is_wanted(const struct play *p)
{
	struct pollfd fds[] = {{.fd = p->tty.fd, .events = POLLIN},
	    {.fd = p->signals.watch.fd, .events = POLLIN}};

	return poll(fds, 2, 0) > 0;
}

static bool busy(void *user)
{
	struct play *p = user;

	if (!p->tty.taken)
		return false;
	play_notice(p, "going through the recording...");
	show(p);
	buf_clear(&p->notice.text);
	return is_wanted(p);
}

/* When there is something to be done without a key. */
static void wait_for_more(struct play *p, int64_t now, bool more)
{
	const struct player *player = &p->player;
	bool waits = player->at_end && !player->closed && p->follow;
	int64_t wait = more ? 0 : player_wait(player);

	if (!player->paused && (wait > TICK_US || waits))
		wait = TICK_US;
	if (p->notice.text.n && (wait < 0 || p->notice.until - now < wait))
		wait = p->notice.until - now;
	if (wait < 0 && !p->notice.text.n)
		loop_timer_stop(&p->loop, &p->timer);
	else
		loop_timer_start(&p->loop, &p->timer, wait, 0);
}

/* Brings all to this moment. */
static void refresh(struct play *p)
{
	int64_t now = loop_now();
	bool more = false;
	int r;

	if (p->loop.stopped)
		return;
	if (p->notice.until <= now)
		buf_clear(&p->notice.text);
	r = player_advance(&p->player, now, &more, &p->err);
	if (r < 0) {
		play_fail(p, r);
		return;
	}
	if (p->film.damaged && !p->told_damage) {
		play_notice(p, "the recording is damaged: not all is shown");
		p->told_damage = true;
	}
	show(p);
	wait_for_more(p, now, more);
}

static void on_timer(struct loop *l, struct loop_timer *t)
{
	refresh(t->ctx);
}

static void take_keys(struct play *p, bool whole)
{
	struct str in = buf_str(&p->typed);
	uint32_t key;

	while (!p->loop.stopped && keys_take(&in, whole, &key))
		controls_key(p, key);
	buf_consume(&p->typed, p->typed.n - in.n);
	if (p->typed.n)
		loop_timer_start(&p->loop, &p->escape, ESCAPE_US, 0);
	refresh(p);
}

static void on_escape(struct loop *l, struct loop_timer *t)
{
	take_keys(t->ctx, true);
}

static void on_terminal(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct play *p = w->ctx;
	int r = what & LOOP_READ ? tty_read(&p->tty, &p->typed) : 0;

	if (r < 0 || what & LOOP_HANGUP) {
		hang_up(p);
		return;
	}
	loop_timer_stop(&p->loop, &p->escape);
	take_keys(p, p->typed.n > TYPED_MAX);
}

/* Size and contents of the terminal are not known, as at first. */
static int take_terminal(struct play *p)
{
	unsigned rows, cols;
	int r = tty_take(&p->tty, &p->err);

	if (r < 0)
		return r;
	tty_size(&p->tty, &rows, &cols);
	screen_free(p->status);
	screen_free(p->help);
	p->help = NULL;
	p->status = screen_new(1, cols, 0);
	r = view_resize(&p->view, rows, cols);
	return r < 0 || !p->status ? err_sys(&p->err, -ENOMEM, "terminal") : 0;
}

static void stop_for_shell(struct play *p)
{
	sigset_t stop;

	tty_give_back(&p->tty);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	/* It waits in the loop's descriptor only while it is blocked. */
	kill(getpid(), SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
}

static void on_signal(
    struct loop *l, struct loop_signals *s, const struct signalfd_siginfo *info)
{
	struct play *p = s->ctx;
	int r = 0;

	switch (info->ssi_signo) {
	case SIGTSTP:
		stop_for_shell(p);
		/* fall through */
	case SIGCONT:
	case SIGWINCH:
		r = take_terminal(p);
		break;
	default:
		p->signal = (int)info->ssi_signo;
		play_quit(p);
		return;
	}
	if (r < 0)
		play_fail(p, r);
	refresh(p);
}

static int start_loop(struct play *p)
{
	static const int wanted[] = {
	    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	int r = loop_init(&p->loop);

	p->keys = (struct loop_watch){
	    .fd = p->tty.fd, .ready = on_terminal, .ctx = p};
	p->signals = (struct loop_signals){.got = on_signal, .ctx = p};
	p->timer = (struct loop_timer){.due = on_timer, .ctx = p};
	p->escape = (struct loop_timer){.due = on_escape, .ctx = p};
	if (r == 0)
		r = loop_signals_start(&p->loop, &p->signals, wanted,
		    sizeof wanted / sizeof *wanted);
	if (r == 0)
		r = loop_watch(&p->loop, &p->keys, LOOP_READ);
	return r < 0 ? err_sys(&p->err, r, "cannot wait for the terminal") : 0;
}

/* From here on the terminal is ours; whatever ends it, it is given back. */
static int run(struct play *p)
{
	int r = tty_open(&p->tty, p->cli->out.fd, &p->err);

	if (r == 0)
		r = start_loop(p);
	if (r == 0)
		r = take_terminal(p);
	if (r == 0) {
		p->player.now = loop_now();
		loop_timer_start(&p->loop, &p->timer, 0, 0);
		r = loop_run(&p->loop);
	}
	tty_close(&p->tty);
	loop_signals_stop(&p->loop, &p->signals);
	loop_free(&p->loop);
	return r;
}

static int open_player(struct play *p, const struct play_options *o)
{
	const struct recording *r = p->recording;
	struct player *player = &p->player;
	int result = film_open(&p->film, &p->err);

	if (result < 0)
		return result;
	p->source = (struct player_source){film_seek, film_next, &p->film};
	*player = (struct player){.source = &p->source,
	    .shown = status_piece,
	    .user = p,
	    .end = film_end(&p->film),
	    .until = UINT64_MAX,
	    .speed = o->speed,
	    .idle = o->skip ? p->idle : 0};
	result = player_open(player, loop_now(), &p->err);
	if (result == 0 && film_end(&p->film) == 0 && r->end > r->start)
		player->end =
		    player->begin + (uint64_t)(r->end - r->start) * NS_PER_US;
	return result;
}

static int set_moments(struct play *p, const struct play_options *o)
{
	struct player *player = &p->player;
	uint64_t at = o->follow ? UINT64_MAX : player->begin;
	int r;

	if (o->at && !moment_parse(str_z(o->at), player, &at))
		return err_set(&p->err, -EINVAL,
		    "--at %s is no time: 1:23, 90s, 11:02:07, or "
		    "\"2026-11-22 11:02\"",
		    o->at);
	if (o->until && !moment_parse(str_z(o->until), player, &player->until))
		return err_set(&p->err, -EINVAL,
		    "--until %s is no time: 1:23, 90s, 11:02:07, or "
		    "\"2026-11-22 11:02\"",
		    o->until);
	if (p->recording->masked)
		play_notice(p, "input masked: %lld times in all",
		    (long long)p->recording->masked);
	r = at > player->begin ? player_seek(player, at, &p->err) : 0;
	return r;
}

static void close_play(struct play *p)
{
	player_close(&p->player);
	film_close(&p->film);
	find_free(&p->find);
	recording_commands_free(&p->commands);
	view_free(&p->view);
	screen_free(p->status);
	screen_free(p->help);
	buf_free(&p->typed);
	buf_free(&p->notice.text);
}

int play_recording(
    struct cli *c, const struct recording *r, const struct play_options *o)
{
	struct play p = {.cli = c,
	    .recording = r,
	    .film = {.archive = c->archive, .recording = r, .busy = busy},
	    .idle = (uint64_t)o->idle * NS_PER_US,
	    .follow = o->follow,
	    .view = {.utf8 = c->term.utf8, .color = c->term.color}};
	int result = recording_commands_find(&p.commands, c->store, r, &p.err);

	p.film.user = &p;
	if (result == 0)
		result = open_player(&p, o);
	if (result == 0)
		result = set_moments(&p, o);
	if (result == 0)
		result = run(&p);
	close_play(&p);
	if (p.signal) {
		signal(p.signal, SIG_DFL);
		raise(p.signal);
	}
	if (result == -EINVAL)
		return cli_usage(c, "%s", p.err.text);
	if (result < 0)
		return cli_fail_code(c, result, &p.err);
	if (!p.film.damaged)
		return CLI_FOUND;
	cli_fail(c,
	    "parts of the recording could not be read: it was changed or "
	    "damaged; sshtrail verify tells more");
	return CLI_UNSOUND;
}
