/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the programs in the kernel (record.h) to recordings. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "sources/bpf/records.h"
#include "sources/pty/record.h"

#define NAME "terminals"

/* Terminals that are open at once; records of more are not understood. */
#define TERMINALS_MAX 4096
/* Holes of one terminal are told by one event in this time. */
#define GAP_EVERY     ((uint64_t)1000000000)

struct terminal {
	uint64_t serial; /* 0: free */
	uint64_t offset; /* bytes of output told or known to be lost */
	uint64_t begun;	 /* boot time of its first record */
	uint64_t output, input, lost;
	uint64_t untold; /* of the lost ones, by a gap */
	uint64_t gap_at; /* boot time of its last gap; 0: none yet */
	uint16_t cols, rows;
};

struct source_run {
	struct source_input in;
	struct records records;
	struct terminal *terminals; /* TERMINALS_MAX */
	struct map by_serial;	    /* index */
	struct arena mem;	    /* of the record at work */
};

/* One record at work. */
struct work {
	struct source_run *run;
	struct source_sink *sink;
	struct pty_rec rec;
	struct str bytes;
	uint64_t offset; /* where it stands in the stream */
	struct terminal *t;
};

/* --- times and events --- */

static void set_id(struct event *ev, enum field f, uint32_t id)
{
	if (id != (uint32_t)AUDIT_UNSET)
		event_set_int(ev, f, id);
}

static void start_event(
    const struct work *w, enum event_kind kind, struct event *ev)
{
	struct source_run *run = w->run;
	const struct pty_rec *rec = &w->rec;
	int64_t time = 0;
	uint64_t key[] = {htole64(kind), htole64(rec->serial),
	    htole64(rec->head.time),
	    htole64((uint64_t)run->records.real_offset)};
	struct str parts[] = {STR(NAME), run->in.host,
	    records_boot(&run->records),
	    /* Within a boot these times are enough; the clock may be set. */
	    str_make(key, run->records.boot_known ? 24 : 32)};

	source_event_init(ev, kind, NAME, &run->in, w->offset);
	ev->trust = TRUST_KERNEL;
	ev->boot = records_boot(&run->records);
	records_time(&run->records, rec->head.time, &time);
	ev->time = time / 1000;
	event_set_hex(ev, F_ID,
	    source_id(run->in.id_key, parts, sizeof parts / sizeof *parts));
	event_set_int(ev, F_PID, rec->head.pid);
	event_set_int(ev, F_PPID, rec->ppid);
	set_id(ev, F_AUID, rec->auid);
	set_id(ev, F_SES, rec->ses);
	source_set_str(
	    ev, F_TTY, arena_printf(&run->mem, "pts/%u", rec->index));
}

static int tell_gap(struct work *w, struct str reason)
{
	struct terminal *t = w->t;
	struct event ev;

	start_event(w, EVENT_GAP, &ev);
	event_set_str(&ev, F_OP, STR("lost"));
	event_set_str(&ev, F_REASON, reason);
	if (t->untold)
		event_set_int(&ev, F_LOST, (int64_t)t->untold);
	t->untold = 0;
	t->gap_at = w->rec.head.time;
	return w->sink->event(w->sink, &ev);
}

static int tell_piece(struct work *w, struct piece *p, struct event *ev)
{
	p->boot = w->rec.head.time;
	records_time(&w->run->records, p->boot, &p->time);
	if (w->sink->piece)
		return w->sink->piece(w->sink, w->t->serial, p, ev);
	return ev ? w->sink->event(w->sink, ev) : 0;
}

/* --- the life of a terminal --- */

static struct terminal *find(const struct source_run *run, uint64_t serial)
{
	const uint64_t *at = map_get(&run->by_serial, serial);

	return at ? &run->terminals[*at] : NULL;
}

/* A free place, or NULL. */
static struct terminal *add(struct source_run *run, uint64_t serial)
{
	struct terminal *t = run->terminals;
	uint64_t *at;

	if (run->by_serial.n >= TERMINALS_MAX)
		return NULL;
	while (t->serial)
		t++;
	at = map_put(&run->by_serial, serial);
	if (!at)
		return NULL;
	*at = (uint64_t)(t - run->terminals);
	*t = (struct terminal){.serial = serial};
	return t;
}

/* Its first record, whichever that is: what came before it is not known. */
static int begin(struct work *w)
{
	const struct pty_rec *rec = &w->rec;
	bool late = rec->head.type != PTY_OPEN || rec->flags & PTY_LATE;
	struct piece p = {.type = PIECE_BEGIN};
	struct event ev;
	int r;

	w->t->begun = rec->head.time;
	w->t->offset = rec->offset;
	w->t->cols = rec->cols;
	w->t->rows = rec->rows;
	start_event(w, EVENT_CHANNEL_OPEN, &ev);
	event_set_str(&ev, F_CHAN_TYPE, STR("terminal"));
	source_set_str(&ev, F_SIZE,
	    arena_printf(&w->run->mem, "%ux%u", rec->cols, rec->rows));
	if (late)
		event_set_int(&ev, F_PARTIAL, true);
	r = tell_piece(w, &p, &ev);
	if (r < 0 || !late)
		return r;
	p = (struct piece){.type = PIECE_HOLE};
	r = tell_piece(w, &p, NULL);
	return r < 0 ? r
		     : tell_gap(
			   w, STR("the terminal was open before its recording "
				  "began"));
}

