/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/feed.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/handover.h"
#include "base/loop.h"

/* The source is told anew after this time what time it is. */
#define MTIME_OLD (3600 * USEC_PER_SEC)
#define REST_USEC (2 * USEC_PER_SEC)

struct feed {
	struct source_sink sink; /* first: the sink is cast back */
	const struct tap *tap;
	struct tap_run *run;
	const struct source *source;
	struct source_run *source_run;
	struct source_input input;
	struct tap_opened opened; /* its texts; descriptors are the tap's */
	const struct feed_config *cfg;
	struct buf window; /* bytes that the source has not taken yet */
	uint64_t offset;   /* of the window's first byte in its stream */
	uint64_t
	    lost[TAP_LOSSES_MAX]; /* told, by the ways of struct tap_loss */
	uint64_t unparsed;	  /* told */
	struct feed_stats stats;
};

/*
 * Of the same fact a text log has only what somebody wrote into it: that stays,
 * as what it is. What nobody else reads has no twin.
 */
static bool is_told_elsewhere(const struct feed *f, struct event *ev)
{
	const struct feed_sink *to = f->cfg->sink;

	if ((ev->kind == EVENT_GAP ||
		(ev->trust <= TRUST_JOURNAL && event_has(ev, F_SES))) &&
	    to->told(to->ctx, f, ev))
		return true;
	return !f->tap->alone && to->twin(to->ctx, f, ev);
}

static int take_event(struct source_sink *sink, struct event *ev)
{
	struct feed *f = (struct feed *)sink;
	const struct feed_sink *to = f->cfg->sink;

	if (f->tap->news && !f->tap->news(f->run, ev))
		return 0;
	if (is_told_elsewhere(f, ev)) {
		f->stats.left_out++;
		return 0;
	}
	f->stats.events++;
	if (ev->source.n == 0)
		ev->source = str_z(f->source->name);
	return to->event(to->ctx, f, ev);
}

static int take_piece(struct source_sink *sink, uint64_t terminal,
    const struct piece *p, struct event *ev)
{
	struct feed *f = (struct feed *)sink;
	const struct feed_sink *to = f->cfg->sink;

	f->stats.events += ev != NULL;
	return to->piece(to->ctx, f, terminal, p, ev);
}

static int start(struct feed *f, const char *place, struct err *err)
{
	int r = f->tap->start(&f->run, &f->opened, place, err);

	if (r < 0)
		return r;
	f->input = (struct source_input){.name = f->opened.name,
	    .mtime = time_now(),
	    .utc_offset = time_zone_local,
	    .host = f->cfg->host,
	    .id_key = f->cfg->id_key};
	return f->source->open(&f->source_run, &f->input, err);
}

int feed_open(struct feed **ret, const struct tap *tap,
    const struct tap_opened *opened, const char *place,
    const struct feed_config *cfg, struct err *err)
{
	struct feed *f = calloc(1, sizeof *f);
	int r;

	if (!f)
		return err_sys(err, -ENOMEM, "%s", tap->name);
	f->sink.event = take_event;
	f->sink.piece = take_piece;
	f->tap = tap;
	f->cfg = cfg;
	f->opened = *opened;
	f->source = source_find(str_z(tap->source));
	r = f->source ? start(f, place, err)
		      : err_set(err, -ENOSYS, "no source \"%s\"", tap->source);
	if (r < 0) {
		feed_close(f);
		return err_context(err, r, "%s", tap->name);
	}
	*ret = f;
	return 0;
}

void feed_close(struct feed *f)
{
	if (!f)
		return;
	if (f->source_run)
		f->source->close(f->source_run);
	if (f->run)
		f->tap->stop(f->run);
	buf_free(&f->window);
	free(f);
}

/* What was not understood of a log is still in it; else it is nowhere. */
static int note_unparsed(struct feed *f)
{
	const struct feed_sink *to = f->cfg->sink;
	uint64_t more = f->sink.unparsed - f->unparsed;

	if (!more || !f->tap->alone)
		return 0;
	f->unparsed += more;
	f->stats.lost += more;
	return to->gap(to->ctx, f, more, "records that were not understood");
}

/* Give the source what there is; `last`: nothing more comes of this file. */
static int parse(struct feed *f, bool last)
{
	ssize_t taken = f->source->feed(
	    f->source_run, buf_str(&f->window), f->offset, last, &f->sink);

	if (taken < 0)
		return (int)taken;
	f->offset += (uint64_t)taken;
	buf_consume(&f->window, (size_t)taken);
	return note_unparsed(f);
}

