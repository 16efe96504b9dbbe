/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP client for one server at a time: a request, its answer whole in
 * memory, the connection kept for the next one. Nothing is followed or believed
 * beyond that: no redirects, no cookies, no environment (proxies are named
 * here), no other protocols than http and https. The server may be hostile:
 * what it sends is bounded in size and time.
 *
 * A client belongs to one thread at a time and is not shared. Waiting for a
 * name is done in a thread of the library's; signals are left alone.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

#define HTTP_CONNECT_TIMEOUT ((int64_t)10 * 1000000)
#define HTTP_TIMEOUT	     ((int64_t)60 * 1000000)
#define HTTP_ANSWER_MAX	     ((size_t)1 << 20)

/* Files in PEM, read anew at each connection. All may be NULL. */
struct http_tls {
	const char *ca_file;   /* NULL: the authorities of the system */
	const char *cert_file; /* of this client; with key_file */
	const char *key_file;
	/*
	 * Anybody may answer: only for what is checked otherwise, as by a
	 * digest that was known before.
	 */
	bool any_server;
};

struct http_client_config {
	struct http_tls tls;
	/* "http://HOST:PORT", https, socks5, socks5h. NULL: none. */
	const char *proxy;
	/* Microseconds; 0: the values above. `timeout` is that of a whole
	 * request, answer included. */
	int64_t connect_timeout, timeout;
	size_t answer_max; /* bytes of an answer's body; 0: HTTP_ANSWER_MAX */
};

struct http_request {
	const char *method; /* "GET", "POST" or any other */
	const char *url;
	const char *const
	    *headers;	 /* "Name: value", NULL at the end; or NULL */
	struct str body; /* none: STR_NONE */
};

struct http_answer {
	int status;	     /* 200, 404, ... */
	int64_t retry_after; /* microseconds, as the server asked; 0: not */
	int64_t date;	     /* what its clock says, microseconds; 0: nothing */
	struct buf body;
};

struct http_client;

/* The texts of *cfg must stay until the client is closed. */
int http_client_open(struct http_client **ret,
    const struct http_client_config *cfg, struct err *err);
/* NULL is fine. */
void http_client_close(struct http_client *c);

/*
 * Send a request and wait for its answer. 0: there is one, whatever its status;
 * free it with http_answer_free(), also after a failure. Otherwise, with what
 * was tried and what is wrong in err:
 *   -EINVAL       no such URL, or not http or https
 *   -EHOSTUNREACH no address for the name
 *   -ECONNREFUSED nobody could be connected to
 *   -EKEYREJECTED TLS: the server is not who it should be, or a key or
 *                 certificate of ours does not serve
 *   -ETIMEDOUT    it took too long
 *   -EMSGSIZE     the answer is larger than allowed
 *   -ECONNRESET   the connection broke; the request may have been carried out
 *   -ENOMEM, -EIO otherwise
 */
int http_client_send(struct http_client *c, const struct http_request *request,
    struct http_answer *ret, struct err *err);
void http_answer_free(struct http_answer *a);

/* For an answer that goes on and on. A non-zero return stops. */
struct http_listener {
	int (*take)(void *ctx, struct str piece);
	/* About once a second. */
	int (*idle)(void *ctx);
	void *ctx;
	int64_t silence; /* microseconds without a byte: it is cut off */
};

/*
 * As http_client_send(), but where the status is 200 the body goes to the
 * listener as it comes, and may take as long as it likes. 0 also where the
 * listener stopped it, or the server ended it.
 */
int http_client_listen(struct http_client *c,
    const struct http_request *request, const struct http_listener *listener,
    struct http_answer *ret, struct err *err);

#endif
