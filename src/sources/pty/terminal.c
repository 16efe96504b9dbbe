/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/pty/terminal.h"

#include <endian.h>
#include <sys/wait.h>

/* Holes of one terminal are told by one event in this time. */
#define GAP_EVERY ((uint64_t)1000000000)
#define RESUMED	  "another recording holds what was shown before"
#define GOES_ON	  "another recording holds what was shown after it"
#define KILLED	  "the recorder of the terminal was killed, or it failed"

static void set_id(struct event *ev, enum field f, uint32_t id)
{
	if (id != (uint32_t)AUDIT_UNSET)
		event_set_int(ev, f, id);
}

void terminal_event(const struct work *w, enum event_kind kind,
    uint64_t boot_time, struct event *ev)
{
	const struct pty_rec *rec = &w->rec;
	int64_t time = 0;
	uint64_t key[] = {htole64(kind), htole64(rec->serial),
	    htole64(boot_time), htole64((uint64_t)w->records->real_offset)};
	struct str parts[] = {str_z(w->origin->name), w->in->host,
	    records_boot(w->records),
	    /* Within a boot these times are enough; the clock may be set. */
	    str_make(key, w->records->boot_known ? 24 : 32)};

	source_event_init(ev, kind, w->origin->name, w->in, w->offset);
	ev->trust = w->origin->trust;
	ev->boot = records_boot(w->records);
	records_time(w->records, boot_time, &time);
	ev->time = time / 1000;
	event_set_hex(ev, F_ID,
	    source_id(w->in->id_key, parts, sizeof parts / sizeof *parts));
	event_set_int(ev, F_PID, rec->head.pid);
	event_set_int(ev, F_PPID, rec->ppid);
	set_id(ev, F_AUID, rec->auid);
	set_id(ev, F_SES, rec->ses);
	if (rec->flags & PTY_COMMAND)
		event_set_int(ev, F_SID, rec->index);
	else
		source_set_str(
		    ev, F_TTY, arena_printf(w->mem, "pts/%u", rec->index));
	event_set_str(ev, F_CHAN_TYPE,
	    rec->flags & PTY_COMMAND ? STR("command") : STR("terminal"));
}

static int tell_gap(struct work *w, struct str reason)
{
	struct terminal *t = w->t;
	struct event ev;

	terminal_event(w, EVENT_GAP, w->rec.head.time, &ev);
	event_unset(&ev, F_CHAN_TYPE);
	event_set_str(&ev, F_OP, STR("lost"));
	event_set_str(&ev, F_REASON, reason);
	if (t->untold)
		event_set_int(&ev, F_LOST, (int64_t)t->untold);
	t->untold = 0;
	t->gap_at = w->rec.head.time;
	return w->sink->event(w->sink, &ev);
}

int terminal_tell(struct work *w, struct piece *p, struct event *ev)
{
	if (p->type != PIECE_BEGIN)
		p->boot = w->rec.head.time;
	records_time(w->records, p->boot, &p->time);
	if (w->sink->piece)
		return w->sink->piece(w->sink, w->t->serial, p, ev);
	return ev ? w->sink->event(w->sink, ev) : 0;
}

bool terminal_is_late(const struct work *w)
{
	return w->rec.head.type != PTY_OPEN || w->rec.flags & PTY_LATE;
}

int terminal_begin(struct work *w)
{
	const struct pty_rec *rec = &w->rec;
	struct piece p = {.type = PIECE_BEGIN, .boot = rec->head.time};
	bool late = terminal_is_late(w);
	struct event ev;
	int r;

	terminal_event(w, EVENT_CHANNEL_OPEN, rec->head.time, &ev);
	source_set_str(
	    &ev, F_SIZE, arena_printf(w->mem, "%ux%u", rec->cols, rec->rows));
	if (late || rec->flags & PTY_RESUMED)
		event_set_int(&ev, F_PARTIAL, true);
	if (rec->flags & PTY_RESUMED)
		event_set_str(&ev, F_REASON, STR(RESUMED));
	r = terminal_tell(w, &p, &ev);
	if (r < 0 || !late)
		return r;
	p = (struct piece){.type = PIECE_HOLE};
	r = terminal_tell(w, &p, NULL);
	return r < 0 ? r
		     : tell_gap(
			   w, STR("the terminal was open before its recording "
				  "began"));
}

