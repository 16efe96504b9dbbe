/* SPDX-License-Identifier: Apache-2.0 */
/* What the API answers. */
#include <errno.h>
#include <stdio.h>

#include "core/event_json.h"
#include "core/session_json.h"
#include "core/session_text.h"
#include "hub/api.h"
#include "wire/message.h"
#include "wire/recording_json.h"

static struct store *store_of(const struct api_call *c)
{
	return archive_store(c->hub->archive);
}

/* One answer has so many rows; what it asks for further comes by cursor. */
static uint64_t rows_max(const struct api_call *c)
{
	const uint64_t limit = c->ask.q.limit;

	return limit && limit < API_ROWS_MAX ? limit : API_ROWS_MAX;
}

/* --- events and sessions: {"rows":[...],"more":BOOL} --- */

static void begin_rows(struct buf *b)
{
	buf_add_z(b, "{\"rows\":[");
}

/* Between one row and the next one. */
static void separate(struct buf *b)
{
	if (b->n && b->p[b->n - 1] == '}')
		buf_add_char(b, ',');
}

static void end_rows(struct buf *b, bool more)
{
	buf_printf(b, "],\"more\":%s}\n", more ? "true" : "false");
}

/* Behind what the row says itself: where to go on. */
static int add_cursor(
    const struct api_call *c, const struct store_cursor *cursor)
{
	struct buf *b = &c->reply->body;
	struct buf mark = BUF_INIT;
	int r = store_of(c)->ops->cursor_mark(cursor, &mark);

	b->n--; /* its closing brace */
	buf_add_z(b, ",\"cursor\":");
	json_add_string(b, buf_str(&mark));
	buf_add_char(b, '}');
	buf_free(&mark);
	return r;
}

static int add_event(
    const struct api_call *c, struct store_cursor *cursor, struct err *err)
{
	struct buf *b = &c->reply->body;
	struct event ev;
	int r = store_of(c)->ops->next_event(cursor, &ev, err);

	if (r <= 0)
		return r;
	separate(b);
	event_to_json(&ev, EVENT_JSON_DERIVED, b);
	if (buf_error(b))
		return buf_error(b);
	b->n--;
	buf_printf(
	    b, ",\"in_chain\":\"%016llx\"}", (unsigned long long)ev.chain);
	r = add_cursor(c, cursor);
	return r < 0 ? r : 1;
}

static int add_session(
    const struct api_call *c, struct store_cursor *cursor, struct err *err)
{
	struct buf *b = &c->reply->body;
	struct session s;
	int r = store_of(c)->ops->next_session(cursor, &s, err);

	if (r <= 0)
		return r;
	separate(b);
	session_to_json(b, &s);
	if (buf_error(b))
		return buf_error(b);
	r = add_cursor(c, cursor);
	return r < 0 ? r : 1;
}

struct kind {
	int (*open)(struct store *s, const struct query *q,
	    struct store_cursor **ret, struct err *err);
	int (*add)(const struct api_call *c, struct store_cursor *cursor,
	    struct err *err);
};

static int answer_rows(
    struct api_call *c, const struct kind *kind, struct err *err)
{
	struct store_cursor *cursor = NULL;
	struct query q = c->ask.q;
	struct buf *b = &c->reply->body;
	bool more = false;
	int r = 0;

	q.limit = rows_max(c);
	begin_rows(b);
	if (!c->nothing)
		r = kind->open(store_of(c), &q, &cursor, err);
	if (r == 0 && cursor) {
		uint64_t n = 0;

		while (b->n < API_BODY_MAX && n < q.limit &&
		       (r = kind->add(c, cursor, err)) > 0)
			n++;
		more = r > 0;
	}
	if (cursor)
		store_of(c)->ops->cursor_close(cursor);
	end_rows(b, more);
	return r < 0 ? r : 0;
}

int api_events(struct api_call *c, struct err *err)
{
	const struct kind events = {store_of(c)->ops->events, add_event};

	return answer_rows(c, &events, err);
}

int api_sessions(struct api_call *c, struct err *err)
{
	const struct kind sessions = {store_of(c)->ops->sessions, add_session};

	return answer_rows(c, &sessions, err);
}

/* --- one session --- */

/*
 * Sees `id` who may see it; *ret (may be NULL) gets its JSON. -ENOENT: it is
 * not there for this account, which is told no more.
 */
