/* SPDX-License-Identifier: Apache-2.0 */
#include "net/guest.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

struct guest_tls {
	gnutls_certificate_credentials_t keys;
	bool asks; /* for certificates */
};

struct guest {
	int fd;
	const struct guest_tls *tls;
	gnutls_session_t session; /* NULL: plain */
	bool settled;
	struct cert_info cert;
};

/* --- what is shown and asked for --- */

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){(unsigned char *)b->p, (unsigned)b->n};
}

static int load(
    struct guest_tls *t, const struct guest_tls_config *cfg, struct err *err)
{
	gnutls_datum_t cert = datum(cfg->cert), key = datum(cfg->key), ca;
	int r = gnutls_certificate_set_x509_key_mem(
	    t->keys, &cert, &key, GNUTLS_X509_FMT_PEM);

	if (r < 0)
		return err_set(err, -EINVAL,
		    "this certificate and this key do not serve: %s",
		    gnutls_strerror(r));
	if (!cfg->ca)
		return 0;
	ca = datum(cfg->ca);
	t->asks = true;
	r = gnutls_certificate_set_x509_trust_mem(
	    t->keys, &ca, GNUTLS_X509_FMT_PEM);
	if (r <= 0)
		return err_set(err, -EINVAL, "there is no authority in it: %s",
		    r < 0 ? gnutls_strerror(r) : "no certificate in PEM");
	return 0;
}

int guest_tls_open(
    struct guest_tls **ret, const struct guest_tls_config *cfg, struct err *err)
{
	struct guest_tls *t = calloc(1, sizeof *t);
	int r;

	if (!t || gnutls_certificate_allocate_credentials(&t->keys) < 0) {
		free(t);
		return err_sys(err, -ENOMEM, "TLS");
	}
	r = load(t, cfg, err);
	if (r < 0)
		guest_tls_close(t);
	else
		*ret = t;
	return r;
}

void guest_tls_close(struct guest_tls *t)
{
	if (!t)
		return;
	gnutls_certificate_free_credentials(t->keys);
	free(t);
}

/* --- one guest --- */

static int set_up(struct guest *g)
{
	int r =
	    gnutls_init(&g->session, GNUTLS_SERVER | GNUTLS_NONBLOCK |
					 GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);

	if (r == 0)
		r = gnutls_set_default_priority_append(
		    g->session, "-VERS-TLS1.0:-VERS-TLS1.1", NULL, 0);
	if (r == 0)
		r = gnutls_credentials_set(
		    g->session, GNUTLS_CRD_CERTIFICATE, g->tls->keys);
	if (r < 0)
		return -ENOMEM;
	gnutls_certificate_server_set_request(g->session,
	    g->tls->asks ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_IGNORE);
	gnutls_transport_set_int(g->session, g->fd);
	gnutls_handshake_set_timeout(g->session, GNUTLS_INDEFINITE_TIMEOUT);
	return 0;
}

int guest_open(struct guest **ret, int fd, const struct guest_tls *tls)
{
	struct guest *g = calloc(1, sizeof *g);
	int r = g ? 0 : -ENOMEM;

	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	g->fd = fd;
	g->tls = tls;
	g->settled = !tls;
	if (tls)
		r = set_up(g);
	if (r < 0)
		guest_close(g);
	else
		*ret = g;
	return r;
}

void guest_close(struct guest *g)
{
	if (!g)
		return;
	if (g->session && g->settled)
		(void)gnutls_bye(g->session, GNUTLS_SHUT_WR);
	if (g->session)
		gnutls_deinit(g->session);
	fd_close(&g->fd);
	free(g);
}

static int tls_error(long r)
{
	switch (r) {
	case GNUTLS_E_AGAIN:
	case GNUTLS_E_INTERRUPTED:
		return -EAGAIN;
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_CERTIFICATE_REQUIRED:
		return -EKEYREJECTED;
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_PULL_ERROR:
		return -ECONNRESET;
	default:
		return gnutls_error_is_fatal((int)r) ? -EPROTO : -EAGAIN;
	}
}

/* In its time, of our authority, for a client. */
static int look_at_cert(struct guest *g)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
	    .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned status = 0, n = 0;
	const gnutls_datum_t *list;

	if (gnutls_certificate_verify_peers(g->session, &purpose, 1, &status) <
		0 ||
	    status)
		return -EKEYREJECTED;
	list = gnutls_certificate_get_peers(g->session, &n);
	if (!list || n == 0 ||
	    cert_read_der(
		str_make(list[0].data, list[0].size), &g->cert, NULL) < 0 ||
	    !g->cert.name[0])
		return -EKEYREJECTED;
	return 0;
}

static int settle(struct guest *g)
{
	int r = gnutls_handshake(g->session);

	if (r < 0)
		return gnutls_error_is_fatal(r) ? tls_error(r) : -EAGAIN;
	r = g->tls->asks ? look_at_cert(g) : 0;
	if (r < 0)
		(void)gnutls_alert_send(
		    g->session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	g->settled = r == 0;
	return r;
}

long guest_read(struct guest *g, void *p, size_t n)
{
	long r = g->settled ? 0 : settle(g);

	if (r < 0)
		return r;
	if (g->session) {
		r = gnutls_record_recv(g->session, p, n);
		return r < 0 ? tls_error(r) : r;
	}
	r = recv(g->fd, p, n, MSG_DONTWAIT);
	return r >= 0					? r
	       : errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN
							: -errno;
}

long guest_write(struct guest *g, const void *p, size_t n)
{
	long r = g->settled ? 0 : settle(g);

	if (r < 0)
		return r;
	if (g->session) {
		r = gnutls_record_send(g->session, p, n);
		return r < 0 ? tls_error(r) : r;
	}
	r = send(g->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return r >= 0					? r
	       : errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN
							: -errno;
}

bool guest_is_settled(const struct guest *g)
{
	return g->settled;
}

const char *guest_name(const struct guest *g)
{
	return g->cert.name[0] ? g->cert.name : NULL;
}

bool guest_wants_write(const struct guest *g)
{
	return g->session && gnutls_record_get_direction(g->session);
}
