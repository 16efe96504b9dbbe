/* SPDX-License-Identifier: Apache-2.0 */
/* What outputs to web servers share. */
#ifndef OUTPUTS_WEB_H
#define OUTPUTS_WEB_H

#include "net/http_client.h"
#include "outputs/output.h"

#define WEB_HEADERS_MAX 8

struct web {
	struct output base; /* first */
	const struct output_config *cfg;
	struct http_client_config client_cfg;
	struct http_client *client;
	struct buf secret; /* with a NUL behind it; empty: none */
};

/* `size` bytes of a struct that begins with a struct web. */
int web_open(struct output **ret, size_t size, enum output_type type,
    const struct output_config *cfg, struct err *err);
void web_close(struct output *o);

/* The waiting records' texts with `end` behind each. */
void web_body(struct buf *b, const struct record *records, size_t n, char end);

/*
 * POST; free *ret. Errors as of http_client_send(). What the server said is in
 * base.said, and how long it wants to be left alone in base.retry_after.
 */
int web_post(struct web *w, const char *url, const char *const *headers,
    struct str body, struct http_answer *ret, struct err *err);

/* Of a status: the request itself is at fault, another one may pass. */
bool web_refuses(int status);

/*
 * Something in the records is refused: try each of them alone with `send_one`,
 * unless there is only one, which is it.
 */
int web_isolate(struct web *w, struct record *records, size_t n,
    int (*send)(
	struct output *o, struct record *records, size_t n, struct err *err),
    struct err *err);

#endif