/* What the source reads next is of a new file of its stream. */
static int begin_file(struct feed *f)
{
	int r;

	f->offset = 0;
	f->input.mtime = time_now();
	if (f->source->next)
		return f->source->next(f->source_run, &f->input);
	r = f->source->finish(f->source_run, &f->sink);
	f->source->close(f->source_run);
	f->source_run = NULL;
	return r < 0 ? r : f->source->open(&f->source_run, &f->input, NULL);
}

static int next_file(struct feed *f)
{
	int r = parse(f, true);

	buf_clear(&f->window);
	return r < 0 ? r : begin_file(f);
}

/* A time without a year is taken to be of the year before what it is told. */
static int tell_time(struct feed *f)
{
	if (!f->source->next || f->window.n ||
	    time_now() - f->input.mtime < MTIME_OLD)
		return 0;
	return begin_file(f);
}

static int note_lost(struct feed *f)
{
	const struct feed_sink *to = f->cfg->sink;
	struct tap_loss now[TAP_LOSSES_MAX];
	unsigned n = f->tap->lost(f->run, now);
	int r = 0;

	for (unsigned i = 0; i < n && r == 0; i++) {
		uint64_t more = now[i].n - f->lost[i];

		if (now[i].n <= f->lost[i])
			continue;
		f->lost[i] = now[i].n;
		f->stats.lost += more;
		r = to->gap(to->ctx, f, more, now[i].where);
	}
	return r;
}

int feed_read(struct feed *f, struct err *err)
{
	size_t before = f->window.n;
	int r, state = f->tap->read(f->run, &f->window, err);

	if (state < 0)
		return state;
	f->stats.bytes += f->window.n - before;
	r = buf_error(&f->window);
	if (r == 0)
		r = note_lost(f);
	if (r == 0 && f->window.n > before)
		r = parse(f, false);
	if (r == 0)
		r = state == TAP_NEXT ? next_file(f) : tell_time(f);
	return r < 0 ? err_sys(err, r, "%s", f->tap->name) : state;
}

int feed_settle(struct feed *f, struct err *err)
{
	int r = note_lost(f);

	if (r == 0 && f->source->held(f->source_run, f->offset) < f->offset)
		r = f->source->finish(f->source_run, &f->sink);
	return r < 0 ? err_sys(err, r, "%s", f->tap->name) : 0;
}

int feed_reopened(
    struct feed *f, const struct tap_opened *opened, struct err *err)
{
	f->opened = *opened;
	return f->tap->reopened(f->run, opened, err);
}

int feed_read_rest(struct feed *f, struct err *err)
{
	const int64_t until = loop_now() + REST_USEC;
	int state;

	do {
		state = feed_read(f, err);
	} while (
	    (state == TAP_MORE || state == TAP_NEXT) && loop_now() < until);
	feed_settle(f, err);
	return state;
}

void feed_leave(const struct feed *f, struct buf *handover)
{
	struct buf kept = BUF_INIT;

	if (f->source->keep)
		f->source->keep(f->source_run, &kept);
	if (buf_error(&kept) == 0 && kept.n)
		handover_add(handover, f->tap->name, buf_str(&kept));
	buf_free(&kept);
}

void feed_take_over(struct feed *f, const struct buf *handover)
{
	struct str kept = handover_find(handover, f->tap->name);

	if (kept.n && f->source->take_up)
		f->source->take_up(f->source_run, kept);
}

bool feed_tells(struct feed *f, const struct event *ev)
{
	return f->tap->tells && f->tap->tells(f->run, ev);
}

int feed_fd(const struct feed *f)
{
	return f->tap->fd(f->run);
}

const struct tap *feed_tap(const struct feed *f)
{
	return f->tap;
}

void feed_place(const struct feed *f, struct buf *ret)
{
	uint64_t held = f->source->held(f->source_run, f->offset);

	f->tap->place(f->run, f->window.n + (size_t)(f->offset - held), ret);
}

void feed_stats(const struct feed *f, struct feed_stats *ret)
{
	*ret = f->stats;
	ret->records = f->sink.lines;
	ret->unparsed = f->sink.unparsed;
	ret->name = f->opened.name;
	ret->note = f->opened.note;
	ret->doing = f->tap->doing ? f->tap->doing(f->run) : NULL;
}
