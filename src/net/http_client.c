/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_client.h"

#include <errno.h>
#include <stdlib.h>

#include "base/when.h"
#include "net/curl.h"

#define RETRY_AFTER_MAX 3600 /* seconds: servers are not obeyed for longer */

struct http_client {
	CURL *easy;
	struct http_client_config cfg;
	char error[CURL_ERROR_SIZE];
};

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *body = ctx;

	buf_add(body, p, size * n);
	return buf_error(body) ? 0 : size * n;
}

static long milliseconds(int64_t us, int64_t otherwise)
{
	return (long)((us > 0 ? us : otherwise) / 1000);
}

/* All that is the same for each request. */
static void set_up(struct http_client *c)
{
	const struct http_client_config *cfg = &c->cfg;
	CURL *easy = c->easy;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "sshtrail/" SSHTRAIL_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	/* An empty text switches off what the environment says. */
	curl_easy_setopt(easy, CURLOPT_PROXY, cfg->proxy ? cfg->proxy : "");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    milliseconds(cfg->connect_timeout, HTTP_CONNECT_TIMEOUT));
	curl_easy_setopt(
	    easy, CURLOPT_TIMEOUT_MS, milliseconds(cfg->timeout, HTTP_TIMEOUT));
	curl_set_tls(easy, &cfg->tls);
}

int http_client_open(struct http_client **ret,
    const struct http_client_config *cfg, struct err *err)
{
	struct http_client *c = calloc(1, sizeof *c);

	*ret = NULL;
	/* Counted by the library; safe in threads since 7.84. */
	if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(c);
		return err_set(err, -ENOMEM, "no memory for an HTTP client");
	}
	c->cfg = *cfg;
	c->easy = curl_easy_init();
	if (!c->easy) {
		http_client_close(c);
		return err_set(err, -ENOMEM, "no memory for an HTTP client");
	}
	set_up(c);
	*ret = c;
	return 0;
}

void http_client_close(struct http_client *c)
{
	if (!c)
		return;
	if (c->easy)
		curl_easy_cleanup(c->easy);
	curl_global_cleanup();
	free(c);
}

static int code_of(CURL *easy, CURLcode r, const struct buf *body)
{
	long sent = 0;

	/* Not of the URL, but of the answer: HTTP/0.9, or none at all. */
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
	if (r == CURLE_UNSUPPORTED_PROTOCOL && sent > 0)
		return -EIO;
	if (r == CURLE_WRITE_ERROR && body->error)
		return body->error;
	return curl_errno(r);
}

static int failed(const struct http_client *c,
    const struct http_request *request, CURLcode r, const struct buf *body,
    struct err *err)
{
	int code = code_of(c->easy, r, body);

	if (code == -EMSGSIZE)
		return err_set(err, code,
		    "%s %s: the answer is larger than %zu bytes",
		    request->method, request->url, body->max);
	return err_set(err, code, "%s %s: %s", request->method, request->url,
	    c->error[0] ? c->error : curl_easy_strerror(r));
}

static struct curl_slist *headers_of(const struct http_request *request)
{
	/* Without it a large body waits a second for leave to come. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (const char *const *h = request->headers; list && h && *h; h++) {
		struct curl_slist *longer = curl_slist_append(list, *h);

		if (!longer)
			curl_slist_free_all(list);
		list = longer;
	}
	return list;
}

static void set_request(
    CURL *easy, const struct http_request *request, struct buf *body)
{
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (request->body.p) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)request->body.n);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.p);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
}

static int64_t read_date(CURL *easy)
{
	struct curl_header *h;
	time_t t;

	if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return 0;
	t = curl_getdate(h->value, NULL);
	return t > 0 ? (int64_t)t * 1000000 : 0;
}

static void read_answer(CURL *easy, struct http_answer *ret)
{
	curl_off_t after = 0;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
	if (after > RETRY_AFTER_MAX)
		after = RETRY_AFTER_MAX;
	ret->status = (int)status;
	ret->retry_after = (int64_t)after * 1000000;
	ret->date = read_date(easy);
}

struct listening {
	struct http_client *client;
	const struct http_listener *listener;
	struct buf *body; /* of another status */
	int64_t heard;
	bool stopped, silent;
};

static size_t take_piece(char *p, size_t size, size_t n, void *ctx)
{
	struct listening *l = ctx;
	long status = 0;

	l->heard = time_boot();
	curl_easy_getinfo(l->client->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return take_body(p, size, n, l->body);
	l->stopped =
	    l->listener->take(l->listener->ctx, str_make(p, size * n)) != 0;
	return l->stopped ? 0 : size * n;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now,
    curl_off_t up_total, curl_off_t up)
{
	struct listening *l = ctx;

	(void)total;
	(void)now;
	(void)up_total;
	(void)up;
	l->silent = time_boot() - l->heard > l->listener->silence;
	l->stopped = l->stopped || l->listener->idle(l->listener->ctx) != 0;
	return l->silent || l->stopped;
}

static void set_listening(struct listening *l, bool on)
{
	CURL *easy = l->client->easy;

	curl_easy_setopt(
	    easy, CURLOPT_WRITEFUNCTION, on ? take_piece : take_body);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, l);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, on ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
	    on ? 0L : milliseconds(l->client->cfg.timeout, HTTP_TIMEOUT));
	if (on)
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, l);
}

/* `listening` NULL: the answer is wanted whole. */
static int perform(struct http_client *c, const struct http_request *request,
    struct listening *listening, struct http_answer *ret, struct err *err)
{
	struct curl_slist *headers = headers_of(request);
	CURLcode r;

	*ret = (struct http_answer){.body = BUF_INIT};
	ret->body.max = c->cfg.answer_max ? c->cfg.answer_max : HTTP_ANSWER_MAX;
	if (!headers)
		return err_set(err, -ENOMEM, "no memory for an HTTP request");
	c->error[0] = '\0';
	set_request(c->easy, request, &ret->body);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, headers);
	if (listening)
		set_listening(listening, true);
	r = curl_easy_perform(c->easy);
	if (listening)
		set_listening(listening, false);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (r != CURLE_OK)
		return failed(c, request, r, &ret->body, err);
	read_answer(c->easy, ret);
	return 0;
}

int http_client_send(struct http_client *c, const struct http_request *request,
    struct http_answer *ret, struct err *err)
{
	return perform(c, request, NULL, ret, err);
}

int http_client_listen(struct http_client *c,
    const struct http_request *request, const struct http_listener *listener,
    struct http_answer *ret, struct err *err)
{
	struct listening l = {.client = c,
	    .listener = listener,
	    .body = &ret->body,
	    .heard = time_boot()};
	int r = perform(c, request, &l, ret, err);

	if (r < 0 && l.stopped) {
		read_answer(c->easy, ret);
		return 0;
	}
	if (r < 0 && l.silent)
		return err_set(err, -ETIMEDOUT,
		    "%s %s: nothing came for %lld s", request->method,
		    request->url,
		    (long long)(listener->silence / USEC_PER_SEC));
	return r;
}

void http_answer_free(struct http_answer *a)
{
	buf_free(&a->body);
}