static int one_session(
    const struct api_call *c, uint64_t id, struct buf *ret, struct err *err)
{
	const struct store_ops *ops = store_of(c)->ops;
	struct query q = {
	    .since = INT64_MIN, .until = INT64_MAX, .session = id, .limit = 1};
	struct store_cursor *cursor;
	struct session s;
	int r;

	if (!id || !account_narrow(&c->account, &q))
		return -ENOENT;
	r = ops->sessions(store_of(c), &q, &cursor, err);
	if (r < 0)
		return r;
	r = ops->next_session(cursor, &s, err);
	if (r > 0 && ret)
		session_to_json(ret, &s);
	ops->cursor_close(cursor);
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

bool api_sees(const struct api_call *c, uint64_t session)
{
	const struct account *a = &c->account;

	return (!a->n_hosts && !a->n_users) ||
	       one_session(c, session, NULL, NULL) == 0;
}

static int no_session(struct str id, struct err *err)
{
	return err_set(err, -ENOENT, "no session %.*s", STR_ARG(id));
}

static int find_newest(
    const struct api_call *c, struct query *q, uint64_t *ret, struct err *err)
{
	const struct store_ops *ops = store_of(c)->ops;
	struct store_cursor *cursor;
	struct session s;
	int r;

	if (!account_narrow(&c->account, q))
		return -ENOENT;
	r = ops->sessions(store_of(c), q, &cursor, err);
	if (r < 0)
		return r;
	r = ops->next_session(cursor, &s, err);
	*ret = r > 0 ? s.sum.id : 0;
	ops->cursor_close(cursor);
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

/* As struct store_ops has it, of those that the account may see. */
static int find_last(const struct api_call *c, uint64_t *ret, struct err *err)
{
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .ssh_only = true,
	    .session_flags = TRACK_LOGGED_IN,
	    .order = ORDER_NEWEST_FIRST,
	    .limit = 1};
	struct query recorded = q;
	int r = find_newest(c, &q, ret, err);

	recorded.ssh_only = false;
	recorded.session_flags = TRACK_RECORDED;
	return r == -ENOENT ? find_newest(c, &recorded, ret, err) : r;
}

static int find(
    const struct api_call *c, struct str id, uint64_t *ret, struct err *err)
{
	bool bound = c->account.n_hosts || c->account.n_users;
	int r;

	if (bound && str_eqz(id, "last"))
		r = find_last(c, ret, err);
	else
		r = store_of(c)->ops->find_session(store_of(c), id, ret, err);
	if (r == 0 && bound)
		r = one_session(c, *ret, NULL, err);
	if (r == -ENOTUNIQ)
		return err_set(err, r, "several sessions begin so");
	return r == -ENOENT ? no_session(id, err) : r;
}

int api_find(struct api_call *c, struct err *err)
{
	char text[SESSION_ID_LEN];
	uint64_t id;
	int r = find(c, c->ask.find, &id, err);

	if (r < 0)
		return r;
	message_begin(&c->reply->body);
	message_text(&c->reply->body, "session", session_id_text(id, 16, text));
	message_end(&c->reply->body);
	return 0;
}

int api_session(struct api_call *c, struct err *err)
{
	uint64_t id;
	int r = find(c, c->rest, &id, err);

	if (r == 0)
		r = one_session(c, id, &c->reply->body, err);
	return r == -ENOENT ? no_session(c->rest, err) : r;
}

/* --- counts --- */

static int add_count(void *ctx, const struct group_row *row)
{
	struct api_call *c = ctx;
	const unsigned groups = c->ask.groups;
	struct buf *b = &c->reply->body;

	separate(b);
	message_begin(b);
	if (groups & GROUP_USER)
		message_text(b, "user", row->user);
	if (groups & GROUP_HOST)
		message_text(b, "host", row->host);
	if (groups & GROUP_ADDR)
		message_text(b, "addr", row->addr);
	if (groups & GROUP_KIND)
		message_text(b, "kind",
		    str_z(event_kind_name((enum event_kind)row->kind)));
	if (groups & GROUP_DAY)
		json_add_time(b, "day", row->day);
	message_number(b, "n", row->n);
	buf_add_char(b, '}');
	return buf_error(b);
}

int api_count(struct api_call *c, struct err *err)
{
	int r = 0;

	begin_rows(&c->reply->body);
	if (!c->nothing)
		r = store_of(c)->ops->count(
		    store_of(c), &c->ask.q, c->ask.groups, add_count, c, err);
	end_rows(&c->reply->body, false);
	return r;
}

/* --- recordings --- */

struct recordings {
	struct api_call *call;
	struct err *err;
	uint64_t seen; /* session that was looked up last ... */
	bool visible;  /* ... and whether the account may see it */
};

static int add_recording(void *ctx, const struct recording *rec)
{
	struct recordings *all = ctx;
	struct api_call *c = all->call;
	struct buf *b = &c->reply->body;
	int r = 0;

	if (all->seen != rec->session || !all->seen) {
		r = one_session(c, rec->session, NULL, all->err);
		if (r < 0 && r != -ENOENT)
			return r;
		all->visible = r == 0;
		all->seen = rec->session;
	}
	if (!all->visible)
		return 0;
	separate(b);
	recording_to_json(b, rec);
	return buf_error(b);
}

/* One whose session is not known is seen by nobody who is bound. */
int api_recordings(struct api_call *c, struct err *err)
{
	const struct query *q = &c->ask.q;
	struct recordings all = {.call = c, .err = err};
	struct recording_query asked = {.session = q->session,
	    .open_only = q->open_only,
	    .host = q->n_host == 1 ? q->host[0] : STR_NONE};
	int r = 0;

	begin_rows(&c->reply->body);
	if (!c->nothing)
		r = store_of(c)->ops->recordings(
		    store_of(c), &asked, add_recording, &all, err);
	end_rows(&c->reply->body, false);
	return r;
}

/* --- what there is --- */

static int add_up(void *ctx, const struct group_row *row)
{
	*(uint64_t *)ctx += row->n;
	return 0;
}

/* Time of the first event in this order. 0: there is none. */
static int edge(const struct api_call *c, enum query_order order, int64_t *ret,
    struct err *err)
{
	const struct store_ops *ops = store_of(c)->ops;
	struct query q = c->ask.q;
	struct store_cursor *cursor;
	struct event ev;
	int r;

	q.order = order;
	q.limit = 1;
	q.kinds =
	    ~((uint64_t)1 << EVENT_GAP | (uint64_t)1 << EVENT_IMPORT_START |
		(uint64_t)1 << EVENT_IMPORT_END);
	r = ops->events(store_of(c), &q, &cursor, err);
	if (r < 0)
		return r;
	r = ops->next_event(cursor, &ev, err);
	*ret = r > 0 ? ev.time : 0;
	ops->cursor_close(cursor);
	return r < 0 ? r : 0;
}

/* Of what a viewer may see: others' figures are not his. */
static int own_stats(
    const struct api_call *c, struct store_stats *ret, struct err *err)
{
	int r = 0;

	*ret = (struct store_stats){.events = 0};
	if (c->nothing)
		return 0;
	r = store_of(c)->ops->count(
	    store_of(c), &c->ask.q, 0, add_up, &ret->events, err);
	if (r == 0)
		r = edge(c, ORDER_OLDEST_FIRST, &ret->oldest, err);
	if (r == 0)
		r = edge(c, ORDER_NEWEST_FIRST, &ret->newest, err);
	return r;
}

int api_stats(struct api_call *c, struct err *err)
{
	const struct store_ops *ops = store_of(c)->ops;
	const bool bound = c->account.n_hosts || c->account.n_users;
	struct buf *b = &c->reply->body;
	struct store_stats stats;
	unsigned width = 0;
	int r = ops->id_width(store_of(c), &width, err);

	if (r == 0)
		r = bound ? own_stats(c, &stats, err)
			  : ops->stats(store_of(c), &stats, err);
	if (r < 0)
		return r;
	message_begin(b);
	message_number(b, "events", stats.events);
	message_number(b, "sessions", stats.sessions);
	message_number(b, "hosts", stats.hosts);
	message_number(b, "bytes", stats.bytes);
	message_number(b, "oldest", (uint64_t)stats.oldest);
	message_number(b, "newest", (uint64_t)stats.newest);
	message_number(b, "id_width", width);
	message_end(b);
	return 0;
}

static int add_host(void *ctx, const struct host_entry *host)
{
	struct api_call *c = ctx;
	struct query q = {.host = {str_z(host->name)}, .n_host = 1};
	struct buf *b = &c->reply->body;

	if (!account_narrow(&c->account, &q))
		return 0;
	separate(b);
	message_begin(b);
	message_text(b, "id", str_z(host->id));
	message_text(b, "host", str_z(host->name));
	json_add_time(b, "until", host->until);
	buf_printf(b, ",\"revoked\":%s,\"forked\":%s}",
	    host->revoked ? "true" : "false", host->forked ? "true" : "false");
	return buf_error(b);
}

int api_hosts(struct api_call *c, struct err *err)
{
	int r;

	begin_rows(&c->reply->body);
	r = host_each(&c->hub->place, add_host, c, err);
	end_rows(&c->reply->body, false);
	return r;
}
