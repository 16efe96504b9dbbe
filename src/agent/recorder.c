/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/handover.h"
#include "agent/recorded.h"
#include "agent/reel.h"
#include "agent/screener.h"
#include "archive/recording.h"
#include "base/array.h"
#include "base/map.h"
#include "base/when.h"
#include "core/event_json.h"
#include "record/chunk.h"
#include "sources/source.h"

/* A chunk is written when it has so many bytes, or when it is synced. */
#define CHUNK_BYTES ((size_t)64 << 10)
/* How often it is tried again after trouble. */
#define MEND_USEC   ((int64_t)10 * USEC_PER_SEC)
/* Of a handover. */
#define SECTION	    "recorder"
/* The service that gaps name. */
#define SERVICE	    "terminals"

struct recorder {
	struct ledger *ledger;
	struct trail *trail; /* NULL: broken */
	struct err trouble;
	bool unsure; /* what is there of those frames may not stay */
	struct reel **reels;
	size_t n, cap;
	struct map by_terminal; /* index of the reel */
	struct recorded recorded;
	struct screener screener;
	char digest[65]; /* of what recorded_ said last */
	struct buf text;
	bool unsynced, uncommitted, paused;
	int64_t mended_at; /* loop_now(); tried last */
	uint64_t recordings, bytes;
};

static struct reel *find(const struct recorder *r, uint64_t terminal)
{
	const uint64_t *at = map_get(&r->by_terminal, terminal);

	return at ? r->reels[*at] : NULL;
}

static struct reel *add(struct recorder *r, uint64_t terminal)
{
	struct reel *reel = calloc(1, sizeof *reel);
	uint64_t *at;

	at = reel && array_grow(
			 &r->reels, r->n, &r->cap, sizeof(struct reel *)) == 0
		 ? map_put(&r->by_terminal, terminal)
		 : NULL;
	if (!at) {
		free(reel);
		return NULL;
	}
	*at = r->n;
	reel->terminal = terminal;
	sha256_init(&reel->digest);
	r->reels[r->n++] = reel;
	return reel;
}

static void drop(struct recorder *r, struct reel *reel)
{
	uint64_t at = *map_get(&r->by_terminal, reel->terminal);
	struct reel *moved = r->reels[--r->n];

	r->reels[at] = moved;
	*map_put(&r->by_terminal, moved->terminal) = at;
	map_del(&r->by_terminal, reel->terminal);
	reel_free(reel);
}

/* --- the chain --- */

/* Nothing more can be recorded: told once, by who calls this. */
static void break_off(struct recorder *r, const struct err *why)
{
	struct err ignored;

	r->trouble = *why;
	r->unsure = trail_close(r->trail, &ignored) < 0;
	r->trail = NULL;
}

/* Write what the reel gathered; false: it is broken now. */
static bool flush(struct recorder *r, struct reel *reel)
{
	struct buf *b = &reel->chunk.bytes;
	struct err why = {""};
	int error = buf_error(b);

	if (!r->trail || b->n == 0)
		return r->trail != NULL;
	if (error == 0)
		error = trail_append(r->trail, FRAME_RECORDING,
		    (uint32_t)reel->number, buf_str(b), &reel->last, &why);
	else
		err_sys(&why, error, "recording");
	if (error < 0) {
		break_off(r, &why);
		return false;
	}
	sha256_add(&reel->digest, b->p, b->n);
	r->bytes += b->n;
	reel->bytes += (int64_t)b->n;
	buf_clear(b);
	r->unsynced = r->uncommitted = true;
	return true;
}

static bool sync_trail(struct recorder *r)
{
	struct err why = {""};

	if (r->trail && r->unsynced && trail_sync(r->trail, &why) < 0)
		break_off(r, &why);
	r->unsynced = false;
	return r->trail != NULL;
}

/* --- begin and end of a recording --- */

/* What a session's own event says of it can be told by now. */
static int tell_session(
    struct recorder *r, const struct event *closed, struct err *err)
{
	struct event *close = recorded_due(&r->recorded, closed, r->digest);

	return close ? ledger_add(r->ledger, close, err) : 0;
}

static int add_close(
    struct recorder *r, struct event *ev, bool begun, struct err *err)
{
	int error = ledger_add(r->ledger, ev, err);

