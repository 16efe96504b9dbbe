/* SPDX-License-Identifier: Apache-2.0 */
#include "net/stream.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"

#define SETTLE_POLL_MS 2
/* Datagrams that nobody takes are told of by the next call. */
#define DATAGRAM_MAX   65000

struct stream {
	int fd;
	enum stream_kind kind;
	int64_t timeout;
	char *name; /* of the server, for messages */
	gnutls_session_t tls;
	gnutls_certificate_credentials_t keys;
};

static int64_t now(void)
{
	return time_boot();
}

/* 0; -ETIMEDOUT; or a negative errno. */
static int wait_for(const struct stream *s, short events, int64_t end)
{
	for (;;) {
		struct pollfd p = {.fd = s->fd, .events = events};
		int64_t left = end - now();
		int r;

		if (left <= 0)
			return -ETIMEDOUT;
		r = poll(&p, 1,
		    left > INT_MAX / 2 ? INT_MAX / 2000
				       : (int)(left / 1000) + 1);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/* Connecting. */

static int connect_one(struct stream *s, const struct addrinfo *a, int64_t end)
{
	socklen_t len = sizeof(int);
	int error = 0, r;

	s->fd = socket(a->ai_family,
	    a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	if (s->fd < 0)
		return -errno;
	r = connect(s->fd, a->ai_addr, a->ai_addrlen) < 0 ? -errno : 0;
	if (r == -EINPROGRESS) {
		r = wait_for(s, POLLOUT, end);
		if (r == 0 &&
		    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			r = -errno;
		if (r == 0)
			r = -error;
	}
	if (r < 0)
		fd_close(&s->fd);
	return r;
}

static int connect_any(
    struct stream *s, const struct stream_config *cfg, struct err *err)
{
	const struct addrinfo hints = {
	    .ai_socktype = cfg->kind == STREAM_UDP ? SOCK_DGRAM : SOCK_STREAM};
	struct addrinfo *list;
	int r = getaddrinfo(cfg->host, cfg->port, &hints, &list), on = 1;

	if (r != 0)
		return err_set(err, -EHOSTUNREACH, "cannot find %s port %s: %s",
		    cfg->host, cfg->port, gai_strerror(r));
	r = -EHOSTUNREACH;
	for (const struct addrinfo *a = list; a && s->fd < 0; a = a->ai_next)
		r = connect_one(s, a, now() + s->timeout);
	freeaddrinfo(list);
	if (r < 0)
		return err_sys(err, r, "cannot connect to %s", s->name);
	if (s->kind != STREAM_UDP) {
		(void)setsockopt(
		    s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		(void)setsockopt(
		    s->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
	return 0;
}

/* TLS. */

static int tls_error(
    const struct stream *s, int r, const char *what, struct err *err)
{
	gnutls_datum_t text = {NULL, 0};
	unsigned status;

	if (r == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR) {
		status = gnutls_session_get_verify_cert_status(s->tls);
		gnutls_certificate_verification_status_print(
		    status, GNUTLS_CRT_X509, &text, 0);
		err_set(err, -EKEYREJECTED, "%s %s: %.*s", what, s->name,
		    STR_ARG(str_trim(str_z((const char *)text.data))));
		gnutls_free(text.data);
		return -EKEYREJECTED;
	}
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return err_set(err, -EKEYREJECTED, "%s %s: it refuses: %s",
		    what, s->name,
		    gnutls_alert_get_name(gnutls_alert_get(s->tls)));
	return err_set(err,
	    r == GNUTLS_E_PREMATURE_TERMINATION ? -EPIPE : -EPROTO, "%s %s: %s",
	    what, s->name, gnutls_strerror(r));
}

/* After GNUTLS_E_AGAIN: wait for what the session wants. */
static int tls_wait(const struct stream *s, int64_t end)
{
	return wait_for(
	    s, gnutls_record_get_direction(s->tls) ? POLLOUT : POLLIN, end);
}

static int load_keys(
    struct stream *s, const struct stream_config *cfg, struct err *err)
{
	int r = gnutls_certificate_allocate_credentials(&s->keys);

	if (r < 0)
		return -ENOMEM;
	r = cfg->ca_file ? gnutls_certificate_set_x509_trust_file(
			       s->keys, cfg->ca_file, GNUTLS_X509_FMT_PEM)
			 : gnutls_certificate_set_x509_system_trust(s->keys);
	if (r < 0)
		return err_set(err, -EKEYREJECTED, "cannot read %s: %s",
		    cfg->ca_file ? cfg->ca_file : "the system's authorities",
		    gnutls_strerror(r));
	if (!cfg->cert_file)
		return 0;
	r = gnutls_certificate_set_x509_key_file(
	    s->keys, cfg->cert_file, cfg->key_file, GNUTLS_X509_FMT_PEM);
	return r < 0 ? err_set(err, -EKEYREJECTED,
			   "cannot use the certificate %s with the key %s: %s",
			   cfg->cert_file, cfg->key_file, gnutls_strerror(r))
		     : 0;
}

static int handshake(struct stream *s, struct err *err)
{
	const int64_t end = now() + s->timeout;
	int r;

	while ((r = gnutls_handshake(s->tls)) < 0) {
		int waited = 0;

		if (r == GNUTLS_E_AGAIN)
			waited = tls_wait(s, end);
		else if (gnutls_error_is_fatal(r))
			return tls_error(s, r, "cannot trust", err);
		if (waited < 0)
			return err_sys(
			    err, waited, "TLS handshake with %s", s->name);
	}
	return 0;
}

static int start_tls(
    struct stream *s, const struct stream_config *cfg, struct err *err)
{
	const char *name = cfg->server_name ? cfg->server_name : cfg->host;
	int r = load_keys(s, cfg, err);

	if (r < 0)
		return r;
	if (gnutls_init(&s->tls,
		GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return -ENOMEM;
	r = gnutls_set_default_priority_append(
	    s->tls, "-VERS-TLS1.0:-VERS-TLS1.1", NULL, 0);
	if (r == 0)
		r = gnutls_credentials_set(
		    s->tls, GNUTLS_CRD_CERTIFICATE, s->keys);
	if (r == 0)
		r = gnutls_server_name_set(
		    s->tls, GNUTLS_NAME_DNS, name, strlen(name));
	if (r < 0)
		return tls_error(s, r, "cannot set up TLS to", err);
	gnutls_session_set_verify_cert(s->tls, name, 0);
	gnutls_transport_set_int(s->tls, s->fd);
	return handshake(s, err);
}

int stream_open(
    struct stream **ret, const struct stream_config *cfg, struct err *err)
{
	struct stream *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->kind = cfg->kind;
	s->timeout = cfg->timeout;
	if (asprintf(&s->name, "%s port %s", cfg->host, cfg->port) < 0) {
		free(s);
		return -ENOMEM;
	}
	r = connect_any(s, cfg, err);
	if (r == 0 && s->kind == STREAM_TLS)
		r = start_tls(s, cfg, err);
	if (r < 0)
		stream_close(s);
	else
		*ret = s;
	return r;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	if (s->tls) {
		(void)gnutls_bye(s->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(s->tls);
	}
	if (s->keys)
		gnutls_certificate_free_credentials(s->keys);
	fd_close(&s->fd);
	free(s->name);
	free(s);
}

/* Writing. */

/* Bytes taken, 0: wait, or a negative errno. */
static ssize_t put_some(struct stream *s, struct str data, struct err *err)
{
	ssize_t n;

	if (s->tls) {
		n = gnutls_record_send(s->tls, data.p, data.n);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return 0;
		return n < 0 ? tls_error(s, (int)n, "cannot write to", err) : n;
	}
	n = send(s->fd, data.p, data.n, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
		return 0;
	return n < 0 ? err_sys(err, -errno, "cannot write to %s", s->name) : n;
}

int stream_write(struct stream *s, struct str data, struct err *err)
{
	int64_t end = now() + s->timeout;

	if (s->kind == STREAM_UDP)
		data = str_upto(data, DATAGRAM_MAX);
	while (data.n) {
		ssize_t n = put_some(s, data, err);

		if (n < 0)
			return (int)n;
		if (n == 0) {
			int r = wait_for(s, POLLOUT, end);

			if (r < 0)
				return err_sys(
				    err, r, "writing to %s", s->name);
			continue;
		}
		end = now() + s->timeout;
		data = str_from(data, (size_t)n);
	}
	return 0;
}

int stream_check(struct stream *s, struct err *err)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN | POLLRDHUP};
	char text[256];
	ssize_t n;

	if (s->kind == STREAM_UDP || poll(&p, 1, 0) <= 0)
		return 0;
	/* Nobody answers but with an end; TLS has tickets and the like. */
	if (s->tls)
		n = gnutls_record_recv(s->tls, text, sizeof text);
	else
		n = recv(s->fd, text, sizeof text, MSG_DONTWAIT);
	if (p.revents & (POLLRDHUP | POLLHUP | POLLERR) || n == 0)
		return err_set(
		    err, -EPIPE, "%s has closed the connection", s->name);
	return 0;
}

int stream_settle(struct stream *s, struct err *err)
{
	const int64_t end = now() + s->timeout;
	int r = stream_check(s, err), waiting;

	while (r == 0 && s->kind != STREAM_UDP) {
		if (ioctl(s->fd, SIOCOUTQ, &waiting) < 0)
			return err_sys(err, -errno, "asking for %s", s->name);
		if (waiting == 0)
			return stream_check(s, err);
		if (now() > end)
			return err_set(err, -ETIMEDOUT,
			    "%s takes nothing: %d bytes are not confirmed",
			    s->name, waiting);
		poll(NULL, 0, SETTLE_POLL_MS);
		r = stream_check(s, err);
	}
	return r;
}
