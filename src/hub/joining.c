/* SPDX-License-Identifier: Apache-2.0 */
/* How hosts join, and renew their certificates. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "crypto/checkpoint.h"
#include "hub/hub.h"
#include "wire/message.h"

/* What a host asks for; texts live in `a`. */
struct joining {
	struct arena a;
	struct token token;
	struct str name, request, proof;
	struct sign_public key;
	char id[HOST_ID_LEN + 1];
};

static bool read_joining(
    struct joining *j, struct str body, struct http_reply *reply)
{
	struct err why = {""};

	j->name = message_get(body, "name", &j->a);
	j->request = message_get(body, "request", &j->a);
	j->proof = message_get(body, "proof", &j->a);
	if (!token_parse(message_get(body, "token", &j->a), &j->token))
		hub_refuse(reply, 400, "token", "this is no token of a hub");
	else if (!host_name_is_good(j->name))
		hub_refuse(reply, 400, "name", "this is no name for a host");
	else if (sign_public_parse(
		     message_get(body, "key", &j->a), &j->key, NULL, &why) < 0)
		hub_refuse(reply, 400, "key", "%s", why.text);
	else
		return host_id(&j->key, j->id), true;
	return false;
}

/* It has the key that it names, and has asked for this name and certificate. */
static bool proof_is_good(const struct joining *j)
{
	struct checkpoint cp;
	struct sha256 request;
	struct str origin;

	if (checkpoint_verify(j->proof, &j->key, &cp, NULL) < 0)
		return false;
	sha256_of(j->request.p, j->request.n, &request);
	origin = cp.origin;
	return str_skip(&origin, STR(MEMBER_PROOF)) &&
	       str_eq(origin, j->name) &&
	       memcmp(&request, &cp.root, sizeof request) == 0;
}

/*
 * The chains of a name are those of one key: another host of that name would
 * contradict them. The hub has some itself.
 */
static bool name_is_free(struct hub *h, const struct joining *j)
{
	struct host_entry other;
	char name[CERT_NAME_MAX + 1];
	struct err why;

	snprintf(name, sizeof name, "%.*s", STR_ARG(j->name));
	return !str_eqz(j->name, h->cfg->name) &&
	       (host_find_any(&h->place, name, &other, &why) < 0 ||
		   strcmp(other.id, j->id) == 0);
}

static int certify(struct hub *h, struct host_entry *host, struct str request,
    struct buf *b, struct err *err)
{
	const struct cert_signer ca = {
	    buf_str(&h->place.ca_cert), buf_str(&h->place.ca_key)};
	const int64_t days = h->cfg->certificate_life / USEC_PER_DAY;
	struct cert_info info;
	int r =
	    cert_sign_client(&ca, request, host->id, (unsigned)days, b, err);

	if (r == 0)
		r = cert_read(buf_str(b), &info, err);
	if (r < 0)
		return r;
	/* An answer may get lost: the one before is good until it is used. */
	memcpy(host->before, host->serial, sizeof host->before);
	memcpy(host->serial, info.serial, sizeof host->serial);
	host->until = info.until;
	return host_put(&h->place, host, err);
}

static void answer(struct hub *h, const struct host_entry *host,
    const struct buf *cert, struct http_reply *reply)
{
	struct buf key = BUF_INIT;

	sign_public_format(
	    &archive_key(h->archive)->pub, str_z(h->cfg->name), &key);
	reply->type = "application/json";
	message_begin(&reply->body);
	message_text(&reply->body, "id", str_z(host->id));
	message_text(&reply->body, "hub", str_trim(buf_str(&key)));
	message_text(&reply->body, "certificate", buf_str(cert));
	message_end(&reply->body);
	buf_free(&key);
}

static void join(struct hub *h, const struct joining *j,
    const struct http_call *call, struct http_reply *reply)
{
	struct host_entry host = {.history = 1};
	struct buf cert = BUF_INIT, reason = BUF_INIT;
	struct err why = {""};
	int r;

	/* It may have been here before, with more than one history. */
	if (host_find(&h->place, j->id, &host, NULL) < 0)
		host = (struct host_entry){.history = 1};
	host.key = j->key;
	host.revoked = false;
	memcpy(host.id, j->id, sizeof host.id);
	snprintf(host.name, sizeof host.name, "%.*s", STR_ARG(j->name));
	r = token_redeem(&h->place, &j->token, &why);
	if (r == 0)
		r = certify(h, &host, j->request, &cert, &why);
	buf_printf(&reason, "host id %s, from %s, certificate %s", host.id,
	    call->address, host.serial);
	if (r == 0)
		r = hub_note(
		    h, EVENT_CONFIG, j->name, "enroll", buf_z(&reason));
	if (r < 0)
		hub_refuse(reply, 500, "failed", "%s", why.text);
	else
		answer(h, &host, &cert, reply);
	buf_free(&cert);
	buf_free(&reason);
}

void hub_enroll(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	struct joining j = {.a = ARENA_INIT};
	struct buf cert = BUF_INIT;
	struct err why = {""};

	/* Nothing is told to who has no token. */
	if (!read_joining(&j, call->body, reply))
		;
	else if (token_check(&h->place, &j.token, &why) < 0)
		hub_refuse(reply, 403, "token", "%s", why.text);
	else if (!proof_is_good(&j))
		hub_refuse(reply, 400, "proof",
		    "the request is not signed with the key of the store");
	else if (!name_is_free(h, &j))
		hub_refuse(reply, 409, "name",
		    "another host, or this hub, is \"%.*s\", and its events "
		    "are kept under that name: name this one otherwise (host, "
		    "in sshtraild.yml)",
		    STR_ARG(j.name));
	else
		join(h, &j, call, reply);
	arena_free(&j.a);
	buf_free(&cert);
}

void hub_renew(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	struct arena a = ARENA_INIT;
	struct host_entry host;
	struct buf cert = BUF_INIT;
	struct err why = {""};
	int r;

	if (!hub_host(h, call, &host, reply))
		return;
	r = certify(
	    h, &host, message_get(call->body, "request", &a), &cert, &why);
	if (r == 0)
		answer(h, &host, &cert, reply);
	else
		hub_refuse(reply, r == -EBADMSG ? 400 : 500, "request", "%s",
		    why.text);
	arena_free(&a);
	buf_free(&cert);
}
