/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/caller.h"

#define PRIORITIES	"SECURE128:-VERS-ALL:+VERS-TLS1.3"
#define PATH_MAX_LEN	1024
/* Its own timeouts of connections must be looked at now and then. */
#define IDLE_USEC	((int64_t)500000)
/* Of each, also of those that are idle: the head of a request and what is read
 * of its body at a time. */
#define CONNECTION_HEAP ((size_t)24 << 10)
#define BACKLOG		128
/* Connections that were cut, until the library has closed them. */
#define CUT_MAX		256
/* What a feed is asked for is handed on in blocks of this size. */
#define FEED_BLOCK	((size_t)16 << 10)

struct http_server {
	struct http_server_config cfg;
	int listen_fd;
	uint16_t port;
	struct MHD_Daemon *daemon;
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer timer;
	struct stream *streams;
	struct callers callers;
};

/* A feed that is being sent. */
struct stream {
	struct http_server *server;
	struct MHD_Connection *connection;
	const struct http_feed *feed;
	void *ctx;
	struct buf piece;
	size_t sent; /* of it */
	bool waits;  /* its connection is suspended */
	struct stream *next, **place;
};

/* A request that is being read. */
struct incoming {
	struct buf body;
	bool too_large;
	bool known; /* by a certificate of the authority: */
	struct cert_info peer;
};

/* The library calls with more parameters than functions here may have. */
#define BEHIND(...) __VA_ARGS__

/* --- connections --- */

/* NULL: there was no memory for it. */
static struct caller *caller_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *connection,
    void **state, enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const int fd = MHD_get_connection_info(
		    connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				   ->connect_fd;
		const struct sockaddr *from = MHD_get_connection_info(
		    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
						  ->client_addr;

		*state = caller_enter(&s->callers, fd, from);
		if (!*state)
			(void)shutdown(fd, SHUT_RDWR);
	} else if (*state) {
		caller_leave(&s->callers, *state);
		*state = NULL;
	}
}

/* --- one request --- */

const char *http_call_query(const struct http_call *call, const char *name)
{
	return MHD_lookup_connection_value(
	    call->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_call_header(const struct http_call *call, const char *name)
{
	return MHD_lookup_connection_value(
	    call->connection, MHD_HEADER_KIND, name);
}

struct each_query {
	int (*fn)(void *ctx, struct str name, struct str value);
	void *ctx;
	int result;
};

static enum MHD_Result on_query(void *ctx, enum MHD_ValueKind kind,
    const char *name, size_t name_len,
    BEHIND(const char *value, size_t value_len))
{
	struct each_query *each = ctx;

	(void)kind;
	each->result = each->fn(each->ctx, str_make(name, name_len),
	    value ? str_make(value, value_len) : STR(""));
	return each->result == 0 ? MHD_YES : MHD_NO;
}

int http_call_each_query(const struct http_call *call,
    int (*fn)(void *ctx, struct str name, struct str value), void *ctx)
{
	struct each_query each = {fn, ctx, 0};

	MHD_get_connection_values_n(
	    call->connection, MHD_GET_ARGUMENT_KIND, on_query, &each);
	return each.result;
}

static void read_address(struct MHD_Connection *connection, char *ret, size_t n)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	union {
		const struct sockaddr *any;
		const struct sockaddr_in *in;
		const struct sockaddr_in6 *in6;
	} at;

	*ret = '\0';
	if (!info)
		return;
	at.any = info->client_addr;
	if (at.any->sa_family == AF_INET)
		inet_ntop(AF_INET, &at.in->sin_addr, ret, (socklen_t)n);
	else if (at.any->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &at.in6->sin6_addr, ret, (socklen_t)n);
}

/* False: none, or not signed by the authority, or not in its time. */
static bool read_peer(
    struct MHD_Connection *connection, struct cert_info *ret, struct err *err)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *chain;
	unsigned n = 0, status = ~0U;
	gnutls_typed_vdata_st purpose = {
	    .type = GNUTLS_DT_KEY_PURPOSE_OID, .size = 0};

	if (!info)
		return false;
	purpose.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT;
	chain = gnutls_certificate_get_peers(info->tls_session, &n);
	if (!chain || n == 0 ||
	    gnutls_certificate_verify_peers(
		info->tls_session, &purpose, 1, &status) < 0 ||
	    status != 0)
		return false;
	return cert_read_der(
		   str_make(chain[0].data, chain[0].size), ret, err) == 0;
}

/* --- feeds --- */

/* n bytes are there for it; 0: it waits for more. */
static void hand_on(struct stream *st, size_t n)
{
	if (st->feed->ends)
		caller_takes(
		    &st->server->callers, caller_of(st->connection), n);
}

