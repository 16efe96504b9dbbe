/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any web server: a POST of lines, one an event, signed with a key that both
 * know. docs/forwarding.md says what is signed, and how to check it.
 */
#include <errno.h>
#include <stdio.h>

#include "base/when.h"
#include "crypto/digest.h"
#include "outputs/web.h"

static int webhook_open(
    struct output **ret, const struct output_config *cfg, struct err *err)
{
	return web_open(ret, sizeof(struct web), OUTPUT_WEBHOOK, cfg, err);
}

/* HMAC-SHA-256 of "SECONDS.BODY". */
static int sign(
    const struct web *w, int64_t seconds, struct str body, char ret[static 65])
{
	struct buf text = BUF_INIT;
	struct sha256 h;
	int r;

	buf_printf(&text, "%lld.", (long long)seconds);
	buf_add_str(&text, body);
	r = buf_error(&text);
	if (r == 0) {
		hmac_sha256(buf_str(&w->secret), buf_str(&text), &h);
		sha256_hex(&h, ret);
	}
	buf_free(&text);
	return r;
}

static int post(struct web *w, const char *eid, struct str body,
    struct http_answer *answer, struct err *err)
{
	const int64_t seconds = time_now() / USEC_PER_SEC;
	char time[64], signature[128], id[80], hex[65];
	const char *headers[] = {
	    "Content-Type: application/x-ndjson", time, signature, id, NULL};
	int r = sign(w, seconds, body, hex);

	if (r < 0)
		return r;
	snprintf(time, sizeof time, "X-Sshtrail-Timestamp: %lld",
	    (long long)seconds);
	snprintf(signature, sizeof signature, "X-Sshtrail-Signature: sha256=%s",
	    hex);
	snprintf(id, sizeof id, "X-Sshtrail-First: %s", eid);
	return web_post(w, w->cfg->url, headers, body, answer, err);
}

static int webhook_send(
    struct output *o, struct record *records, size_t n, struct err *err)
{
	struct web *w = (struct web *)o;
	struct http_answer answer = {.body = BUF_INIT};
	struct buf body = BUF_INIT;
	const char *first = "";
	int r;

	for (size_t i = n; i-- > 0;)
		if (records[i].state == RECORD_WAITS)
			first = records[i].eid;
	web_body(&body, records, n, '\n');
	r = buf_error(&body);
	if (r == 0)
		r = post(w, first, buf_str(&body), &answer, err);
	buf_free(&body);
	if (r == 0 && answer.status / 100 == 2)
		for (size_t i = 0; i < n; i++)
			records[i].state = records[i].state == RECORD_WAITS
					       ? RECORD_ACCEPTED
					       : records[i].state;
	else if (r == 0 && web_refuses(answer.status))
		r = web_isolate(w, records, n, webhook_send, err);
	else if (r == 0)
		r = err_set(err, -EREMOTEIO, "%s", o->said);
	http_answer_free(&answer);
	return r;
}

const struct output_ops output_webhook = {
    "webhook", webhook_open, webhook_send, web_close};
