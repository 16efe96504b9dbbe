/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/api.h"

#include <errno.h>
#include <stdio.h>

#include "base/when.h"
#include "hub/evidence.h"
#include "hub/follow.h"
#include "hub/screens.h"
#include "wire/message.h"

/* How long a token lasts that was had for a password. */
#define LOGIN_LASTS ((int64_t)12 * 3600 * 1000000)

static void ask_failed(struct ask *a)
{
	a->q.kinds = (uint64_t)1 << EVENT_AUTH_FAIL;
}

static void ask_who(struct ask *a)
{
	a->q.open_only = true;
}

static void ask_last(struct ask *a)
{
	a->q.session_flags |= TRACK_LOGGED_IN;
}

static const struct route {
	const char *path; /* with "/" at its end: something follows */
	int (*answer)(struct api_call *c, struct err *err);
	void (*preset)(struct ask *a);
} routes[] = {
    {"events", api_events, NULL},
    {"sessions", api_sessions, NULL},
    {"sessions/", api_session, NULL},
    {"who", api_sessions, ask_who},
    {"last", api_sessions, ask_last},
    {"failed", api_events, ask_failed},
    {"follow", follow_begin, NULL},
    {"evidence", evidence_begin, NULL},
    {"frames", frames_begin, NULL},
    {"count", api_count, NULL},
    {"recordings", api_recordings, NULL},
    {"screens", screens_begin, NULL},
    {"find", api_find, NULL},
    {"stats", api_stats, NULL},
    {"hosts", api_hosts, NULL},
};

#define N_ROUTES (sizeof routes / sizeof *routes)
#define LOGIN	 "login"

const char *api_route(size_t i)
{
	return i < N_ROUTES ? routes[i].path : i == N_ROUTES ? LOGIN : NULL;
}

static const struct route *find_route(struct str path, struct str *rest)
{
	for (size_t i = 0; i < N_ROUTES; i++) {
		struct str want = str_z(routes[i].path);

		*rest = path;
		if (!str_skip(rest, want))
			continue;
		if (want.p[want.n - 1] == '/' ? rest->n > 0 : rest->n == 0)
			return &routes[i];
	}
	return NULL;
}

/* --- one question --- */

struct taking {
	struct ask *ask;
	struct err err;
};

static int take(void *ctx, struct str name, struct str value)
{
	struct taking *t = ctx;

	return ask_take(t->ask, name, value, &t->err);
}

void api_event(
    const struct api_call *c, enum event_kind kind, struct event *ret)
{
	event_init(ret, kind);
	ret->time = time_now();
	ret->source = STR(HUB_SOURCE);
	ret->trust = TRUST_DAEMON;
	ret->host = str_z(c->hub->cfg->name);
	event_set_str(ret, F_USER, str_z(c->account.name));
	event_set_str(ret, F_ADDR, str_z(c->call->address));
}

/* Who asked what: on the disk before it is answered. */
static int record(const struct api_call *c, const char *what)
{
	struct buf text = BUF_INIT;
	struct event ev;
	int r;

	api_event(c, EVENT_VIEW, &ev);
	event_set_str(&ev, F_OP, str_z(what));
	ask_write(&c->ask, &text);
	if (text.n)
		event_set_str(&ev, F_TEXT, buf_str(&text));
	r = hub_append(c->hub, &ev);
	buf_free(&text);
	return r;
}

static const struct {
	int error, status;
} statuses[] = {
    {-EINVAL, 400},
    {-ENOENT, 404},
    {-ENOTUNIQ, 409},
    {-EBADMSG, 400},
    {-EUSERS, 503},
    {-EACCES, 403},
    {-E2BIG, 400},
    {-EAGAIN, 429},
};

int api_status(int error)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].error == error)
			return statuses[i].status;
	return 500;
}

static void refuse(struct http_reply *reply, int error, const struct err *err)
{
	hub_refuse(reply, api_status(error), "question", "%s", err->text);
}

static void answer(struct api_call *c, const struct route *route)
{
	const struct http_call *call = c->call;
	struct taking taking = {&c->ask, {""}};
	int r;

	ask_init(&c->ask);
	r = http_call_each_query(call, take, &taking);
	if (r < 0) {
		refuse(c->reply, r, &taking.err);
		return;
	}
	if (route->preset)
		route->preset(&c->ask);
	/* As it was asked; what its account may see is known. */
	if (record(c, call->path + strlen(API_PATH)) < 0) {
		hub_refuse(c->reply, 500, "trail",
		    "that it was asked cannot be recorded");
		return;
	}
	c->nothing = !account_narrow(&c->account, &c->ask.q);
	c->reply->type = "application/json";
	r = route->answer(c, &taking.err);
	if (r < 0)
		refuse(c->reply, r, &taking.err);
}

/* For a password, a token. */
static void log_in(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	char text[TOKEN_TEXT_LEN + 1];
	struct account account;
	struct token token;
	struct err err = {""};

	if (!api_account(h, call, true, &account, reply))
		;
	else if (hub_note(h, EVENT_CONFIG, STR_NONE, "login", account.name) <
		     0 ||
		 api_token_make(
		     &h->place, account.name, LOGIN_LASTS, &token, &err) < 0) {
		hub_refuse(reply, 500, "failed", "%s", err.text);
	} else {
		token_format(&token, text);
		reply->type = "application/json";
		message_begin(&reply->body);
		message_text(&reply->body, "token", str_z(text));
		message_number(&reply->body, "seconds",
		    (uint64_t)(LOGIN_LASTS / USEC_PER_SEC));
		message_end(&reply->body);
		explicit_bzero(text, sizeof text);
	}
	account_free(&account);
}

bool api_handle(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	struct api_call c = {.hub = h, .call = call, .reply = reply};
	struct str path = str_z(call->path);
	const struct route *route;

	if (!str_skip(&path, STR(API_PATH)))
		return false;
	if (str_eqz(path, LOGIN) && strcmp(call->method, "POST") == 0) {
		log_in(h, call, reply);
		return true;
	}
	route = find_route(path, &c.rest);
	if (!route || strcmp(call->method, "GET") != 0)
		return false;
	if (api_account(h, call, false, &c.account, reply))
		answer(&c, route);
	account_free(&c.account);
	return true;
}
