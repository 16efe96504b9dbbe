/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/event_json.h"
#include "core/flat_json.h"
#include "core/json_string.h"
#include "core/session_json.h"
#include "store/plan.h"
#include "wire/message.h"
#include "wire/recording_json.h"
#include "wire/remote_inside.h"

/* More than the longest answer of a hub: a page, and one more row. */
#define ANSWER_MAX ((size_t)64 << 20)
#define URL_MAX	   ((size_t)16 << 10)

/* --- one question --- */

static const struct {
	int status, error;
} errors[] = {
    {400, -EINVAL},
    {401, -EACCES},
    {403, -EACCES},
    {404, -ENOENT},
    {409, -ENOTUNIQ},
    {429, -EAGAIN},
};

int remote_failed(
    const struct remote *r, int status, struct str why, struct err *err)
{
	int error = -EREMOTEIO;

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].status == status)
			error = errors[i].error;
	return err_set(
	    err, error, "%s (%d): %.*s", r->profile.url, status, STR_ARG(why));
}

int remote_refused(
    const struct remote *r, const struct http_answer *answer, struct err *err)
{
	struct arena a = ARENA_INIT;
	int error = remote_failed(r, answer->status,
	    message_get(buf_str(&answer->body), "detail", &a), err);

	arena_free(&a);
	return error;
}

int remote_url(const struct remote *r, const char *path,
    const struct ask *question, struct buf *ret, struct err *err)
{
	struct buf text = BUF_INIT;

	ask_write(question, &text);
	buf_printf(ret, "%s/api/v1/%s?%.*s", r->profile.url, path,
	    STR_ARG(buf_str(&text)));
	buf_free(&text);
	return !buf_z(ret) || ret->n > URL_MAX
		   ? err_set(err, -E2BIG, "the question is too long")
		   : 0;
}

/* Appends to *ret what the hub answers. */
static int ask(struct remote *r, const char *path, const struct ask *question,
    struct buf *ret, struct err *err)
{
	const char *const headers[] = {r->authorization, NULL};
	struct buf url = BUF_INIT;
	struct http_answer answer = {.status = 0};
	int code = remote_url(r, path, question, &url, err);

	if (code == 0)
		code = http_client_send(r->client,
		    &(struct http_request){"GET", url.p, headers, STR_NONE},
		    &answer, err);
	if (code == 0 && answer.status != 200)
		code = remote_refused(r, &answer, err);
	if (code == 0) {
		buf_add_str(ret, buf_str(&answer.body));
		code = buf_error(ret);
	}
	http_answer_free(&answer);
	buf_free(&url);
	return code;
}

int remote_not_understood(const struct remote *r, struct err *err)
{
	return err_set(err, -EBADMSG,
	    "%s: its answer is not understood: it is no hub, or of another "
	    "version",
	    r->profile.url);
}

/* What stands in an answer's "rows". */
static bool find_rows(struct str answer, struct str *ret, bool *ret_more)
{
	struct flat_json j = {.rest = str_trim(answer)};
	struct json_pair pair;
	bool found = false;

	*ret_more = false;
	while (flat_json_next(&j, &pair) == 1) {
		if (str_eqz(pair.key, "rows") && pair.type == JSON_ARRAY) {
			*ret = pair.raw;
			found = true;
		}
		if (str_eqz(pair.key, "more"))
			*ret_more = str_eqz(pair.raw, "true");
	}
	return found;
}

/* The next row, with its braces. 1, 0 at the end, -1: not well-formed. */
static int next_row(struct str *rows, struct str *ret)
{
	struct json_pair item;
	int r = flat_json_item(rows, &item);

	if (r == 1 && item.type != JSON_OBJECT)
		return -1;
	if (r == 1)
		*ret = str_make(item.raw.p - 1, item.raw.n + 2);
	return r;
}

/* Call fn with each row of an answer that has no pages. */
static int each_row(struct remote *r, const char *path,
    const struct ask *question, int (*fn)(void *ctx, struct str row), void *ctx,
    struct err *err)
{
	struct buf b = BUF_INIT;
	struct str rows, row;
	bool more;
	int code = ask(r, path, question, &b, err), left = 0;

	if (code == 0 && !find_rows(buf_str(&b), &rows, &more))
		code = remote_not_understood(r, err);
	while (code == 0 && (left = next_row(&rows, &row)) == 1) {
		code = fn(ctx, row);
		if (code == -EBADMSG)
			remote_not_understood(r, err);
	}
	if (left < 0)
		code = remote_not_understood(r, err);
	buf_free(&b);
	return code;
}

/* --- cursors --- */

struct store_cursor {
	struct remote *remote;
	const char *path;
	struct ask ask;
	struct arena text; /* of ask */
	struct buf page;
	struct str rows; /* those of the page not given yet */
	bool more;	 /* pages behind this one */
	uint64_t limit, given;
	struct buf mark;  /* behind the row given last */
	struct arena mem; /* of the row given last */
};

