/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates of a small authority that vouches for one server and its
 * clients: keys are ECDSA P-256, texts are PEM. Whoever signs decides what a
 * certificate says; of a request only its key is taken.
 */
#ifndef NET_CERT_H
#define NET_CERT_H

#include "base/buf.h"
#include "base/err.h"

#define CERT_PEM_MAX	     ((size_t)64 << 10)
#define CERT_NAME_MAX	     64 /* of a common name: RFC 5280, appendix A */
#define CERT_SERIAL_LEN	     40 /* hexadecimal digits */
#define CERT_FINGERPRINT_LEN 32
#define CERT_NAMES_MAX	     16

/* The authority: its certificate and key in PEM. */
struct cert_signer {
	struct str cert, key;
};

/* What a certificate says. */
struct cert_info {
	char name[CERT_NAME_MAX + 1]; /* common name of its subject */
	char serial[CERT_SERIAL_LEN + 1];
	int64_t from, until;			   /* microseconds */
	uint8_t fingerprint[CERT_FINGERPRINT_LEN]; /* SHA-256 of its DER */
};

/* All append PEM to *ret and return 0, or a negative errno with err set. */
int cert_make_key(struct buf *ret, struct err *err);
/* The authority itself: it signs servers and clients, and no authorities. */
int cert_make_authority(struct str key, const char *name, unsigned days,
    struct buf *ret, struct err *err);
/* `names`: host names and IP addresses, NULL at the end. */
int cert_sign_server(const struct cert_signer *ca, struct str key,
    const char *const *names, unsigned days, struct buf *ret, struct err *err);
/* A request of whoever has `key`. */
int cert_make_request(
    struct str key, const char *name, struct buf *ret, struct err *err);
/*
 * A client's certificate for the key in `request`; `name` is its common name.
 * -EBADMSG: not a request that its key has signed, or a weak key.
 */
int cert_sign_client(const struct cert_signer *ca, struct str request,
    const char *name, unsigned days, struct buf *ret, struct err *err);

/* -EBADMSG: `pem` is no certificate. */
int cert_read(struct str pem, struct cert_info *ret, struct err *err);
/* As cert_read(), of its DER bytes. */
int cert_read_der(struct str der, struct cert_info *ret, struct err *err);

#endif
