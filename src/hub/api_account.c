/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks. */
#include <errno.h>
#include <stdio.h>

#include "base/loop.h"
#include "base/when.h"
#include "hub/api.h"

#define PAIR_MAX 1200 /* of NAME:PASSWORD */

/* Checked even where there is no such account: it must take as long. */
static const char nobody[] =
    "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

bool api_token_account(
    struct hub *h, const struct token *token, struct account *ret)
{
	struct api_token found;

	return api_token_find(&h->place, token, &found, NULL) == 0 &&
	       account_find(&h->place, str_z(found.account), ret, NULL) == 0;
}

bool api_token_shown(const struct http_call *call, struct token *ret)
{
	struct str said = str_z(http_call_header(call, "Authorization"));

	return str_skip(&said, STR("Bearer ")) &&
	       token_parse(str_trim(said), ret);
}

static bool by_password(struct hub *h, struct str text, struct account *ret)
{
	uint8_t pair[PAIR_MAX];
	long n = base64_decode(text, pair, sizeof pair);
	struct str password = str_make(pair, n < 0 ? 0 : (size_t)n), name;
	bool known, good;

	if (!str_cut(&password, ':', &name))
		return false;
	known =
	    account_find(&h->place, name, ret, NULL) == 0 && ret->password[0];
	good = password_check(known ? ret->password : nobody, password);
	explicit_bzero(pair, sizeof pair);
	return known && good;
}

static bool is_known(struct hub *h, const struct http_call *call, bool password,
    struct account *ret)
{
	struct str said = str_z(http_call_header(call, "Authorization"));
	struct token token;

	if (str_starts(said, STR("Bearer ")))
		return api_token_shown(call, &token) &&
		       api_token_account(h, &token, ret);
	return password && str_skip(&said, STR("Basic ")) &&
	       by_password(h, str_trim(said), ret);
}

static void refuse_for(struct http_reply *reply, int64_t wait)
{
	hub_refuse(reply, 429, "attempts",
	    "too many failed attempts from there: wait");
	reply->retry_after = (unsigned)(wait / USEC_PER_SEC) + 1;
}

bool api_account(struct hub *h, const struct http_call *call, bool password,
    struct account *ret, struct http_reply *reply)
{
	int64_t now = loop_now();
	int64_t wait = attempts_wait(&h->attempts, call->address, now);
	char reason[160];

	*ret = (struct account){.texts = ARENA_INIT};
	if (wait) {
		refuse_for(reply, wait);
		return false;
	}
	if (is_known(h, call, password, ret))
		return true;
	hub_refuse(reply, 401, "account",
	    password ? "name and password, or a token, are wrong"
		     : "show a token of this hub: Authorization: Bearer TOKEN");
	/* Who shows nothing guesses nothing. */
	if (!http_call_header(call, "Authorization"))
		return false;
	attempts_failed(&h->attempts, call->address, now);
	snprintf(reason, sizeof reason, "a wrong %s, from %s",
	    password ? "password" : "token", call->address);
	hub_note(h, EVENT_ALERT, STR_NONE, "login", reason);
	return false;
}