static void cursor_close(struct store_cursor *c)
{
	if (!c)
		return;
	arena_free(&c->text);
	arena_free(&c->mem);
	buf_free(&c->page);
	buf_free(&c->mark);
	free(c);
}

static int fetch(struct store_cursor *c, struct err *err)
{
	int r;

	buf_clear(&c->page);
	c->ask.q.limit = c->limit ? c->limit - c->given : 0;
	c->ask.q.cursor = buf_str(&c->mark);
	r = ask(c->remote, c->path, &c->ask, &c->page, err);
	if (r == 0 && !find_rows(buf_str(&c->page), &c->rows, &c->more))
		r = remote_not_understood(c->remote, err);
	return r;
}

static int cursor_open(struct store *s, const char *path, const struct query *q,
    struct store_cursor **ret, struct err *err)
{
	struct store_cursor *c = calloc(1, sizeof *c);
	int r = c ? 0 : -ENOMEM;

	if (q->n_windows)
		r = err_set(err, -ENOTSUP, "a hub is not asked by chains");
	if (r == 0) {
		c->remote = remote_of(s);
		c->path = path;
		ask_init(&c->ask);
		r = query_copy(&c->ask.q, q, &c->text);
	}
	if (r == 0) {
		c->limit = q->limit;
		buf_add_str(&c->mark, q->cursor);
		r = fetch(c, err);
	}
	if (r < 0) {
		cursor_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

static int open_events(struct store *s, const struct query *q,
    struct store_cursor **ret, struct err *err)
{
	return cursor_open(s, "events", q, ret, err);
}

static int open_sessions(struct store *s, const struct query *q,
    struct store_cursor **ret, struct err *err)
{
	return cursor_open(s, "sessions", q, ret, err);
}

struct str remote_row_text(struct str row, const char *key, struct arena *a)
{
	struct flat_json j = {.rest = row};
	struct json_pair pair;

	while (flat_json_next(&j, &pair) == 1)
		if (str_eqz(pair.key, key))
			return flat_json_text(&pair, a);
	return STR_NONE;
}

/* 1 and the next row, 0 at the end, or < 0. A page may be empty. */
static int cursor_row(struct store_cursor *c, struct str *ret, struct err *err)
{
	struct str mark;
	int r;

	arena_reset(&c->mem);
	if (c->limit && c->given >= c->limit)
		return 0;
	r = next_row(&c->rows, ret);
	if (r == 0 && c->more) {
		r = fetch(c, err);
		if (r < 0)
			return r;
		r = next_row(&c->rows, ret);
	}
	if (r == 0)
		return 0;
	mark = r < 0 ? STR_NONE : remote_row_text(*ret, "cursor", &c->mem);
	if (mark.n == 0)
		return remote_not_understood(c->remote, err);
	buf_clear(&c->mark);
	buf_add_str(&c->mark, mark);
	c->given++;
	return buf_error(&c->mark) < 0 ? -ENOMEM : 1;
}

/* What is derived stands in the answer beside what the event says itself. */
static bool read_derived(struct str row, struct arena *a, struct event *ev)
{
	struct str chain = remote_row_text(row, "in_chain", a);
	struct str session = remote_row_text(row, "session", a);

	return str_hex64(chain, &ev->chain) &&
	       (session.n == 0 || str_hex64(session, &ev->session));
}

int remote_event(struct event *ret, struct str row, struct arena *a,
    const struct remote *r, struct err *err)
{
	return event_from_json(ret, row, a, err) < 0 ||
		       !read_derived(row, a, ret)
		   ? remote_not_understood(r, err)
		   : 0;
}

static int next_event(
    struct store_cursor *c, struct event *ret, struct err *err)
{
	struct str row;
	int r = cursor_row(c, &row, err);

	if (r <= 0)
		return r;
	r = remote_event(ret, row, &c->mem, c->remote, err);
	return r < 0 ? r : 1;
}

static int next_session(
    struct store_cursor *c, struct session *ret, struct err *err)
{
	struct str row;
	int r = cursor_row(c, &row, err);

	if (r <= 0)
		return r;
	r = session_from_json(ret, row, &c->mem);
	return r < 0 ? remote_not_understood(c->remote, err) : 1;
}

static int cursor_mark(const struct store_cursor *c, struct buf *ret)
{
	buf_add_str(ret, buf_str(&c->mark));
	return buf_error(ret);
}

/* --- the others --- */

struct counting {
	int (*row)(void *ctx, const struct group_row *r);
	void *ctx;
};

static int on_count(void *ctx, struct str row)
{
	const struct counting *c = ctx;
	struct arena a = ARENA_INIT;
	struct str kind = message_get(row, "kind", &a);
	struct str day = message_get(row, "day", &a);
	struct group_row got = {.user = message_get(row, "user", &a),
	    .host = message_get(row, "host", &a),
	    .addr = message_get(row, "addr", &a)};
	int r = message_get_number(row, "n", &got.n) ? 0 : -EBADMSG;

	got.kind = kind.n ? event_kind_parse(kind) : 0;
	if (got.kind < 0)
		got.kind = EVENT_OTHER;
	if (day.n && !json_time_parse(day, &got.day))
		r = -EBADMSG;
	if (r == 0)
		r = c->row(c->ctx, &got);
	arena_free(&a);
	return r;
}

static int count(struct store *s, const struct query *q, unsigned groups,
    int (*row)(void *ctx, const struct group_row *r), void *ctx,
    struct err *err)
{
	struct counting c = {row, ctx};
	struct ask question = {.q = *q, .groups = groups};

	question.q.cursor = STR_NONE;
	return each_row(remote_of(s), "count", &question, on_count, &c, err);
}

static int find_session(
    struct store *s, struct str prefix, uint64_t *ret, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct ask question;
	int r;

	ask_init(&question);
	question.find = prefix;
	r = ask(remote_of(s), "find", &question, &b, err);
	if (r == 0 && !str_hex64(message_get(buf_str(&b), "session", &a), ret))
		r = remote_not_understood(remote_of(s), err);
	buf_free(&b);
	arena_free(&a);
	return r;
}

static int ask_stats(
    struct store *s, struct store_stats *ret, unsigned *width, struct err *err)
{
	uint64_t oldest = 0, newest = 0, id_width = 0;
	struct buf b = BUF_INIT;
	struct ask question;
	struct str said;
	int r;

	ask_init(&question);
	r = ask(remote_of(s), "stats", &question, &b, err);
	*ret = (struct store_stats){.events = 0};
	said = buf_str(&b);
	if (r == 0 &&
	    (!message_get_number(said, "events", &ret->events) ||
		!message_get_number(said, "sessions", &ret->sessions) ||
		!message_get_number(said, "hosts", &ret->hosts) ||
		!message_get_number(said, "bytes", &ret->bytes) ||
		!message_get_number(said, "oldest", &oldest) ||
		!message_get_number(said, "newest", &newest) ||
		!message_get_number(said, "id_width", &id_width)))
		r = remote_not_understood(remote_of(s), err);
	ret->oldest = (int64_t)oldest;
	ret->newest = (int64_t)newest;
	*width = (unsigned)id_width;
	buf_free(&b);
	return r;
}

static int stats(struct store *s, struct store_stats *ret, struct err *err)
{
	unsigned width;

	return ask_stats(s, ret, &width, err);
}

static int id_width(struct store *s, unsigned *ret, struct err *err)
{
	struct store_stats all;

	return ask_stats(s, &all, ret, err);
}

struct listing {
	int (*row)(void *ctx, const struct recording *r);
	void *ctx;
};

static int on_recording(void *ctx, struct str row)
{
	const struct listing *l = ctx;
	struct arena a = ARENA_INIT;
	struct recording got;
	int r = recording_from_json(&got, row, &a);

	if (r == 0)
		r = l->row(l->ctx, &got);
	arena_free(&a);
	return r;
}

static int recordings(struct store *s, const struct recording_query *q,
    int (*row)(void *ctx, const struct recording *r), void *ctx,
    struct err *err)
{
	struct listing l = {row, ctx};
	struct ask question;

	ask_init(&question);
	question.q.session = q->session;
	question.q.open_only = q->open_only;
	if (q->host.n)
		question.q.host[question.q.n_host++] = q->host;
	return each_row(
	    remote_of(s), "recordings", &question, on_recording, &l, err);
}

/* --- open and close --- */

static void remote_close(struct store *s)
{
	struct remote *r = remote_of(s);

	http_client_close(r->client);
	explicit_bzero(r->authorization, sizeof r->authorization);
	profile_free(&r->profile);
	free(r);
}

static int remote_open(
    struct store **ret, const char *path, enum store_mode mode, struct err *err)
{
	struct http_client_config cfg = {.answer_max = ANSWER_MAX};
	struct remote *r;
	int code;

	if (mode != STORE_READ)
		return err_set(err, -EROFS, "a hub is only asked");
	r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->base.ops = &store_remote;
	code = profile_load(&r->profile, path, err);
	if (code == 0) {
		cfg.tls.ca_file = r->profile.ca_file;
		snprintf(r->authorization, sizeof r->authorization,
		    "Authorization: Bearer %s", r->profile.token);
		code = http_client_open(&r->client, &cfg, err);
	}
	if (code < 0) {
		remote_close(&r->base);
		return code;
	}
	*ret = &r->base;
	return 0;
}

const struct store_ops store_remote = {
    .name = "remote",
    .open = remote_open,
    .close = remote_close,
    .events = open_events,
    .next_event = next_event,
    .sessions = open_sessions,
    .next_session = next_session,
    .cursor_mark = cursor_mark,
    .cursor_close = cursor_close,
    .count = count,
    .find_session = find_session,
    .id_width = id_width,
    .stats = stats,
    .recordings = recordings,
    .follow = remote_follow,
    .evidence = remote_evidence,
    .frames = remote_frames,
    .moments = remote_moments,
};