static ssize_t on_more(void *ctx, uint64_t at, char *ret, size_t max)
{
	struct stream *st = ctx;
	size_t n;

	(void)at;
	if (st->sent == st->piece.n) {
		int r;

		buf_free(&st->piece);
		st->sent = 0;
		r = st->feed->next(st->ctx, &st->piece);
		if (r < 0 || buf_error(&st->piece))
			return MHD_CONTENT_READER_END_OF_STREAM;
		if (r == 0) {
			st->waits = true;
			hand_on(st, 0);
			MHD_suspend_connection(st->connection);
			return 0;
		}
	}
	n = st->piece.n - st->sent < max ? st->piece.n - st->sent : max;
	memcpy(ret, st->piece.p + st->sent, n);
	st->sent += n;
	hand_on(st, n);
	return (ssize_t)n;
}

static void on_stream_end(void *ctx)
{
	struct stream *st = ctx;

	*st->place = st->next;
	if (st->next)
		st->next->place = st->place;
	st->feed->end(st->ctx);
	buf_free(&st->piece);
	free(st);
}

static struct MHD_Response *begin_stream(struct http_server *s,
    struct MHD_Connection *connection, const struct http_reply *reply)
{
	struct stream *st = calloc(1, sizeof *st);
	struct MHD_Response *response =
	    st ? MHD_create_response_from_callback(
		     MHD_SIZE_UNKNOWN, FEED_BLOCK, on_more, st, on_stream_end)
	       : NULL;

