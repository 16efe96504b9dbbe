/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that somebody else has opened to us: TCP, or TLS 1.2 and newer
 * over it. No call waits: -EAGAIN says to come again when the descriptor is
 * ready for guest_wants(). Whoever is on the other side may be hostile.
 */
#ifndef NET_GUEST_H
#define NET_GUEST_H

#include <stdbool.h>

#include "net/cert.h"

/* What guests by TLS are shown and asked for. */
struct guest_tls;

/* PEM. `ca`: guests must show a certificate of it; NULL: none is asked for. */
struct guest_tls_config {
	const struct buf *cert, *key, *ca;
};

/* -EINVAL: certificate, key or authority do not serve, err says which. */
int guest_tls_open(struct guest_tls **ret, const struct guest_tls_config *cfg,
    struct err *err);
/* Behind all its guests. NULL is fine. */
void guest_tls_close(struct guest_tls *t);

struct guest;

/*
 * `fd`, which does not block, is taken over in any case. `tls` NULL: plain TCP.
 * -ENOMEM.
 */
int guest_open(struct guest **ret, int fd, const struct guest_tls *tls);
/* NULL is fine. */
void guest_close(struct guest *g);

/*
 * Bytes read; 0: the other side has ended it; -EAGAIN; -EKEYREJECTED: it shows
 * no certificate that was asked for; -EPROTO: this is no TLS; other errors are
 * those of the socket. With TLS, n should be at least 16 KiB: what a record has
 * more waits without the descriptor being ready.
 */
long guest_read(struct guest *g, void *p, size_t n);
/* Bytes taken, or an error as above. */
long guest_write(struct guest *g, const void *p, size_t n);

/* Nothing was read before it was agreed on who is who. */
bool guest_is_settled(const struct guest *g);
/* Common name of the certificate that was asked for, NULL: none was. */
const char *guest_name(const struct guest *g);
/* What is waited for is to write, not to read. */
bool guest_wants_write(const struct guest *g);

#endif
