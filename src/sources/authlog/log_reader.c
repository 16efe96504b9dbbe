/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/log_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "sources/authlog/attempts.h"
#include "sources/authlog/form_index.h"
#include "sources/authlog/program.h"
#include "sources/authlog/trusted.h"
#include "sources/authlog/vis.h"

/* The same message again within this time is another fact, not the same. */
#define SERIES_GAP   (10 * USEC_PER_SEC)
#define SERIES_SLOTS 4096
#define MAX_NOTES    4
/* Hosts whose last line is known: in the log of a collector they mix. */
#define LAST_SLOTS   64

struct series {
	uint64_t id;
	int64_t time;
	uint64_t n;
};

struct last_line {
	struct buf text; /* host, ident and msg of it */
	struct log_line line;
	bool emitted;
};

struct log_reader {
	const uint8_t *id_key;
	struct arena scratch;
	struct attempts *attempts;
	struct form_indexes *indexes;
	struct event ev;
	struct last_line lasts[LAST_SLOTS]; /* by host */
	struct last_line *last; /* that of the line before, or NULL */
	struct series series[SERIES_SLOTS];
};

int log_reader_new(struct log_reader **ret, const uint8_t *id_key)
{
	struct log_reader *r = calloc(1, sizeof *r);

	if (!r)
		return -ENOMEM;
	r->id_key = id_key;
	r->attempts = attempts_new();
	r->indexes = form_indexes_new();
	if (!r->attempts || !r->indexes) {
		log_reader_free(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

void log_reader_free(struct log_reader *r)
{
	if (!r)
		return;
	attempts_free(r->attempts);
	form_indexes_free(r->indexes);
	arena_free(&r->scratch);
	for (size_t i = 0; i < LAST_SLOTS; i++)
		buf_free(&r->lasts[i].text);
	free(r);
}

static struct str number_text(char *end, uint64_t v)
{
	char *p = end;

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	return str_make(p, (size_t)(end - p));
}

/*
 * Equal for the same line in any format, thus without the time, whose
 * precision differs. The n-th equal line of a series is told from the first.
 */
static uint64_t entry_id(struct log_reader *r, const struct log_entry *e)
{
	const struct log_line *l = &e->line;
	char digits[2][20];
	struct str pid = STR_NONE;
	struct series *s;
	uint64_t id;

	if (l->pid >= 0)
		pid = number_text(digits[0] + 20, (uint64_t)l->pid);
	id = source_id(r->id_key,
	    (struct str[]){STR("log"), l->host, l->ident, pid,
		hash_encode(l->msg, &r->scratch)},
	    5);
	s = &r->series[hash_u64(id) % SERIES_SLOTS];
	if (s->id == id && l->time - s->time <= SERIES_GAP &&
	    s->time - l->time <= SERIES_GAP)
		s->n++;
	else
		*s = (struct series){.id = id};
	s->time = l->time;
	if (!s->n)
		return id;
	return source_id(r->id_key,
	    (struct str[]){STR("again"), str_make(&id, sizeof id),
		number_text(digits[1] + 20, s->n)},
	    3);
}

static void notes_set(struct log_reader *r, const struct str *notes, size_t n)
{
	struct str all = STR_NONE;

	for (size_t i = 0; i < n; i++) {
		if (!notes[i].n)
			continue;
		all = all.n ? arena_printf(&r->scratch, "%.*s; %.*s",
				  STR_ARG(all), STR_ARG(notes[i]))
			    : notes[i];
	}
	event_set_str(&r->ev, F_INFERRED, all);
}

/* What every event of the entry has. */
static void common_set(
    struct log_reader *r, const struct log_entry *e, struct str ident)
{
	const struct log_line *l = &e->line;
	struct event *ev = &r->ev;

	ev->time = l->time;
	ev->host = l->host;
	ev->source = e->source;
	event_set_str(ev, F_IDENT, ident);
	if (l->pid >= 0)
		event_set_int(ev, F_PID, l->pid);
	if (l->level.n)
		event_set_str(ev, F_LEVEL, l->level);
	if (l->repeat)
		event_set_int(ev, F_REPEAT,
		    l->repeat > INT64_MAX ? INT64_MAX : (int64_t)l->repeat);
	event_set_int(ev, F_OFFSET, (int64_t)e->offset);
}

/*
 * The attempt that only the end of its connection tells of: the same fields,
 * as another fact.
 */
static int weak_emit(struct log_reader *r, struct source_sink *sink)
{
	struct event *ev = &r->ev;
	uint64_t id = ev->v[F_ID].u;

	ev->kind = EVENT_AUTH_FAIL;
	event_unset(ev, F_TYPE);
	event_unset(ev, F_TEXT);
	event_set_int(ev, F_WEAK, true);
	event_set_hex(ev, F_ID,
	    source_id(r->id_key,
		(struct str[]){STR("weak"), str_make(&id, sizeof id)}, 2));
	return sink->event(sink, ev);
}

static int emit(struct log_reader *r, bool weak, struct source_sink *sink)
{
	int err = sink->event(sink, &r->ev);

	return err || !weak ? err : weak_emit(r, sink);
}

/* *ret_emitted: whether it is of a program that is read. */
static int entry_take(struct log_reader *r, const struct log_entry *e,
    struct source_sink *sink, bool *ret_emitted)
{
	const struct program *program = program_find(e->line.ident);
	bool vis = program && program->vis;
	struct message m = {
	    .text = e->line.msg,
	    .ident = e->line.ident,
	    .ev = &r->ev,
	    .scratch = &r->scratch,
	    .indexes = r->indexes,
	};
	struct str notes[MAX_NOTES] = {0};
	enum message_result result;
	bool weak = false;

	event_init(&r->ev, EVENT_OTHER);
	if (e->escaped && !vis) {
		m.text = hash_decode(m.text, &r->scratch);
		if (m.text.p != e->line.msg.p)
			notes[0] = STR("#ooo in the line is read as a control "
				       "character");
	}
	result = message_parse(&m, program);
	*ret_emitted = result != MESSAGE_IGNORED;
	if (result == MESSAGE_IGNORED)
		return 0;
	common_set(r, e, m.ident);
	if (program && program->sshd)
		weak = attempts_see(r->attempts, &m, r->ev.host, e->line.pid);
	notes[1] = event_str(&r->ev, F_INFERRED);
	notes[2] = str_z(e->inferred);
	notes[3] = e->host_note;
	if (e->trusted)
		notes[2] = trusted_apply(e->trusted, program, &m);
	notes_set(r, notes, MAX_NOTES);
	event_set_hex(&r->ev, F_ID, entry_id(r, e));
	if (result == MESSAGE_UNKNOWN)
		source_unparsed(sink, e->offset, e->raw,
		    "a message that this program is known to write");
	return emit(r, weak, sink);
}

static struct last_line *last_slot(struct log_reader *r, struct str host)
{
	return &r->lasts[hash_bytes(host) % LAST_SLOTS];
}

/* The last line is needed when the next says that it was repeated. */
static int last_keep(
    struct log_reader *r, const struct log_entry *e, bool emitted)
{
	const struct log_line *l = &e->line;
	struct last_line *last = last_slot(r, l->host);
	const char *p;

	r->last = NULL;
	buf_clear(&last->text);
	buf_add_str(&last->text, l->host);
	buf_add_str(&last->text, l->ident);
	buf_add_str(&last->text, l->msg);
	if (buf_error(&last->text))
		return buf_error(&last->text);
	p = last->text.p;
	last->line = *l;
	last->line.level = STR_NONE;
	last->line.host = str_make(p, l->host.n);
	last->line.ident = str_make(p + l->host.n, l->ident.n);
	last->line.msg = str_make(p + l->host.n + l->ident.n, l->msg.n);
	last->emitted = emitted;
	r->last = last;
	return 0;
}

/* The last line of that host, or of any when it names none. */
static const struct last_line *last_of(struct log_reader *r, struct str host)
{
	const struct last_line *last = host.n ? last_slot(r, host) : r->last;

	if (!last || !last->text.n ||
	    (host.n && !str_eq(host, last->line.host)))
		return NULL;
	return last;
}

static int repeated_take(
    struct log_reader *r, const struct log_entry *e, struct source_sink *sink)
{
	const struct last_line *last = last_of(r, e->line.host);
	struct log_entry again = *e;
	bool emitted;

	if (!last) {
		source_unparsed(sink, e->offset, e->raw,
		    "the line that this one says was repeated");
		return 0;
	}
	if (!last->emitted)
		return 0;
	again.line = last->line;
	again.line.time = e->line.time;
	again.line.repeat = e->line.repeat;
	return entry_take(r, &again, sink, &emitted);
}

int log_reader_take(
    struct log_reader *r, const struct log_entry *e, struct source_sink *sink)
{
	bool emitted;
	int err;

	arena_reset(&r->scratch);
	if (e->line.repeats_last)
		return repeated_take(r, e, sink);
	err = entry_take(r, e, sink, &emitted);
	return err ? err : last_keep(r, e, emitted);
}

int log_reader_continue(
    struct log_reader *r, const struct log_entry *e, struct source_sink *sink)
{
	struct log_entry part = *e;

	if (!r->last || !r->last->emitted)
		return 0;
	arena_reset(&r->scratch);
	part.line = r->last->line;
	part.line.msg = e->raw;
	part.line.repeat = 0;
	event_init(&r->ev, EVENT_OTHER);
	common_set(r, &part, part.line.ident);
	event_set_str(&r->ev, F_TYPE, STR("continuation"));
	event_set_str(&r->ev, F_TEXT, e->raw);
	event_set_hex(&r->ev, F_ID, entry_id(r, &part));
	return sink->event(sink, &r->ev);
}
