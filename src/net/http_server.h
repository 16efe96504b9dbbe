/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTPS server (TLS 1.3 only) in the thread that calls it: nothing runs
 * beside it, so a handler needs no locks. Clients may be hostile: requests are
 * bounded in size and time, and their number at a time.
 *
 * A client may show a certificate; whether it is one of the authority given
 * decides `peer` below, and the handler what follows from that.
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "base/loop.h"
#include "net/cert.h"

/* A request, whole; all of it lives as long as the call. */
struct http_call {
	const char *method;
	const char *path; /* decoded, without what is behind '?' */
	struct str body;
	char address[64]; /* of the client */
	/* Certificate that the authority signed, in its time; NULL: none. */
	const struct cert_info *peer;
	void *connection; /* the server's */
};

/* Value of ?NAME=; NULL: it is not there. */
const char *http_call_query(const struct http_call *call, const char *name);
/*
 * Each ?NAME=VALUE, decoded, in any order; a non-zero return of fn stops and is
 * returned.
 */
int http_call_each_query(const struct http_call *call,
    int (*fn)(void *ctx, struct str name, struct str value), void *ctx);
/* Value of a header; NULL: it is not there. */
const char *http_call_header(const struct http_call *call, const char *name);

/* An answer whose end is far, piece by piece as the client takes it. */
struct http_feed {
	bool ends; /* who is slow to take it is cut, see CALLER_TAKES */
	/*
	 * Append the next piece. 1: done; 0: there is none now, to be asked
	 * again after http_server_wake(); negative: the answer ends.
	 */
	int (*next)(void *ctx, struct buf *ret);
	/* The client is gone, or the server ends. */
	void (*end)(void *ctx);
};

struct http_reply {
	int status;	      /* 200 where the handler sets none */
	const char *type;     /* "text/plain" where it sets none */
	unsigned retry_after; /* seconds; 0: nothing is said */
	struct buf body;
	const struct http_feed *feed; /* not NULL: in the place of `body` */
	void *feed_ctx;
};

struct http_server_config {
	const char *address; /* an IP address, numeric */
	uint16_t port;	     /* 0: any free one */
	/* In PEM, with a NUL: to be kept until the server is closed. */
	const char *cert, *key, *client_ca;
	size_t body_max;	  /* larger requests get 413 ... */
	size_t stranger_max;	  /* ... and so of clients without `peer` */
	unsigned connections_max; /* more are cut, see net/caller.h */
	unsigned timeout_sec;	  /* without a byte, or a request */
	int64_t patience;	  /* microseconds, see net/caller.h */
	void (*handle)(
	    void *ctx, const struct http_call *call, struct http_reply *reply);
	void *ctx;
};

struct http_server;

/*
 * Listen. Nothing is answered before http_server_start(). -EADDRINUSE and the
 * like with err set; -EINVAL: certificate and key do not serve.
 */
int http_server_open(struct http_server **ret,
    const struct http_server_config *cfg, struct err *err);
/* Answer from now on, in callbacks of the loop. */
int http_server_start(struct http_server *s, struct loop *l, struct err *err);
/* Ask all feeds again that had nothing; from any callback of the loop. */
void http_server_wake(struct http_server *s);
/* Connections that are open, and how many were cut since the start. */
void http_server_count(
    const struct http_server *s, size_t *ret_open, uint64_t *ret_cut);
uint16_t http_server_port(const struct http_server *s);
/* NULL is fine. */
void http_server_close(struct http_server *s);

#endif
