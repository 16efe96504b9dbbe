/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The _bulk interface of Elasticsearch and OpenSearch. Each document is made
 * with our identity as its _id: one that comes again is refused there as a
 * conflict, which means that it is there.
 */
#include <errno.h>
#include <stdio.h>

#include "outputs/answers.h"
#include "outputs/web.h"

static int elastic_open(
    struct output **ret, const struct output_config *cfg, struct err *err)
{
	return web_open(ret, sizeof(struct web), OUTPUT_ELASTIC, cfg, err);
}

static int post(
    struct web *w, struct str body, struct http_answer *answer, struct err *err)
{
	char key[OUTPUT_SECRET_MAX + 64];
	const char *headers[] = {
	    "Content-Type: application/x-ndjson", NULL, NULL};
	int r;

	if (w->secret.n) {
		snprintf(
		    key, sizeof key, "Authorization: ApiKey %s", w->secret.p);
		headers[1] = key;
	}
	r = web_post(w, w->cfg->url, headers, body, answer, err);
	explicit_bzero(key, sizeof key);
	return r;
}

static int elastic_send(
    struct output *o, struct record *records, size_t n, struct err *err)
{
	struct web *w = (struct web *)o;
	struct http_answer answer = {.body = BUF_INIT};
	struct buf body = BUF_INIT;
	int r;

	web_body(&body, records, n, '\n');
	r = buf_error(&body);
	if (r == 0)
		r = post(w, buf_str(&body), &answer, err);
	buf_free(&body);
	if (r == 0 && web_refuses(answer.status))
		r = web_isolate(w, records, n, elastic_send, err);
	else if (r == 0 && answer.status != 200)
		r = err_set(err, -EREMOTEIO, "%s", o->said);
	else if (r == 0) {
		r = answer_bulk(buf_str(&answer.body), records, n);
		if (r < 0)
			err_set(
			    err, r, "this is no answer of _bulk: %s", o->said);
	}
	http_answer_free(&answer);
	return r;
}

const struct output_ops output_elastic = {
    "elastic", elastic_open, elastic_send, web_close};