	if (error < 0)
		return error;
	recorded_end(&r->recorded, ev, begun);
	return tell_session(r, ev, err);
}

/*
 * Some of what was written is not there: the event vouches for what is, if
 * that is to stay.
 */
static void count_again(struct recorder *r, struct reel *reel, struct event *ev)
{
	struct err ignored;

	if (reel_read_back(reel, ledger_archive(r->ledger),
		ledger_host(r->ledger), &ignored) < 0 ||
	    r->unsure)
		reel->last = 0;
	event_set_int(ev, F_PARTIAL, true);
	event_set_int(ev, F_BYTES_READ, counts_sent(&reel->counts));
}

/* The end of it, with all that was written of it on the disk. */
static int end_reel(
    struct recorder *r, struct reel *reel, struct event *ev, struct err *err)
{
	char hex[65];
	int error;

	if (!flush(r, reel) || !sync_trail(r))
		count_again(r, reel, ev);
	reel_vouch(reel, ev, hex);
	error = add_close(r, ev, true, err);
	if (reel->last)
		screener_add(&r->screener, reel->number, reel->last);
	drop(r, reel);
	return error;
}

static int end_all(struct recorder *r, const char *why, struct err *err)
{
	int error = 0;

	while (r->n && error == 0) {
		struct reel *reel = r->reels[r->n - 1];
		const int64_t now = time_now() * 1000;
		struct piece end = {.type = PIECE_END, .time = now};
		struct event ev;

		end.boot = reel->chunk.boot;
		chunk_add(&reel->chunk, &end);
		reel_close(reel, &ev);
		event_set_str(&ev, F_REASON, str_z(why));
		error = end_reel(r, reel, &ev, err);
	}
	return error;
}

/* After something failed: what was open ends here, and why is told. */
static int tell_trouble(struct recorder *r, struct err *err)
{
	int error = end_all(r, r->trouble.text, err);

	return error < 0
		   ? error
		   : ledger_gap(r->ledger, SERVICE, 0, r->trouble.text, err);
}

/* A recording that could not begin: the terminal is told of all the same. */
static int not_begun(
    struct recorder *r, struct reel *reel, struct event *ev, struct err *err)
{
	int error;

	if (reel)
		drop(r, reel);
	error = ledger_add(r->ledger, ev, err);
	return error < 0 ? error : tell_trouble(r, err);
}

static int begin_reel(struct recorder *r, uint64_t terminal, struct piece *p,
    struct event *ev, struct err *err)
{
	struct reel *reel = find(r, terminal) ? NULL : add(r, terminal);
	struct err why = {""};

	/* Its end may have to be told after the next boot. */
	if (ev->boot.n == 0)
		ev->boot = ledger_boot(r->ledger);
	if (!reel || reel_open(reel, ev) < 0) {
		err_sys(&why, -ENOMEM, "recording");
		break_off(r, &why);
		return not_begun(r, reel, ev, err);
	}
	reel->number = trail_last_seq(r->trail) + 1;
	buf_clear(&r->text);
	event_to_json(ev, 0, &r->text);
	p->bytes = buf_str(&r->text);
	chunk_add(&reel->chunk, p);
	/*
	 * On the disk before an event names it: its number must not be given
	 * to another after a crash.
	 */
	if (!flush(r, reel) || !sync_trail(r))
		return not_begun(r, reel, ev, err);
	r->recordings++;
	event_set_int(ev, F_RECORDING, (int64_t)reel->number);
	event_set_int(&reel->open, F_RECORDING, (int64_t)reel->number);
	recorded_begin(&r->recorded, ev);
	return ledger_add(r->ledger, ev, err);
}

/* In the place of what came while it was paused. */
static void add_hole(struct reel *reel, const struct piece *before)
{
	struct piece hole = *before;

	hole.type = PIECE_HOLE;
	hole.bytes = STR_NONE;
	hole.lost = reel->skipped;
	reel->skipped = 0;
	chunk_add(&reel->chunk, &hole);
	reel_count(reel, &hole);
}

static void add_piece(
    const struct recorder *r, struct reel *reel, const struct piece *p)
{
	if (r->paused && (p->type == PIECE_OUTPUT || p->type == PIECE_ERRORS)) {
		reel->skipped += p->bytes.n;
		return;
	}
	if (reel->skipped)
		add_hole(reel, p);
	chunk_add(&reel->chunk, p);
	reel_count(reel, p);
}

