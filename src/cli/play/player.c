/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/player.h"

#include <errno.h>

/* Shown at once, before keys are looked at again. */
#define BYTES_MAX  ((size_t)256 << 10)
#define PIECES_MAX 4096u

static int fetch(struct player *p, struct err *err)
{
	int r;

	if (p->has_next)
		return 1;
	r = p->source->next(p->source->ctx, &p->next, err);
	p->has_next = r > 0;
	return r;
}

static void show(struct player *p, bool tell)
{
	struct piece *piece = &p->next;

	p->has_next = false;
	/* Times of the screen are any but 0. */
	if (piece->boot == 0)
		piece->boot = 1;
	screen_take(p->screen, piece);
	if (piece->time)
		p->ahead = piece->time - (int64_t)piece->boot;
	if (piece->boot > p->quiet_since)
		p->quiet_since = piece->boot;
	if (piece->type == PIECE_END)
		p->closed = true;
	if (tell && p->shown)
		p->shown(p->user, piece);
}

static void come_to(struct player *p, uint64_t at)
{
	p->at = at;
	if (p->end < at)
		p->end = at;
}

/* All pieces up to a moment. */
static int show_until(struct player *p, uint64_t boot, struct err *err)
{
	int r;

	while ((r = fetch(p, err)) > 0 && p->next.boot <= boot)
		show(p, false);
	p->at_end = r == 0;
	return r < 0 ? r : 0;
}

int player_seek(struct player *p, uint64_t boot, struct err *err)
{
	struct screen *screen = NULL;
	uint64_t from;
	int64_t time;
	int r;

	if (boot < p->begin)
		boot = p->begin;
	r = p->source->seek(p->source->ctx, boot, &screen, &from, &time, err);
	if (r < 0)
		return r;
	screen_free(p->screen);
	p->screen = screen;
	p->has_next = p->at_end = p->closed = false;
	p->quiet_since = from;
	if (from)
		p->ahead = time - (int64_t)from;
	r = show_until(p, boot, err);
	if (r < 0)
		return r;
	/* Beyond the last piece there is nothing to be shown. */
	come_to(p, p->at_end && boot > p->quiet_since ? p->quiet_since : boot);
	p->quiet_since = p->at;
	r = screen_error(p->screen);
	return r < 0 ? err_sys(err, r, "screen") : 0;
}

int player_open(struct player *p, int64_t now_us, struct err *err)
{
	uint64_t from;
	int64_t time;
	int r =
	    p->source->seek(p->source->ctx, 0, &p->screen, &from, &time, err);

	if (r < 0)
		return r;
	p->now = now_us;
	r = fetch(p, err);
	if (r < 0)
		return r;
	p->begin = from ? from : r > 0 ? p->next.boot : 0;
	if (p->end < p->begin)
		p->end = p->begin;
	p->ahead = from	   ? time - (int64_t)from
		   : r > 0 ? p->next.time - (int64_t)p->next.boot
			   : 0;
	p->at = p->quiet_since = p->begin;
	return show_until(p, p->begin, err);
}

void player_close(struct player *p)
{
	screen_free(p->screen);
	p->screen = NULL;
}

/* How far the recording goes on in so much of the user's time. */
static uint64_t scaled(const struct player *p, int64_t us)
{
	uint64_t ret;

	if (us <= 0 ||
	    __builtin_mul_overflow((uint64_t)us, (uint64_t)p->speed, &ret))
		return us <= 0 ? 0 : UINT64_MAX / 4;
	return ret < UINT64_MAX / 4 ? ret : UINT64_MAX / 4;
}

/* When the next piece is to be shown: sooner, where nothing came for long. */
static uint64_t due(const struct player *p)
{
	if (p->idle && p->next.boot > p->quiet_since &&
	    p->next.boot - p->quiet_since > p->idle)
		return p->quiet_since + p->idle;
	return p->next.boot;
}

static bool is_over(const struct player *p)
{
	return p->at >= p->until;
}

/* What is due up to `to`, or as much of it as is shown at once. */
static int show_due(
    struct player *p, uint64_t to, bool *ret_more, struct err *err)
{
	size_t bytes = 0;
	unsigned n = 0;
	int r;

	while ((r = fetch(p, err)) > 0 && p->next.boot <= p->until) {
		/* What comes at the end of a live one is shown as it comes. */
		if (p->at_end && p->next.boot > to)
			to = p->next.boot;
		p->at_end = false;
		if (due(p) > to)
			break;
		if (bytes >= BYTES_MAX || n == PIECES_MAX) {
			*ret_more = true;
			break;
		}
		if (p->next.boot > to)
			to = p->next.boot;
		bytes += p->next.bytes.n;
		n++;
		show(p, true);
	}
	if (r < 0)
		return r;
	if (r == 0) {
		p->at_end = true;
		to = p->quiet_since > p->at ? p->quiet_since : p->at;
	}
	come_to(p, to < p->until ? to : p->until);
	return screen_error(p->screen);
}

int player_advance(
    struct player *p, int64_t now_us, bool *ret_more, struct err *err)
{
	int64_t passed = now_us - p->now;
	uint64_t to;
	int r;

	*ret_more = false;
	p->now = now_us;
	if (p->paused || is_over(p))
		return 0;
	to = p->at + scaled(p, passed);
	r = show_due(p, to < p->at ? UINT64_MAX : to, ret_more, err);
	return r == -ENOMEM ? err_sys(err, r, "screen") : r;
}

int64_t player_wait(const struct player *p)
{
	uint64_t at;

	if (p->paused || is_over(p) || !p->has_next)
		return -1;
	at = due(p) < p->until ? due(p) : p->until;
	if (at <= p->at)
		return 0;
	at -= p->at;
	return (int64_t)(at / p->speed + (at % p->speed != 0));
}

int player_step(struct player *p, struct err *err)
{
	bool changes = false;
	int r = 0;

	while (!changes && (r = fetch(p, err)) > 0) {
		changes =
		    piece_is_shown(&p->next) || p->next.type == PIECE_SIZE;
		if (p->next.boot > p->at)
			come_to(p, p->next.boot);
		show(p, true);
	}
	if (r >= 0)
		r = fetch(p, err);
	p->at_end = r == 0;
	return r < 0 ? r : changes;
}

int64_t player_time(const struct player *p, uint64_t boot)
{
	return (int64_t)(boot + (uint64_t)p->ahead);
}

uint64_t player_moment(const struct player *p, int64_t time)
{
	int64_t begin = player_time(p, p->begin);

	return time <= begin ? p->begin
			     : p->begin + ((uint64_t)time - (uint64_t)begin);
}
