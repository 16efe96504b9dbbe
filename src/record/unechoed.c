/* SPDX-License-Identifier: Apache-2.0 */
#include "record/unechoed.h"

#include <errno.h>
#include <stdlib.h>

#include "record/asked.h"
#include "record/held.h"
#include "record/sequence.h"

#define CAN	    "\030"
#define QUEUE_MAX   4096
/* Behind ESC [ M: button, column, row. */
#define MOUSE_BYTES 3

enum { KEPT, LEFT_OUT };

/* A letter that was typed and is not decided yet, or, 0, the end of a line. */
struct letter {
	uint32_t cp;
	uint64_t end; /* the byte behind it */
};

struct unechoed {
	int (*piece)(void *user, const struct piece *p);
	void *user;
	struct held held;
	struct sequence_parser typed, shown;
	struct asked asked;
	/* [head, n) of them wait, n_ends ends; the first one is a letter. */
	struct letter *queue;
	size_t cap, head, n, n_ends;
	uint64_t open; /* the first byte that is not decided */
	uint64_t at;   /* the byte that is being typed */
	unsigned skip; /* so many letters are of a key */
	bool in_line;  /* a letter of this line was typed */
	bool hides;    /* what is typed is left out up to the end of the line */
	bool masking;  /* the last that was typed and told was left out */
	/* Of what was shown since the first letter could have been echoed: */
	unsigned n_shown;
	size_t tail;	 /* the last so many letters are the first that wait */
	bool begins;	 /* the run of text has been nothing else so far */
	bool since_line; /* something was, since a line's end was typed */
	int error;
};

/* --- what becomes of what was typed --- */

static bool waits(const struct unechoed *u)
{
	return u->head < u->n;
}

/* The first so many are decided, and the ends of lines behind them. */
static void drop(struct unechoed *u, size_t n)
{
	for (; n || (waits(u) && u->queue[u->head].cp == 0); n -= n > 0) {
		u->n_ends -= u->queue[u->head].cp == 0;
		u->open = u->queue[u->head++].end;
	}
	u->n_shown = 0;
	u->tail = 0;
}

static void leave_out(struct unechoed *u, uint64_t to)
{
	held_mark(&u->held, u->open, to, LEFT_OUT);
	u->open = to;
}

/* The first letter that waits will not be echoed any more. */
static void give_up(struct unechoed *u)
{
	size_t end = u->head;

	while (end < u->n && u->queue[end].cp != 0)
		end++;
	if (end < u->n) {
		leave_out(u, u->queue[end].end);
		drop(u, end + 1 - u->head);
	} else {
		leave_out(u, u->at + 1);
		drop(u, u->n - u->head);
		u->open = u->at + 1;
		u->hides = true;
	}
}

static void give_up_all(struct unechoed *u)
{
	while (waits(u))
		give_up(u);
}

/* --- what is typed --- */

/* Room for one more: there may be many recordings of which little waits. */
static int make_room(struct unechoed *u)
{
	size_t cap = u->cap ? 2 * u->cap : 16;
	void *more;

	if (u->n < u->cap)
		return 0;
	if (u->head >= u->cap / 2 && u->head) {
		memmove(u->queue, u->queue + u->head,
		    (u->n - u->head) * sizeof *u->queue);
		u->n -= u->head;
		u->head = 0;
		return 0;
	}
	more = reallocarray(u->queue, cap, sizeof *u->queue);
	if (!more)
		return -ENOMEM;
	u->queue = more;
	u->cap = cap;
	return 0;
}

static void push(struct unechoed *u, uint32_t cp)
{
	if (make_room(u) < 0) {
		u->error = -ENOMEM;
		return;
	}
	u->n_ends += cp == 0;
	u->queue[u->n++] = (struct letter){cp, u->at + 1};
}

static void begin_line(struct unechoed *u)
{
	u->in_line = true;
	/* Who types on has seen an answer: that line's echo comes no more. */
	while (u->n_ends && u->since_line)
		give_up(u);
	if (!asked_for_secret(&u->asked))
		return;
	give_up_all(u);
	u->hides = true;
}

static void type_letter(struct unechoed *u, uint32_t cp)
{
	if (u->skip) {
		u->skip--;
		return;
	}
	if (!u->in_line)
		begin_line(u);
	if (u->n - u->head == QUEUE_MAX)
		give_up_all(u);
	if (!u->hides)
		push(u, cp);
}

static void type_ascii(void *user, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		type_letter(user, (uint8_t)p[i]);
}

static void type_character(void *user, uint32_t cp)
{
	type_letter(user, cp);
}

static void type_escape(void *user, const struct sequence *s, char final)
{
	/* SS3: a key that is a letter more. */
	if (s->marks == 0 && final == 'O')
		((struct unechoed *)user)->skip = 1;
}

static void type_csi(void *user, const struct sequence *s, char final)
{
	if (s->marks == 0 && final == 'M' && s->params[0] <= 0)
		((struct unechoed *)user)->skip = MOUSE_BYTES;
}

static void no_control(void *user, uint32_t code)
{
	(void)user;
	(void)code;
}

static void no_string(void *user)
{
	(void)user;
}

static const struct sequence_ops typed_ops = {
    type_ascii, type_character, no_control, type_escape, type_csi, no_string};

/* Carriage return, newline, and what the terminal makes a signal or end of. */
static bool ends_line(char c)
{
	return c == '\r' || c == '\n' || c == 0x03 || c == 0x04 || c == 0x1a ||
	       c == 0x1c;
}