/* What the kernel counted and we did not read. */
static int follow_offset(struct work *w)
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
	r = tell_piece(w, &p, NULL);
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
	return tell_piece(w, &p, NULL);
}

static int take_bytes(struct work *w, enum piece_type type)
{
	struct piece p = {.type = type, .bytes = w->bytes};

	if (type == PIECE_OUTPUT) {
		w->t->output += w->bytes.n;
		w->t->offset += w->bytes.n;
	} else {
		w->t->input += w->bytes.n;
	}
	return tell_piece(w, &p, NULL);
}

static int end(struct work *w)
{
	struct piece p = {.type = PIECE_END};
	struct terminal *t = w->t;
	struct event ev;
	int r = 0;

	if (t->untold)
		r = tell_gap(
		    w, STR("output came faster than it could be kept"));
	start_event(w, EVENT_CHANNEL_CLOSE, &ev);
	event_set_str(&ev, F_CHAN_TYPE, STR("terminal"));
	event_set_int(&ev, F_BYTES_READ, (int64_t)t->output);
	if (t->input)
		event_set_int(&ev, F_BYTES_WRITTEN, (int64_t)t->input);
	if (t->lost)
		event_set_int(&ev, F_LOST, (int64_t)t->lost);
	if (w->rec.head.time >= t->begun)
		event_set_int(&ev, F_DURATION,
		    (int64_t)((w->rec.head.time - t->begun) / 1000));
	if (r == 0)
		r = tell_piece(w, &p, &ev);
	map_del(&w->run->by_serial, t->serial);
	t->serial = 0;
	return r;
}

static int follow(struct work *w)
{
	struct piece masked = {.type = PIECE_MASKED};
	int r = follow_offset(w);

	if (r == 0)
		r = follow_size(w);
	if (r < 0)
		return r;
	switch (w->rec.head.type) {
	case PTY_OUTPUT:
		return take_bytes(w, PIECE_OUTPUT);
	case PTY_INPUT:
		return take_bytes(w, PIECE_INPUT);
	case PTY_MASKED:
		return tell_piece(w, &masked, NULL);
	case PTY_CLOSE:
		return end(w);
	default:
		return 0;
	}
}

/* --- records --- */

static bool is_sound(struct work *w, struct str record)
{
	int64_t time;
	bool with_bytes;

	if (record.n < sizeof w->rec)
		return false;
	memcpy(&w->rec, record.p, sizeof w->rec);
	w->bytes = str_from(record, sizeof w->rec);
	with_bytes =
	    w->rec.head.type == PTY_OUTPUT || w->rec.head.type == PTY_INPUT;
	if (w->rec.n > w->bytes.n || w->rec.n > PTY_CHUNK ||
	    (w->rec.n && !with_bytes) || w->rec.serial == 0 ||
	    w->rec.offset > INT64_MAX ||
	    !records_time(&w->run->records, w->rec.head.time, &time))
		return false;
	w->bytes = str_upto(w->bytes, w->rec.n);
	return true;
}

static int take_terminal(
    struct work *w, struct str record, const char **ret_expected)
{
	int r = 0;

	*ret_expected = "a record of a terminal after a clock record";
	if (!is_sound(w, record))
		return 0;
	*ret_expected = "a terminal that is open, or fewer of them";
	w->t = find(w->run, w->rec.serial);
	if (!w->t && w->rec.head.type == PTY_CLOSE)
		return 0;
	if (!w->t) {
		w->t = add(w->run, w->rec.serial);
		if (!w->t)
			return 0;
		r = begin(w);
	}
	*ret_expected = NULL;
	return r < 0 ? r : follow(w);
}

static int take_record(struct source_run *run, struct str record,
    uint64_t offset, struct source_sink *sink)
{
	struct work w = {.run = run, .sink = sink, .offset = offset};
	const char *expected = NULL;
	struct rec_head head;
	int r = 0;

	memcpy(&head, record.p, sizeof head);
	arena_reset(&run->mem);
	if (head.version != PTY_VERSION || head.type > PTY_CLOSE ||
	    head.type == 0)
		expected = "a type of record that this version knows";
	else if (head.type != PTY_CLOCK)
		r = take_terminal(&w, record, &expected);
	else if (!records_clock(&run->records, record))
		expected = "a whole clock record";
	if (expected)
		source_unparsed(
		    sink, offset, str_upto(record, sizeof w.rec), expected);
	return r;
}

static int terminals_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	return records_probe(head, PTY_MAGIC, PTY_VERSION);
}

static int terminals_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (run)
		run->terminals = calloc(TERMINALS_MAX, sizeof *run->terminals);
	if (!run || !run->terminals) {
		free(run);
		return err_set(err, -ENOMEM, "out of memory");
	}
	run->in = *in;
	run->records = (struct records){.magic = PTY_MAGIC,
	    .version = PTY_VERSION,
	    .expected = "a record of the programs that watch terminals",
	    .take = take_record};
	*ret = run;
	return 0;
}

static void terminals_close(struct source_run *run)
{
	map_free(&run->by_serial);
	arena_free(&run->mem);
	free(run->terminals);
	free(run);
}

static ssize_t terminals_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	return records_feed(&run->records, run, data, offset, last, sink);
}

const struct source source_terminals = {
    .name = NAME,
    .summary = "what terminals show, from programs in the kernel",
    .probe = terminals_probe,
    .open = terminals_open,
    .feed = terminals_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = terminals_close,
};
