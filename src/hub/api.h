/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people and programs ask a hub, below /api/v1/: docs/hub-api.yaml. All of
 * it is asked as an account, within what that may see, and told in an event of
 * the hub's own trail (view) before it is answered.
 */
#ifndef HUB_API_H
#define HUB_API_H

#include "hub/account.h"
#include "hub/hub.h"
#include "wire/ask.h"

#define API_PATH     "/api/v1/"
#define API_ROWS_MAX 1000 /* of one answer */
/* An answer has no more rows once it is so long. */
#define API_BODY_MAX ((size_t)4 << 20)

/* A question by somebody who is known. */
struct api_call {
	struct hub *hub;
	const struct http_call *call;
	struct account account;
	struct ask ask;	 /* narrowed to what the account may see ... */
	bool nothing;	 /* ... of which nothing was asked */
	struct str rest; /* of the path, where a route takes more */
	struct http_reply *reply;
};

/* False: no path of the API. */
bool api_handle(
    struct hub *h, const struct http_call *call, struct http_reply *reply);

/*
 * Who asks, by "Authorization: Bearer TOKEN" or, where `password`, "Basic".
 * Free the account in any case. False: it was refused in *reply.
 */
bool api_account(struct hub *h, const struct http_call *call, bool password,
    struct account *ret, struct http_reply *reply);

/* Whose token it is, if it is good now. Free the account in any case. */
bool api_token_account(
    struct hub *h, const struct token *token, struct account *ret);
/* The token that was shown; false: none, as with a password. */
bool api_token_shown(const struct http_call *call, struct token *ret);

/* One of who asks, as of now; its texts are those of the call. */
void api_event(
    const struct api_call *c, enum event_kind kind, struct event *ret);
/* Whether who asks may see this session; 0: what has none. */
bool api_sees(const struct api_call *c, uint64_t session);
/* Of an answer, for a negative errno. */
int api_status(int error);

/* api_rows.c; 0, or a negative errno with err set. */
int api_events(struct api_call *c, struct err *err);
int api_sessions(struct api_call *c, struct err *err);
int api_session(struct api_call *c, struct err *err);
int api_find(struct api_call *c, struct err *err);
int api_count(struct api_call *c, struct err *err);
int api_recordings(struct api_call *c, struct err *err);
int api_stats(struct api_call *c, struct err *err);
int api_hosts(struct api_call *c, struct err *err);

/* For the test of the document: paths behind API_PATH; NULL at the end. */
const char *api_route(size_t i);

#endif