static void end_line(struct unechoed *u)
{
	if (!sequence_idle(&u->typed))
		sequence_feed(&u->typed, STR(CAN));
	if (u->n - u->head == QUEUE_MAX)
		give_up_all(u);
	if (waits(u))
		push(u, 0);
	u->since_line = false;
	u->in_line = u->hides = false;
	u->skip = 0;
}

static void type_byte(struct unechoed *u, char c)
{
	bool hid = u->hides;

	if (ends_line(c))
		end_line(u);
	else
		sequence_feed(&u->typed, str_make(&c, 1));
	if (hid || u->hides)
		leave_out(u, u->at + 1);
	else if (!waits(u) && u->typed.n_tail == 0)
		u->open = u->at + 1;
}

static void type(struct unechoed *u, uint64_t from, struct str bytes)
{
	for (size_t i = 0; i < bytes.n && !u->error; i++) {
		u->at = from + i;
		type_byte(u, bytes.p[i]);
	}
}

/* --- what is shown --- */

static void show_letter(struct unechoed *u, uint32_t cp)
{
	u->since_line = true;
	if (!waits(u))
		return;
	if (u->begins && cp == u->queue[u->head].cp) {
		drop(u, 1);
		return;
	}
	u->begins = false;
	if (u->head + u->tail < u->n && cp == u->queue[u->head + u->tail].cp)
		u->tail++;
	else
		u->tail = cp == u->queue[u->head].cp;
	if (++u->n_shown > UNECHOED_SHOWN_MAX)
		give_up(u);
}

static void end_run(struct unechoed *u)
{
	if (waits(u) && u->tail)
		drop(u, u->tail);
	u->begins = true;
	u->tail = 0;
}

static void show_ascii(void *user, const char *p, size_t n)
{
	struct unechoed *u = user;

	asked_text(&u->asked, str_make(p, n));
	for (size_t i = 0; i < n && waits(u); i++)
		show_letter(u, (uint8_t)p[i]);
	u->since_line = true;
}

static void show_character(void *user, uint32_t cp)
{
	struct unechoed *u = user;

	asked_character(&u->asked, cp);
	show_letter(u, cp);
}

static void show_control(void *user, uint32_t code)
{
	struct unechoed *u = user;

	end_run(u);
	asked_control(&u->asked, code);
	if (code == '\n' && u->n_ends)
		give_up(u);
}

static void show_escape(void *user, const struct sequence *s, char final)
{
	(void)s;
	(void) final;
	end_run(user);
}

static void show_csi(void *user, const struct sequence *s, char final)
{
	struct unechoed *u = user;

	end_run(u);
	if (s->marks == 0)
		asked_csi(&u->asked, final);
}

static const struct sequence_ops shown_ops = {
    show_ascii, show_character, show_control, show_escape, show_csi, no_string};

static void show(struct unechoed *u, struct str bytes)
{
	u->begins = true;
	sequence_feed(&u->shown, bytes);
	end_run(u);
}

/* --- pieces --- */

static void tell(struct unechoed *u, const struct piece *p)
{
	if (u->error == 0) {
		int r = u->piece(u->user, p);

		u->error = r < 0 ? r : 0;
	}
}

/* Bytes of one piece that share their fate. */
static void tell_typed(struct unechoed *u, struct piece p, char fate)
{
	if (fate == LEFT_OUT) {
		p.type = PIECE_MASKED;
		p.bytes = STR_NONE;
	}
	if (fate == KEPT || !u->masking)
		tell(u, &p);
	u->masking = fate == LEFT_OUT;
}

static void on_held(void *user, const struct piece *p, const char *fate)
{
	struct piece part = *p;
	size_t to;

	if (p->type != PIECE_INPUT || p->bytes.n == 0) {
		tell(user, p);
		return;
	}
	for (size_t at = 0; at < p->bytes.n; at = to) {
		for (to = at + 1; to < p->bytes.n && fate[to] == fate[at];)
			to++;
		part.bytes = str_make(p->bytes.p + at, to - at);
		tell_typed(user, part, fate[at]);
	}
}

/* All that was typed so far. */
static void decide(struct unechoed *u)
{
	/* The begin of a character becomes a letter. */
	if (u->typed.n_tail)
		sequence_feed(&u->typed, STR(CAN));
	give_up_all(u);
}

int unechoed_piece(struct unechoed *u, const struct piece *p)
{
	uint64_t at = held_end(&u->held);

	if (u->error)
		return u->error;
	u->error = held_add(&u->held, p, p->bytes);
	if (u->error)
		return u->error;
	if (p->type == PIECE_INPUT)
		type(u, at, p->bytes);
	else if (piece_is_shown(p))
		show(u, p->bytes);
	else if (p->type == PIECE_HOLE)
		asked_nothing(&u->asked);
	if (held_is_much(&u->held, u->held.base))
		decide(u);
	held_tell(&u->held, waits(u) || u->typed.n_tail ? u->open : UINT64_MAX,
	    on_held, u);
	return u->error;
}

int unechoed_settle(struct unechoed *u)
{
	decide(u);
	held_tell(&u->held, UINT64_MAX, on_held, u);
	held_free(&u->held);
	free(u->queue);
	u->queue = NULL;
	u->cap = u->head = u->n = 0;
	return u->error;
}

struct unechoed *unechoed_new(
    int (*piece)(void *user, const struct piece *p), void *user)
{
	struct unechoed *u = calloc(1, sizeof *u);

	if (!u)
		return NULL;
	u->piece = piece;
	u->user = user;
	sequence_init(&u->typed, &typed_ops, u);
	sequence_init(&u->shown, &shown_ops, u);
	return u;
}

void unechoed_free(struct unechoed *u)
{
	if (!u)
		return;
	held_free(&u->held);
	free(u->queue);
	free(u);
}
