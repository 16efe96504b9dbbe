/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recording_commands.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "cli/recordings.h"
#include "cli/text/escape.h"
#include "store/query.h"

#define MARKS_MAX    100000
#define TEXT_COLUMNS 1000
#define NS_PER_USEC  1000

/* Players may show it as it is: nothing in it acts on a terminal. */
static struct str text_of(const struct event *ev, struct arena *mem)
{
	struct buf command = BUF_INIT, text = BUF_INIT;
	struct str copy;

	event_command(ev, &command);
	escape_add(&text, buf_str(&command), TEXT_COLUMNS, 0, NULL);
	copy = arena_dup(mem, buf_str(&text));
	buf_free(&command);
	buf_free(&text);
	return copy;
}

static int add(struct recording_commands *c, const struct event *ev)
{
	struct str text = text_of(ev, &c->mem);

	if (!text.p)
		return -ENOMEM;
	if (array_grow(&c->v, c->n, &c->cap, sizeof *c->v) < 0)
		return -ENOMEM;
	c->v[c->n++] = (struct command_mark){ev->time * NS_PER_USEC, text};
	return 0;
}

/* Typed at a shell of this terminal. */
static bool is_typed(const struct event *ev, struct str tty)
{
	struct str on = event_str(ev, F_TTY);

	return event_int(ev, F_INTERACTIVE, 0) &&
	       (!on.n || !tty.n || str_eq(on, tty));
}

static int find_all(struct recording_commands *c, struct store *s,
    const struct query *q, struct str tty, struct err *err)
{
	struct store_cursor *cursor = NULL;
	struct event ev;
	int r = s->ops->events(s, q, &cursor, err);

	while (r == 0 && (r = s->ops->next_event(cursor, &ev, err)) == 1)
		r = is_typed(&ev, tty) ? add(c, &ev) : 0;
	if (cursor)
		s->ops->cursor_close(cursor);
	return r == -ENOMEM ? err_sys(err, r, "commands") : r;
}

int recording_commands_find(struct recording_commands *ret, struct store *s,
    const struct recording *r, struct err *err)
{
	static const enum field wanted[] = {
	    F_ARGV, F_CMD, F_EXE, F_TTY, F_INTERACTIVE};
	struct query q = {.since = r->start,
	    .until = r->end < 0 ? INT64_MAX : r->end + 1,
	    .kinds = (uint64_t)1 << EVENT_EXEC,
	    .session = r->session,
	    .limit = MARKS_MAX};

	*ret = (struct recording_commands){.mem = ARENA_INIT};
	if (recording_is_command(r))
		return 0;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		query_want(&q, wanted[i]);
	return find_all(ret, s, &q, r->tty, err);
}

bool recording_commands_next(
    struct recording_commands *c, const struct piece *p, struct piece *ret)
{
	const struct command_mark *m;
	uint64_t before;

	if (c->next == c->n || c->v[c->next].time > p->time ||
	    p->type == PIECE_BEGIN)
		return false;
	m = &c->v[c->next++];
	before = (uint64_t)(p->time - m->time);
	*ret = (struct piece){.type = PIECE_MARK,
	    .boot = p->boot > before ? p->boot - before : 0,
	    .time = m->time,
	    .bytes = m->text};
	return true;
}

const struct recording *recordings_where(
    const struct recordings *all, const struct event *ev, uint64_t *ret_at)
{
	for (size_t i = 0; ev->kind == EVENT_EXEC && i < all->n; i++) {
		const struct recording *r = &all->v[i];

		if (recording_is_command(r) || ev->time < r->start ||
		    (r->end >= 0 && ev->time > r->end) || !is_typed(ev, r->tty))
			continue;
		*ret_at = (uint64_t)(ev->time - r->start) * NS_PER_USEC;
		return r;
	}
	return NULL;
}

void recording_commands_free(struct recording_commands *c)
{
	free(c->v);
	arena_free(&c->mem);
}