int terminal_follow_offset(struct work *w)
{
	struct piece p = {.type = PIECE_HOLE};
	struct terminal *t = w->t;
	int r;

	if (w->rec.offset <= t->offset)
		return 0;
	p.lost = w->rec.offset - t->offset;
	t->offset = w->rec.offset;
	t->lost += p.lost;
	t->untold += p.lost;
	r = terminal_tell(w, &p, NULL);
	if (r < 0 || (t->gap_at && w->rec.head.time < t->gap_at + GAP_EVERY))
		return r;
	return tell_gap(w, STR("output came faster than it could be kept"));
}

static int follow_size(struct work *w)
{
	struct piece p = {
	    .type = PIECE_SIZE, .cols = w->rec.cols, .rows = w->rec.rows};

	if (p.cols == w->t->cols && p.rows == w->t->rows)
		return 0;
	w->t->cols = p.cols;
	w->t->rows = p.rows;
	return terminal_tell(w, &p, NULL);
}

int terminal_take(struct work *w, enum piece_type type)
{
	struct piece p = {.type = type, .bytes = w->bytes};

	if (type == PIECE_INPUT) {
		w->t->input += w->bytes.n;
	} else {
		w->t->output += w->bytes.n;
		w->t->offset += w->bytes.n;
	}
	return terminal_tell(w, &p, NULL);
}

/* What both kinds of ends say. */
int terminal_close(struct work *w, struct event *ev)
{
	const int status = (int)w->rec.status;
	struct terminal *t = w->t;
	int r = 0;

	if (t->untold)
		r = tell_gap(
		    w, STR("output came faster than it could be kept"));
	terminal_event(w, EVENT_CHANNEL_CLOSE, w->rec.head.time, ev);
	if (!(w->rec.flags & PTY_UNREAD))
		event_set_int(
		    ev, F_BYTES_READ, (int64_t)(t->output + t->left_out));
	if (w->rec.flags & PTY_EXITED && WIFEXITED(status))
		event_set_int(ev, F_EXIT, WEXITSTATUS(status));
	else if (w->rec.flags & PTY_EXITED && WIFSIGNALED(status))
		event_set_int(ev, F_SIGNAL, WTERMSIG(status));
	if (t->lost)
		event_set_int(ev, F_LOST, (int64_t)t->lost);
	if (w->rec.head.time >= t->begun)
		event_set_int(ev, F_DURATION,
		    (int64_t)((w->rec.head.time - t->begun) / 1000));
	return r;
}

/* How its shell ended, or that nobody knows how much it still showed. */
static int tell_end(struct work *w)
{
	const int status = (int)w->rec.status;
	struct piece exited = {.type = PIECE_EXIT,
	    .status = (uint32_t)(WIFEXITED(status) ? WEXITSTATUS(status)
						   : 128 + WTERMSIG(status))};
	struct piece hole = {.type = PIECE_HOLE};
	int r;

	if (w->rec.flags & PTY_EXITED)
		return terminal_tell(w, &exited, NULL);
	if (!(w->rec.flags & PTY_KILLED))
		return 0;
	r = terminal_tell(w, &hole, NULL);
	return r < 0 ? r : tell_gap(w, STR(KILLED));
}

static int end_terminal(struct work *w)
{
	struct piece p = {.type = PIECE_END};
	struct event ev;
	int r = tell_end(w);

	if (r == 0)
		r = terminal_close(w, &ev);
	if (w->rec.flags & PTY_RESUMED) {
		event_set_int(&ev, F_PARTIAL, true);
		event_set_str(&ev, F_REASON, STR(GOES_ON));
	}
	if (w->rec.flags & PTY_KILLED) {
		event_set_int(&ev, F_PARTIAL, true);
		event_set_str(&ev, F_REASON, STR(KILLED));
	}
	if (w->t->input)
		event_set_int(&ev, F_BYTES_WRITTEN, (int64_t)w->t->input);
	if (r == 0)
		r = terminal_tell(w, &p, &ev);
	w->t->ended = true;
	return r;
}

int terminal_follow(struct work *w)
{
	struct piece masked = {.type = PIECE_MASKED};
	int r = terminal_follow_offset(w);

	if (r == 0)
		r = follow_size(w);
	if (r < 0)
		return r;
	switch (w->rec.head.type) {
	case PTY_OUTPUT:
		return terminal_take(w, PIECE_OUTPUT);
	case PTY_INPUT:
		return terminal_take(w, PIECE_INPUT);
	case PTY_MASKED:
		return terminal_tell(w, &masked, NULL);
	case PTY_CLOSE:
		return end_terminal(w);
	default:
		return 0;
	}
}
