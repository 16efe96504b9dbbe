/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shown/transcript.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/shown/moment_text.h"
#include "cli/text/clock_text.h"
#include "cli/text/escape.h"
#include "core/event_json.h"
#include "core/event_text.h"
#include "core/session_json.h"
#include "record/indexer.h"

#define NS_PER_USEC   1000
#define OFFSET_WIDTH  9
#define NOTE_TEXT_MAX 200

/*
 * Lines are told when they leave the screen. So many are held back, and so many
 * bytes of them, to be put in the order in which they came.
 */
#define HELD_MAX       4096
#define HELD_BYTES_MAX ((size_t)4 << 20)

enum what { SHOWN, SHOWN_ALTERNATE, NOTE };

struct entry {
	uint64_t at, gone; /* nanoseconds since the begin */
	/*
	 * Of one moment, what was gone first came first; notes come before what
	 * is shown, but for the end. All else stays in its order.
	 */
	uint64_t rank;
	uint64_t number;
	enum what what;
	struct str text;
	char *memory; /* of it */
};

struct transcript {
	bool json;
	struct indexer *ix; /* NULL: no memory */
	struct buf *out;
	uint64_t boot; /* of the begin, and the time then, microseconds */
	int64_t time;
	struct clock_text clock;
	struct buf offset;
	struct entry *held; /* a heap, the earliest first */
	size_t n, bytes;
	uint64_t number; /* of the last one */
};

static int64_t wall(const struct transcript *t, uint64_t at)
{
	return t->time + (int64_t)(at / NS_PER_USEC);
}

static uint64_t since_begin(const struct transcript *t, uint64_t boot)
{
	return boot > t->boot ? boot - t->boot : 0;
}

static void add_text_times(struct transcript *t, uint64_t at, uint64_t gone)
{
	char time[TIME_LOCAL_LEN];

	buf_add_str(t->out, clock_format(&t->clock, wall(t, at), time));
	buf_clear(&t->offset);
	moment_add_at(&t->offset, at, gone);
	buf_printf(t->out, " %*s", OFFSET_WIDTH, buf_z(&t->offset));
}

static void add_json_times(struct transcript *t, uint64_t at, const char *kind)
{
	buf_add_z(t->out, "{");
	json_add_time(t->out, "time", wall(t, at));
	buf_printf(t->out, ",\"at\":%llu.%09llu,\"%s\":",
	    (unsigned long long)(at / 1000000000),
	    (unsigned long long)(at % 1000000000), kind);
}

static void tell_json(struct transcript *t, const struct entry *e)
{
	add_json_times(t, e->at, e->what == NOTE ? "note" : "text");
	json_add_string(t->out, e->text);
	if (e->what != NOTE)
		buf_printf(t->out, ",\"gone\":%llu.%09llu,\"alternate\":%s",
		    (unsigned long long)(e->gone / 1000000000),
		    (unsigned long long)(e->gone % 1000000000),
		    e->what == SHOWN_ALTERNATE ? "true" : "false");
	buf_add_z(t->out, "}\n");
}

static void tell(struct transcript *t, const struct entry *e)
{
	static const char *const before[] = {"  ", " |", "  ["};

	if (t->json) {
		tell_json(t, e);
		return;
	}
	add_text_times(t, e->at, e->gone);
	buf_add_z(t->out, before[e->what]);
	escape_add(t->out, e->text, ESCAPE_NO_LIMIT, 0, NULL);
	buf_add_z(t->out, e->what == NOTE ? "]\n" : "\n");
}

static bool is_before(const struct entry *a, const struct entry *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	return a->rank != b->rank ? a->rank < b->rank : a->number < b->number;
}

static void swap(struct entry *a, struct entry *b)
{
	struct entry t = *a;

	*a = *b;
	*b = t;
}

/* The earliest of those that are held. */
static void tell_first(struct transcript *t)
{
	struct entry first = t->held[0];
	size_t i = 0;

	t->held[0] = t->held[--t->n];
	for (size_t child; (child = 2 * i + 1) < t->n; i = child) {
		if (child + 1 < t->n &&
		    is_before(&t->held[child + 1], &t->held[child]))
			child++;
		if (!is_before(&t->held[child], &t->held[i]))
			break;
		swap(&t->held[child], &t->held[i]);
	}
	t->bytes -= first.text.n;
	tell(t, &first);
	free(first.memory);
}