void recorder_close_session(struct recorder *r, struct event *ev)
{
	recorded_close(&r->recorded, ev, r->digest);
}

int recorder_guard(struct recorder *r, struct err *err)
{
	struct err why = {""};
	int done = r->trail ? trail_guard(r->trail, &why) : 0;

	if (done == 0)
		return 0;
	if (done > 0)
		return ledger_gap(r->ledger, SERVICE, 0,
		    "somebody removed or replaced the segment of the "
		    "recordings that is being written: it was put back with "
		    "all that it held",
		    err);
	break_off(r, &why);
	return tell_trouble(r, err);
}

/* Not while room is short. */
void recorder_derive(struct recorder *r)
{
	if (!r->paused)
		screener_work(&r->screener);
}

void recorder_pause(struct recorder *r, bool paused)
{
	r->paused = paused;
}

int recorder_take(struct recorder *r, uint64_t terminal, const struct piece *p,
    struct event *ev, struct err *err)
{
	struct piece copy = *p;
	struct reel *reel;

	if (r->trail && p->type == PIECE_BEGIN)
		return begin_reel(r, terminal, &copy, ev, err);
	reel = find(r, terminal);
	if (!reel)
		return ev ? ledger_add(r->ledger, ev, err) : 0;
	add_piece(r, reel, p);
	if (p->type == PIECE_END) {
		int error = end_reel(r, reel, ev, err);

		return error < 0 || r->trail ? error : tell_trouble(r, err);
	}
	if (reel->chunk.bytes.n >= CHUNK_BYTES && !flush(r, reel))
		return tell_trouble(r, err);
	return 0;
}

/* --- groups --- */

bool recorder_unsynced(const struct recorder *r)
{
	if (r->unsynced)
		return true;
	for (size_t i = 0; i < r->n; i++)
		if (r->reels[i]->chunk.bytes.n)
			return true;
	return false;
}

bool recorder_uncommitted(const struct recorder *r)
{
	return r->uncommitted || recorder_unsynced(r);
}

int recorder_sync(struct recorder *r, struct err *err)
{
	bool sound = r->trail != NULL;

	if (!sound)
		return 0;
	for (size_t i = 0; i < r->n && sound; i++)
		sound = flush(r, r->reels[i]);
	sound = sound && sync_trail(r);
	return sound ? 0 : tell_trouble(r, err);
}

int recorder_commit(struct recorder *r, struct err *err)
{
	struct err why = {""};
	int error = recorder_sync(r, err);

	if (error < 0 || !r->trail || !r->uncommitted)
		return error;
	r->uncommitted = false;
	if (trail_checkpoint(r->trail, &why) == 0)
		return 0;
	break_off(r, &why);
	return tell_trouble(r, err);
}

void recorder_stats(const struct recorder *r, struct recorder_stats *ret)
{
	*ret = (struct recorder_stats){.recordings = r->recordings,
	    .open = r->n,
	    .bytes = r->bytes,
	    .trouble = r->trail ? NULL : r->trouble.text};
}

/* --- begin and end of the daemon --- */

struct leftover {
	struct recorder *recorder;
	struct err *err;
};

static bool goes_on(const struct recorder *r, uint64_t number)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->reels[i]->number == number)
			return true;
	return false;
}

/* What a run that was killed did not say any more. */
static int close_leftover(void *ctx, const struct recording *row)
{
	struct leftover *left = ctx;
	struct ledger *l = left->recorder->ledger;
	struct reel *reel = calloc(1, sizeof *reel);
	struct event ev;
	char hex[65];
	int r;

	if (!reel)
		return err_sys(left->err, -ENOMEM, "recording");
	if (goes_on(left->recorder, row->number))
		return reel_free(reel), 0;
	reel->number = row->number;
	reel->time = row->start;
	r = reel_read_back(reel, ledger_archive(l), row->host, left->err);
	if (r == 0) {
		if (!reel->known && row->tty.n)
			event_set_str(&reel->open, F_TTY, row->tty);
		reel_close(reel, &ev);
		ev.time = reel->time;
		reel_vouch(reel, &ev, hex);
		event_set_str(&ev, F_REASON,
		    STR("the recorder was killed before the end"));
		r = add_close(left->recorder, &ev, false, left->err);
	}
	reel_free(reel);
	return r;
}

