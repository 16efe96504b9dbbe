/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shown/search.h"

#include "archive/moment_json.h"
#include "cli/rows.h"
#include "cli/shown/found.h"
#include "cli/shown/moment_text.h"
#include "cli/text/event_table.h"

/* In a cursor: between that of the events and the place of the moments. */
#define PLACE '~'

struct merge {
	struct cli *cli;
	const struct query *q;
	struct store_cursor *events;
	struct found *moments;
	struct event event;
	const struct moment *moment;
	bool event_waits; /* `event` is read, and not shown */
	bool no_event;	  /* there are no more */
	struct buf mark;  /* behind the last event shown */
	struct moment_place place;
	bool any_moment;
	struct event_table table;
};

/* Of --cursor: what is the store's is left in q. */
static int read_cursor(
    struct cli *c, struct query *q, struct moment_place *ret, bool *ret_any)
{
	struct str place = q->cursor;

	*ret_any = false;
	if (!str_cut(&place, PLACE, &q->cursor))
		return CLI_FOUND;
	if (!moment_place_read(place, ret))
		return cli_usage(c, "--cursor: not one that search printed");
	*ret_any = true;
	return CLI_FOUND;
}

static int look_at_event(struct merge *m)
{
	const struct store_ops *ops = m->cli->store->ops;
	struct err err = {""};
	int r;

	if (m->event_waits || m->no_event)
		return CLI_FOUND;
	buf_clear(&m->mark);
	r = ops->cursor_mark(m->events, &m->mark);
	if (r == 0)
		r = ops->next_event(m->events, &m->event, &err);
	m->event_waits = r > 0;
	m->no_event = r == 0;
	return r < 0 ? cli_fail_code(m->cli, r, &err) : CLI_FOUND;
}

static int look_at_moment(struct merge *m)
{
	int r;

	if (m->moment || !m->moments)
		return CLI_FOUND;
	r = found_next(m->moments, &m->moment);
	if (r == 0) {
		found_close(m->moments);
		m->moments = NULL;
	}
	return r < 0 ? CLI_FAILED : CLI_FOUND;
}

static bool moment_is_next(const struct merge *m)
{
	if (!m->moment || !m->event_waits)
		return m->moment;
	return m->q->order == ORDER_NEWEST_FIRST
		   ? m->moment->from > m->event.time
		   : m->moment->from < m->event.time;
}

static bool moment_json(struct cli *c, const struct moment *m)
{
	moment_to_json(&c->out.b, m);
	buf_add_char(&c->out.b, '\n');
	return out_row(&c->out);
}

static bool show_next(struct merge *m)
{
	bool more;

	if (moment_is_next(m)) {
		more = m->cli->json ? moment_json(m->cli, m->moment)
				    : moment_row(&m->table, m->moment);
		m->any_moment = found_place(m->moments, &m->place);
		m->moment = NULL;
		return more;
	}
	m->event_waits = false;
	return m->cli->json ? rows_event_json(m->cli, &m->event)
			    : event_table_row(&m->table, &m->event);
}

static int show_all(struct merge *m, uint64_t *n)
{
	bool more = true;
	int r = CLI_FOUND;

	for (*n = 0; more && (!m->q->limit || *n < m->q->limit); ++*n) {
		r = look_at_event(m);
		if (r == CLI_FOUND)
			r = look_at_moment(m);
		if (r != CLI_FOUND || (!m->event_waits && !m->moment))
			return r;
		more = show_next(m);
	}
	return r;
}

/* Where the last row shown was an event, nothing was looked at behind it. */
static int make_mark(struct merge *m, struct buf *mark)
{
	struct err err = {""};
	int r = 0;

	if (m->event_waits)
		buf_add_str(mark, buf_str(&m->mark));
	else
		r = m->cli->store->ops->cursor_mark(m->events, mark);
	if (m->any_moment) {
		buf_add_char(mark, PLACE);
		moment_place_write(&m->place, mark);
	}
	return r < 0 ? cli_fail_code(m->cli, r, &err) : CLI_FOUND;
}

static int open_both(
    struct merge *m, struct query *q, struct store_cursor **ret)
{
	struct cli *c = m->cli;
	struct err err = {""};
	int r = read_cursor(c, q, &m->place, &m->any_moment);

	if (r != CLI_FOUND)
		return r;
	r = found_open(&m->moments, c, q, m->any_moment ? &m->place : NULL);
	if (r != CLI_FOUND)
		return r;
	r = c->store->ops->events(c->store, q, ret, &err);
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

int shown_search(
    struct cli *c, struct query *q, uint64_t *ret_n, struct buf *mark)
{
	struct merge m = {.cli = c, .q = q, .mark = BUF_INIT};
	int r, ended;

	*ret_n = 0;
	r = event_table_begin(&m.table, c);
	if (r != CLI_FOUND)
		return r;
	if (!c->json)
		event_table_want(q);
	r = open_both(&m, q, &m.events);
	if (r == CLI_FOUND)
		r = show_all(&m, ret_n);
	if (r == CLI_FOUND)
		r = make_mark(&m, mark);
	if (m.events)
		c->store->ops->cursor_close(m.events);
	found_close(m.moments);
	buf_free(&m.mark);
	ended = event_table_end(&m.table);
	return ended != CLI_FOUND ? ended : r;
}
