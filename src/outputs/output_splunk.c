/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splunk's HTTP event collector. "Success" only says that a batch was
 * received; with indexer acknowledgment it counts when Splunk says that it is
 * indexed. One that is not acknowledged within the timeout is sent again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/when.h"
#include "crypto/digest.h"
#include "outputs/answers.h"
#include "outputs/web.h"

#define ACK_POLL_MS 250
#define URL_MAX	    (2048 + 128)
#define PATH_EVENT  "/services/collector/event"
#define PATH_ACK    "/services/collector/ack"

struct splunk {
	struct web web; /* first */
	char channel[37];
};

/* A random GUID; Splunk keeps acknowledgements by channel. */
static void make_channel(char ret[static 37])
{
	uint8_t b[16];

	random_bytes(b, sizeof b);
	snprintf(ret, 37,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], (b[6] & 15) | 0x40, b[7],
	    (b[8] & 0x3f) | 0x80, b[9], b[10], b[11], b[12], b[13], b[14],
	    b[15]);
}

static int splunk_open(
    struct output **ret, const struct output_config *cfg, struct err *err)
{
	int r = web_open(ret, sizeof(struct splunk), OUTPUT_SPLUNK, cfg, err);

	if (r == 0)
		make_channel(((struct splunk *)*ret)->channel);
	return r;
}

static int post(struct splunk *s, const char *path, struct str body,
    struct http_answer *answer, struct err *err)
{
	struct web *w = &s->web;
	struct str base = str_z(w->cfg->url);
	char token[OUTPUT_SECRET_MAX + 64], channel[80], url[URL_MAX];
	const char *headers[] = {
	    "Content-Type: application/json", token, channel, NULL};
	int r;

	while (str_chop(&base, STR("/")))
		;
	snprintf(url, sizeof url, "%.*s%s?channel=%s", STR_ARG(base), path,
	    s->channel);
	snprintf(token, sizeof token, "Authorization: Splunk %s", w->secret.p);
	snprintf(channel, sizeof channel, "X-Splunk-Request-Channel: %s",
	    s->channel);
	r = web_post(w, url, headers, body, answer, err);
	explicit_bzero(token, sizeof token);
	return r;
}

static int wait_for_ack(struct splunk *s, int64_t ack_id, struct err *err)
{
	const int64_t end = time_boot() + s->web.cfg->timeout;
	char body[64];

	snprintf(body, sizeof body, "{\"acks\":[%lld]}", (long long)ack_id);
	while (time_boot() < end) {
		struct http_answer answer;
		int r = post(s, PATH_ACK, str_z(body), &answer, err);
		bool acked = r == 0 && answer.status == 200 &&
			     answer_hec_acked(buf_str(&answer.body), ack_id);

		http_answer_free(&answer);
		if (r < 0 || acked)
			return r;
		poll(NULL, 0, ACK_POLL_MS);
	}
	return err_set(err, -ETIMEDOUT,
	    "Splunk does not acknowledge what it received: %s",
	    s->web.base.said);
}

static void accept_all(struct record *records, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (records[i].state == RECORD_WAITS)
			records[i].state = RECORD_ACCEPTED;
}

/* The waiting record of that number is refused; false: there is none. */
static bool reject_one(
    struct splunk *s, struct record *records, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (records[i].state == RECORD_WAITS && number-- == 0) {
			record_reject(&records[i], str_z(s->web.base.said));
			return true;
		}
	return false;
}

static int splunk_send(
    struct output *o, struct record *records, size_t n, struct err *err);

static int take_answer(struct splunk *s, const struct http_answer *answer,
    struct record *records, size_t n, struct err *err)
{
	struct hec_answer a;
	bool known = answer_hec(buf_str(&answer->body), &a);
	int r = 0;

	if (answer->status == 200 && known && a.code == 0) {
		if (s->web.cfg->ack && a.ack_id < 0)
			return err_set(err, -EPROTO,
			    "Splunk gives no ackId: switch indexer "
			    "acknowledgment on for the token, or splunk.ack "
			    "off");
		if (s->web.cfg->ack)
			r = wait_for_ack(s, a.ack_id, err);
		if (r == 0)
			accept_all(records, n);
		return r;
	}
	/* What stood before the bad one may be in, but nobody says so. */
	if (web_refuses(answer->status) && known && a.bad_event >= 0 &&
	    reject_one(s, records, n, a.bad_event))
		return 0;
	if (web_refuses(answer->status))
		return web_isolate(&s->web, records, n, splunk_send, err);
	return err_set(err, -EREMOTEIO, "%s", s->web.base.said);
}

static int splunk_send(
    struct output *o, struct record *records, size_t n, struct err *err)
{
	struct splunk *s = (struct splunk *)o;
	struct http_answer answer;
	struct buf body = BUF_INIT;
	int r;

	web_body(&body, records, n, '\n');
	r = buf_error(&body);
	if (r == 0 && body.n) {
		r = post(s, PATH_EVENT, buf_str(&body), &answer, err);
		if (r == 0)
			r = take_answer(s, &answer, records, n, err);
		http_answer_free(&answer);
	}
	buf_free(&body);
	return r;
}

const struct output_ops output_splunk = {
    "splunk", splunk_open, splunk_send, web_close};