static int close_leftovers(struct recorder *r, struct err *err)
{
	struct store *s = archive_store(ledger_archive(r->ledger));
	const struct recording_query q = {
	    .host = ledger_host(r->ledger), .open_only = true};
	struct leftover left = {r, err};

	return s->ops->recordings(s, &q, close_leftover, &left, err);
}

static int open_trail(struct recorder *r, struct trail_recovery *rec)
{
	struct buf chain = BUF_INIT;
	int error;

	recording_chain(ledger_host(r->ledger), &chain);
	error = buf_error(&chain);
	if (error == 0)
		error = archive_open_chain(ledger_archive(r->ledger), chain.p,
		    &r->trail, rec, &r->trouble);
	buf_free(&chain);
	return error;
}

int recorder_mend(struct recorder *r, int64_t now, struct err *err)
{
	struct trail_recovery ignored = {0};

	if (r->trail || now - r->mended_at < MEND_USEC)
		return 0;
	r->mended_at = now;
	if (open_trail(r, &ignored) < 0)
		return 0;
	return ledger_gap(r->ledger, SERVICE, 0,
	    "terminals are recorded again, but for those that were open", err);
}

static int open_chain(struct recorder *r, struct err *err)
{
	struct trail_recovery rec = {0};
	int error = open_trail(r, &rec);

	if (error < 0)
		return ledger_gap(r->ledger, SERVICE, 0, r->trouble.text, err);
	if (rec.torn_bytes || rec.unclean)
		return ledger_gap(r->ledger, SERVICE, 0,
		    "writing of recordings was interrupted", err);
	return 0;
}

static void take_over(struct recorder *r, struct str left)
{
	struct reel got, *reel;

	while (reel_take_over(&got, &left)) {
		reel = find(r, got.terminal) ? NULL : add(r, got.terminal);
		if (!reel) {
			arena_free(&got.mem);
			continue;
		}
		*reel = got;
		recorded_begin(&r->recorded, &reel->open);
	}
}

int recorder_leave(struct recorder *r, struct buf *handover, struct err *err)
{
	struct buf left = BUF_INIT;
	int error = recorder_commit(r, err);

	for (size_t i = 0; error == 0 && i < r->n;) {
		struct reel *reel = r->reels[i];
		const struct source *source = source_find(reel->open.source);

		if (!source || !source->keep) {
			i++;
			continue;
		}
		reel_leave(reel, &left);
		drop(r, reel);
	}
	handover_add(handover, SECTION, buf_str(&left));
	if (buf_error(&left))
		handover->error = buf_error(&left);
	buf_free(&left);
	return error;
}

int recorder_open(struct recorder **ret, struct ledger *l,
    const struct buf *handover, struct err *err)
{
	struct recorder *r = calloc(1, sizeof *r);
	int error;

	if (!r)
		return err_sys(err, -ENOMEM, "recorder");
	r->ledger = l;
	r->text.max = TRAIL_PAYLOAD_MAX / 2;
	r->recorded.boot = ledger_boot(l);
	error = recorded_restore(&r->recorded, archive_store(ledger_archive(l)),
	    ledger_host(l), err);
	if (error == 0)
		error = open_chain(r, err);
	if (error == 0)
		take_over(r, handover_find(handover, SECTION));
	if (error == 0)
		error = close_leftovers(r, err);
	if (error == 0)
		error = screener_open(&r->screener, ledger_archive(r->ledger),
		    ledger_host(r->ledger), err);
	if (error < 0) {
		recorder_close(r, NULL, err);
		return error;
	}
	*ret = r;
	return 0;
}

int recorder_close(struct recorder *r, const char *why, struct err *err)
{
	int error = 0;

	if (!r)
		return 0;
	if (why)
		error = end_all(r, why, err);
	trail_end(r->trail, !why);
	while (r->n)
		drop(r, r->reels[r->n - 1]);
	free(r->reels);
	map_free(&r->by_terminal);
	recorded_free(&r->recorded);
	screener_close(&r->screener);
	buf_free(&r->text);
	free(r);
	return error;
}
