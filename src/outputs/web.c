/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "outputs/plain.h"

int web_open(struct output **ret, size_t size, enum output_type type,
    const struct output_config *cfg, struct err *err)
{
	struct web *w = calloc(1, size);
	int r = 0;

	if (!w)
		return -ENOMEM;
	w->base.ops = outputs[type];
	w->cfg = cfg;
	w->client_cfg =
	    (struct http_client_config){.tls = {.ca_file = cfg->ca,
					    .cert_file = cfg->cert,
					    .key_file = cfg->cert_key},
		.proxy = cfg->proxy,
		.connect_timeout = cfg->timeout,
		.timeout = cfg->timeout,
		.answer_max = (size_t)16 << 20};
	if (cfg->secret)
		r = output_secret(cfg->secret, &w->secret, err);
	if (r == 0 && w->secret.n && !buf_z(&w->secret))
		r = -ENOMEM;
	if (r == 0)
		r = http_client_open(&w->client, &w->client_cfg, err);
	if (r < 0)
		web_close(&w->base);
	else
		*ret = &w->base;
	return r;
}

void web_close(struct output *o)
{
	struct web *w = (struct web *)o;

	http_client_close(w->client);
	if (w->secret.n)
		explicit_bzero(w->secret.p, w->secret.n);
	buf_free(&w->secret);
	free(w);
}

void web_body(struct buf *b, const struct record *records, size_t n, char end)
{
	for (size_t i = 0; i < n; i++)
		if (records[i].state == RECORD_WAITS) {
			buf_add_str(b, records[i].text);
			buf_add_char(b, end);
		}
}

static void keep_said(struct web *w, const struct http_answer *a)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "HTTP status %d", a->status);
	if (a->body.n) {
		buf_add_z(&b, ": ");
		plain_add(&b, str_trim(buf_str(&a->body)), 160);
	}
	snprintf(
	    w->base.said, sizeof w->base.said, "%.*s", STR_ARG(buf_str(&b)));
	buf_free(&b);
}

int web_post(struct web *w, const char *url, const char *const *headers,
    struct str body, struct http_answer *ret, struct err *err)
{
	const struct http_request request = {
	    .method = "POST", .url = url, .headers = headers, .body = body};
	int r = http_client_send(w->client, &request, ret, err);

	w->base.retry_after = r == 0 ? ret->retry_after : 0;
	if (r == 0)
		keep_said(w, ret);
	return r;
}

/*
 * Not those of wrong names, keys and rights: they are of the configuration, and
 * must not cost an event.
 */
bool web_refuses(int status)
{
	return status == 400 || status == 413 || status == 422;
}

int web_isolate(struct web *w, struct record *records, size_t n,
    int (*send)(
	struct output *o, struct record *records, size_t n, struct err *err),
    struct err *err)
{
	size_t waiting = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		waiting += records[i].state == RECORD_WAITS;
	for (size_t i = 0; i < n && r == 0; i++) {
		if (records[i].state != RECORD_WAITS)
			continue;
		if (waiting == 1)
			record_reject(&records[i], str_z(w->base.said));
		else
			r = send(&w->base, &records[i], 1, err);
	}
	return r;
}
