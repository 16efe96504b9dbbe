/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rows.h"

#include "core/event_json.h"
#include "core/session_json.h"

#define ID_WIDTH_FALLBACK 8

int rows_events(struct cli *c, const struct query *q,
    bool (*row)(void *ctx, const struct event *ev), void *ctx, uint64_t *ret_n,
    struct buf *mark)
{
	const struct store_ops *ops = c->store->ops;
	struct store_cursor *cursor;
	struct event ev;
	struct err err = {""};
	uint64_t n = 0;
	int r = ops->events(c->store, q, &cursor, &err);

	if (r < 0)
		return cli_fail_code(c, r, &err);
	while ((r = ops->next_event(cursor, &ev, &err)) > 0) {
		n++;
		if (!row(ctx, &ev))
			break;
	}
	if (r >= 0 && mark)
		r = ops->cursor_mark(cursor, mark);
	ops->cursor_close(cursor);
	if (ret_n)
		*ret_n = n;
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

int session_rows_open(struct session_rows *r, struct cli *c,
    const struct query *q, bool any_login)
{
	struct query all = *q;
	struct err err = {""};
	int code;

	*r = (struct session_rows){
	    .cli = c, .any_login = any_login, .limit = q->limit};
	all.limit = 0;
	code = c->store->ops->sessions(c->store, &all, &r->cursor, &err);
	return code < 0 ? cli_fail_code(c, code, &err) : CLI_FOUND;
}

/* Connections that only tried to log in are `failed`'s, not sessions. */
static bool is_login(const struct session *s)
{
	return s->sum.flags & (TRACK_LOGGED_IN | TRACK_TTY) ||
	       s->sum.n_exec > 0;
}

int session_rows_next(struct session_rows *r, struct session *ret)
{
	const struct store_ops *ops = r->cli->store->ops;
	struct err err = {""};
	int code;

	if (r->limit && r->n >= r->limit)
		return 0;
	while ((code = ops->next_session(r->cursor, ret, &err)) > 0) {
		if (!r->any_login && !is_login(ret))
			continue;
		r->n++;
		return 1;
	}
	if (code < 0)
		cli_fail_code(r->cli, code, &err);
	return code;
}

void session_rows_close(struct session_rows *r)
{
	if (r->cursor)
		r->cli->store->ops->cursor_close(r->cursor);
	r->cursor = NULL;
}

int session_rows_json(struct session_rows *rows)
{
	struct cli *c = rows->cli;
	struct session s;
	int r;

	while ((r = session_rows_next(rows, &s)) > 0) {
		session_to_json(&c->out.b, &s);
		buf_add_char(&c->out.b, '\n');
		if (!out_row(&c->out))
			break;
	}
	return r < 0 ? CLI_FAILED : CLI_FOUND;
}

unsigned rows_id_width(struct cli *c)
{
	unsigned width = ID_WIDTH_FALLBACK;

	if (c->store->ops->id_width(c->store, &width, NULL) < 0)
		return ID_WIDTH_FALLBACK;
	return width;
}

bool rows_event_json(void *ctx, const struct event *ev)
{
	struct cli *c = ctx;

	event_to_json(ev, EVENT_JSON_DERIVED, &c->out.b);
	buf_add_char(&c->out.b, '\n');
	return out_row(&c->out);
}