static void add(struct transcript *t, struct entry e)
{
	size_t i = t->n;

	e.memory = malloc(e.text.n + 1);
	if (!e.memory) {
		t->out->error = -ENOMEM;
		return;
	}
	memcpy(e.memory, e.text.p, e.text.n);
	e.text.p = e.memory;
	e.number = ++t->number;
	t->bytes += e.text.n;
	t->held[t->n++] = e;
	for (; i && is_before(&t->held[i], &t->held[(i - 1) / 2]);
	     i = (i - 1) / 2)
		swap(&t->held[i], &t->held[(i - 1) / 2]);
	while (t->n == HELD_MAX || t->bytes > HELD_BYTES_MAX)
		tell_first(t);
}

static void on_line(void *user, const struct line *l)
{
	struct transcript *t = user;

	add(t, (struct entry){.at = since_begin(t, l->since),
		   .gone = since_begin(t, l->to),
		   .rank = since_begin(t, l->to),
		   .what = l->alternate ? SHOWN_ALTERNATE : SHOWN,
		   .text = l->text});
}

static void on_keyframe(void *user, const struct keyframe *k)
{
	(void)user;
	(void)k;
}

__attribute__((format(printf, 3, 4))) static void note(
    struct transcript *t, const struct piece *p, const char *fmt, ...)
{
	char text[NOTE_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add(t, (struct entry){.at = since_begin(t, p->boot),
		   .gone = UINT64_MAX,
		   .rank = p->type == PIECE_EXIT ? UINT64_MAX : 0,
		   .what = NOTE,
		   .text = str_z(text)});
}

static void note_bytes(
    struct transcript *t, const struct piece *p, const char *what)
{
	struct buf size = BUF_INIT;

	bytes_format((int64_t)p->lost, &size);
	note(t, p, "%s of output %s",
	    p->lost && !buf_error(&size) ? buf_z(&size) : "an unknown amount",
	    what);
	buf_free(&size);
}

static void note_piece(struct transcript *t, const struct piece *p)
{
	switch (p->type) {
	case PIECE_MASKED:
		note(t, p, "typed without echo: not kept");
		break;
	case PIECE_SIZE:
		note(t, p, "window %ux%u", p->cols, p->rows);
		break;
	case PIECE_HOLE:
		note_bytes(t, p, "is missing here");
		break;
	case PIECE_LEFT_OUT:
		if (p->lost)
			note_bytes(t, p, "was left out");
		else
			note(t, p, "output is left out from here on");
		break;
	case PIECE_MARK:
		note(t, p, "mark: %.*s", STR_ARG(p->bytes));
		break;
	case PIECE_EXIT:
		note(t, p, "exit status %u", p->status);
		break;
	default:
		break;
	}
}

static void begin(void *state, struct format_files *files,
    const struct head *head, uint64_t boot)
{
	struct transcript *t = state;
	const struct indexer_ops ops = {on_keyframe, on_line, t, 0};

	t->out = &files->part[0];
	t->boot = boot;
	t->time = head->time / NS_PER_USEC;
	t->held = calloc(HELD_MAX, sizeof *t->held);
	t->ix = indexer_new(&ops);
	if (!t->ix || !t->held)
		t->out->error = -ENOMEM;
}

static void begin_json(void *state, struct format_files *files,
    const struct head *head, uint64_t boot)
{
	((struct transcript *)state)->json = true;
	begin(state, files, head, boot);
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *p)
{
	struct transcript *t = state;

	if (!t->ix || !t->held)
		return;
	note_piece(t, p);
	indexer_piece(t->ix, p);
	if (indexer_error(t->ix) < 0)
		files->part[0].error = indexer_error(t->ix);
}

static void end(void *state, struct format_files *files)
{
	struct transcript *t = state;

	if (!t->ix || !t->held)
		return;
	indexer_end(t->ix);
	while (t->n)
		tell_first(t);
}

static void free_state(void *state)
{
	struct transcript *t = state;

	indexer_free(t->ix);
	for (size_t i = 0; i < t->n; i++)
		free(t->held[i].memory);
	free(t->held);
	buf_free(&t->offset);
}

static const struct format_writer text_writer = {
    .size = sizeof(struct transcript),
    .begin = begin,
    .piece = add_piece,
    .end = end,
    .free = free_state,
};

static const struct format_writer json_writer = {
    .size = sizeof(struct transcript),
    .begin = begin_json,
    .piece = add_piece,
    .end = end,
    .free = free_state,
};

const struct format transcript_text = {
    .name = "text",
    .help = "what was shown, line by line",
    .writer = &text_writer,
};

const struct format transcript_json = {
    .name = "text-json",
    .help = "the same, a JSON object a line",
    .writer = &json_writer,
};