	if (!response) {
		reply->feed->end(reply->feed_ctx);
		free(st);
		return NULL;
	}
	*st = (struct stream){.server = s,
	    .connection = connection,
	    .feed = reply->feed,
	    .ctx = reply->feed_ctx,
	    .next = s->streams,
	    .place = &s->streams};
	if (st->next)
		st->next->place = &st->next;
	s->streams = st;
	MHD_add_response_header(
	    response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return response;
}

static void resume_all(struct http_server *s)
{
	for (struct stream *st = s->streams; st; st = st->next) {
		if (st->waits)
			MHD_resume_connection(st->connection);
		st->waits = false;
	}
}

void http_server_wake(struct http_server *s)
{
	resume_all(s);
	if (s->streams)
		loop_timer_start(s->loop, &s->timer, 0, 0);
}

static enum MHD_Result send_reply(struct http_server *s,
    struct MHD_Connection *connection, struct http_reply *reply)
{
	struct MHD_Response *response =
	    reply->feed ? begin_stream(s, connection, reply)
			: MHD_create_response_from_buffer(reply->body.n,
			      reply->body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result r;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	    reply->type ? reply->type : "text/plain");
	if (reply->retry_after) {
		char seconds[16];

		snprintf(seconds, sizeof seconds, "%u", reply->retry_after);
		MHD_add_response_header(
		    response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	}
	r = MHD_queue_response(connection,
	    (unsigned)(reply->status ? reply->status : 200), response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result answer(struct http_server *s,
    struct MHD_Connection *connection, const char *path, const char *method,
    struct incoming *in)
{
	struct http_call call = {.method = method,
	    .path = path,
	    .body = buf_str(&in->body),
	    .peer = in->known ? &in->peer : NULL,
	    .connection = connection};
	struct http_reply reply = {.body = BUF_INIT};
	enum MHD_Result r;

	read_address(connection, call.address, sizeof call.address);
	if (in->too_large || strlen(path) > PATH_MAX_LEN) {
		reply.status = 413;
		buf_printf(&reply.body, "more than %zu bytes\n", in->body.max);
	} else {
		s->cfg.handle(s->cfg.ctx, &call, &reply);
	}
	if (buf_error(&reply.body))
		reply.status = 500;
	/* Who is shut out is nobody, whatever his certificate says. */
	if (in->known && reply.status != 401 && reply.status != 403)
		caller_is_known(&s->callers, caller_of(connection));
	caller_does(&s->callers, caller_of(connection),
	    !reply.feed	       ? CALLER_READS
	    : reply.feed->ends ? CALLER_WAITS
			       : CALLER_FOLLOWS,
	    reply.body.n);
	r = send_reply(s, connection, &reply);
	buf_free(&reply.body);
	return r;
}

/* What somebody may make us keep depends on who it is. */
static struct incoming *begin_incoming(
    struct http_server *s, struct MHD_Connection *connection)
{
	struct incoming *in = calloc(1, sizeof *in);
	struct err why;

	if (!in)
		return NULL;
	in->known = read_peer(connection, &in->peer, &why);
	in->body.max = in->known ? s->cfg.body_max : s->cfg.stranger_max;
	caller_does(&s->callers, caller_of(connection), CALLER_SENDS, 0);
	return in;
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *connection,
    const char *path, const char *method,
    BEHIND(const char *version, const char *data, size_t *n, void **state))
{
	struct http_server *s = ctx;
	struct incoming *in = *state;

	(void)version;
	if (!in) {
		in = begin_incoming(s, connection);
		*state = in;
		return in ? MHD_YES : MHD_NO;
	}
	if (*n == 0)
		return answer(s, connection, path, method, in);
	buf_add(&in->body, data, *n);
	caller_sent(caller_of(connection), *n);
	if (buf_error(&in->body) == -EMSGSIZE)
		in->too_large = true;
	else if (buf_error(&in->body))
		return MHD_NO;
	*n = 0;
	return MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *connection,
    void **state, enum MHD_RequestTerminationCode how)
{
	struct http_server *s = ctx;
	struct incoming *in = *state;

	(void)how;
	caller_does(&s->callers, caller_of(connection), CALLER_BEGINS, 0);
	if (in)
		buf_free(&in->body);
	free(in);
	*state = NULL;
}

/* --- the server --- */

static int bind_to(struct http_server *s)
{
	struct sockaddr_in6 at6 = {
	    .sin6_family = AF_INET6, .sin6_port = htons(s->cfg.port)};
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_port = htons(s->cfg.port)};
	bool is6 = inet_pton(AF_INET6, s->cfg.address, &at6.sin6_addr) == 1;
	socklen_t n = is6 ? sizeof at6 : sizeof at;
	void *p = is6 ? (void *)&at6 : (void *)&at;
	int on = 1;

	if (!is6 && inet_pton(AF_INET, s->cfg.address, &at.sin_addr) != 1)
		return -EINVAL;
	s->listen_fd = socket(is6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listen_fd < 0 ||
	    setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) <
		0 ||
	    bind(s->listen_fd, p, n) < 0 || listen(s->listen_fd, BACKLOG) < 0 ||
	    getsockname(s->listen_fd, p, &n) < 0)
		return -errno;
	s->port = ntohs(is6 ? at6.sin6_port : at.sin_port);
	return 0;
}

static void __attribute__((format(printf, 2, 0)))
keep_quiet(void *ctx, const char *fmt, va_list ap)
{
	(void)ctx;
	(void)fmt;
	(void)ap;
}

static int begin(struct http_server *s, struct err *err)
{
	const struct http_server_config *cfg = &s->cfg;

	s->daemon =
	    MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TLS | MHD_USE_ERROR_LOG |
				 MHD_ALLOW_SUSPEND_RESUME,
		0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER,
		keep_quiet, NULL, MHD_OPTION_LISTEN_SOCKET, s->listen_fd,
		MHD_OPTION_HTTPS_MEM_CERT, cfg->cert, MHD_OPTION_HTTPS_MEM_KEY,
		cfg->key, MHD_OPTION_HTTPS_MEM_TRUST, cfg->client_ca,
		MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
		MHD_OPTION_CONNECTION_LIMIT, cfg->connections_max + CUT_MAX,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
		MHD_OPTION_CONNECTION_TIMEOUT, cfg->timeout_sec,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_HEAP,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
	if (!s->daemon)
		return err_set(err, -EINVAL,
		    "the HTTPS server does not begin: its certificate or key "
		    "does not serve");
	/* It closes the socket from now on. */
	s->listen_fd = -1;
	return 0;
}

int http_server_open(struct http_server **ret,
    const struct http_server_config *cfg, struct err *err)
{
	struct http_server *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return err_sys(err, -ENOMEM, "HTTPS server");
	s->cfg = *cfg;
	s->listen_fd = -1;
	callers_init(&s->callers, cfg->connections_max, cfg->patience,
	    (int64_t)cfg->timeout_sec * 1000000);
	r = bind_to(s);
	if (r < 0)
		err_sys(err, r, "cannot listen at %s port %u", cfg->address,
		    cfg->port);
	else
		r = begin(s, err);
	if (r < 0) {
		http_server_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void work(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;
	int64_t us = IDLE_USEC;

	MHD_run(s->daemon);
	callers_look(&s->callers);
	if (MHD_get_timeout(s->daemon, &ms) == MHD_YES &&
	    (int64_t)ms * 1000 < us)
		us = (int64_t)ms * 1000;
	loop_timer_start(s->loop, &s->timer, us, 0);
}

static void on_ready(struct loop *l, struct loop_watch *w, unsigned what)
{
	(void)l;
	(void)what;
	work(w->ctx);
}

static void on_timer(struct loop *l, struct loop_timer *t)
{
	(void)l;
	work(t->ctx);
}

int http_server_start(struct http_server *s, struct loop *l, struct err *err)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	s->loop = l;
	s->timer = (struct loop_timer){.due = on_timer, .ctx = s};
	s->watch = (struct loop_watch){
	    .fd = info->epoll_fd, .ready = on_ready, .ctx = s};
	r = loop_watch(l, &s->watch, LOOP_READ);
	if (r < 0)
		return err_sys(err, r, "HTTPS server");
	work(s);
	return 0;
}

void http_server_count(
    const struct http_server *s, size_t *ret_open, uint64_t *ret_cut)
{
	*ret_open = s->callers.n;
	*ret_cut = s->callers.cut;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

void http_server_close(struct http_server *s)
{
	if (!s)
		return;
	if (s->loop) {
		loop_unwatch(s->loop, &s->watch);
		loop_timer_stop(s->loop, &s->timer);
	}
	resume_all(s);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	callers_free(&s->callers);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	free(s);
}
