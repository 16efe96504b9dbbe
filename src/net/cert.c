/* SPDX-License-Identifier: Apache-2.0 */
#include "net/cert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <time.h>

#define SERIAL_BYTES (CERT_SERIAL_LEN / 2)
/* Clocks of clients may be behind by as much. */
#define BACKDATE_SEC (10 * 60)

static int failed(struct err *err, int code, const char *what, int r)
{
	return err_set(err, code, "%s: %s", what, gnutls_strerror(r));
}

static gnutls_datum_t datum(struct str s)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.p, (unsigned)s.n};
}

static int add_datum(struct buf *ret, gnutls_datum_t *d)
{
	buf_add(ret, d->data, d->size);
	gnutls_free(d->data);
	return buf_error(ret);
}

int cert_make_key(struct buf *ret, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t pem;
	int r = gnutls_x509_privkey_init(&key);

	if (r >= 0)
		r = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (r >= 0)
		r = gnutls_x509_privkey_export2_pkcs8(
		    key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return r < 0 ? failed(err, -EIO, "cannot make a key", r)
		     : add_datum(ret, &pem);
}

static int load_key(struct str pem, gnutls_x509_privkey_t *ret)
{
	const gnutls_datum_t d = datum(pem);
	int r = gnutls_x509_privkey_init(ret);

	return r < 0 ? r
		     : gnutls_x509_privkey_import2(
			   *ret, &d, GNUTLS_X509_FMT_PEM, NULL, 0);
}

static int load_cert(
    struct str bytes, gnutls_x509_crt_fmt_t format, gnutls_x509_crt_t *ret)
{
	const gnutls_datum_t d = datum(bytes);
	int r = bytes.n > CERT_PEM_MAX ? GNUTLS_E_ASN1_DER_ERROR
				       : gnutls_x509_crt_init(ret);

	return r < 0 ? r : gnutls_x509_crt_import(*ret, &d, format);
}

/* What all have: version, serial number, name and time. */
static int set_common(gnutls_x509_crt_t crt, const char *name, unsigned days)
{
	unsigned char serial[SERIAL_BYTES];
	time_t now = time(NULL);
	int r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);

	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, of full length */
	if (r >= 0)
		r = gnutls_x509_crt_set_version(crt, 3);
	if (r >= 0)
		r = gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
	if (r >= 0)
		r = gnutls_x509_crt_set_dn_by_oid(crt,
		    GNUTLS_OID_X520_COMMON_NAME, 0, name,
		    (unsigned)strlen(name));
	if (r >= 0)
		r = gnutls_x509_crt_set_activation_time(
		    crt, now - BACKDATE_SEC);
	if (r >= 0)
		r = gnutls_x509_crt_set_expiration_time(
		    crt, now + (time_t)days * 86400);
	return r;
}

static int sign(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
    gnutls_x509_privkey_t key, struct buf *ret)
{
	gnutls_datum_t pem;
	int r = gnutls_x509_crt_sign2(crt, issuer, key, GNUTLS_DIG_SHA256, 0);

	if (r >= 0)
		r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);
	return r < 0 ? r : add_datum(ret, &pem);
}

int cert_make_authority(struct str key_pem, const char *name, unsigned days,
    struct buf *ret, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	int r = load_key(key_pem, &key);

	if (r >= 0)
		r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r >= 0)
		r = set_common(crt, name, days);
	if (r >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(
		    crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (r >= 0)
		r = sign(crt, crt, key, ret);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return r < 0 ? failed(err, -EINVAL, "cannot make an authority", r) : 0;
}

/* By the authority, for one purpose. */
static int sign_by(const struct cert_signer *ca, gnutls_x509_crt_t crt,
    const char *purpose, struct buf *ret)
{
	gnutls_x509_crt_t issuer = NULL;
	gnutls_x509_privkey_t key = NULL;
	int r = load_cert(ca->cert, GNUTLS_X509_FMT_PEM, &issuer);

	if (r >= 0)
		r = load_key(ca->key, &key);
	if (r >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(
		    crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0);
	if (r >= 0)
		r = sign(crt, issuer, key, ret);
	gnutls_x509_crt_deinit(issuer);
	gnutls_x509_privkey_deinit(key);
	return r;
}

static int add_name(gnutls_x509_crt_t crt, const char *name)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, name, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(
		    crt, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET6, name, address) == 1)
		return gnutls_x509_crt_set_subject_alt_name(
		    crt, GNUTLS_SAN_IPADDRESS, address, 16, GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
	    name, (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
}

int cert_sign_server(const struct cert_signer *ca, struct str key_pem,
    const char *const *names, unsigned days, struct buf *ret, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	int r = load_key(key_pem, &key);

	if (r >= 0)
		r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r >= 0)
		r = set_common(crt, "sshtrail-hub", days);
	for (size_t i = 0; names[i] && r >= 0; i++)
		r = add_name(crt, names[i]);
	if (r >= 0)
		r = sign_by(ca, crt, GNUTLS_KP_TLS_WWW_SERVER, ret);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return r < 0 ? failed(err, -EINVAL,
			   "cannot make the server's certificate", r)
		     : 0;
}

int cert_make_request(
    struct str key_pem, const char *name, struct buf *ret, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crq_t request = NULL;
	gnutls_datum_t pem;
	int r = load_key(key_pem, &key);

	if (r >= 0)
		r = gnutls_x509_crq_init(&request);
	if (r >= 0)
		r = gnutls_x509_crq_set_version(request, 1);
	if (r >= 0)
		r = gnutls_x509_crq_set_key(request, key);
	if (r >= 0)
		r = gnutls_x509_crq_set_dn_by_oid(request,
		    GNUTLS_OID_X520_COMMON_NAME, 0, name,
		    (unsigned)strlen(name));
	if (r >= 0)
		r = gnutls_x509_crq_sign2(request, key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = gnutls_x509_crq_export2(request, GNUTLS_X509_FMT_PEM, &pem);
	gnutls_x509_crq_deinit(request);
	gnutls_x509_privkey_deinit(key);
	return r < 0 ? failed(err, -EINVAL, "cannot make a request", r)
		     : add_datum(ret, &pem);
}

static int load_request(struct str pem, gnutls_x509_crq_t *ret)
{
	const gnutls_datum_t d = datum(pem);
	unsigned bits;
	int r = pem.n > CERT_PEM_MAX ? GNUTLS_E_ASN1_DER_ERROR
				     : gnutls_x509_crq_init(ret);

	if (r >= 0)
		r = gnutls_x509_crq_import(*ret, &d, GNUTLS_X509_FMT_PEM);
	if (r >= 0)
		r = gnutls_x509_crq_verify(*ret, 0);
	if (r >= 0)
		r = gnutls_x509_crq_get_pk_algorithm(*ret, &bits);
	/* Of these a client makes none that is too weak. */
	if (r >= 0 && r != GNUTLS_PK_ECDSA && r != GNUTLS_PK_EDDSA_ED25519)
		r = GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
	return r;
}

int cert_sign_client(const struct cert_signer *ca, struct str request_pem,
    const char *name, unsigned days, struct buf *ret, struct err *err)
{
	gnutls_x509_crq_t request = NULL;
	gnutls_x509_crt_t crt = NULL;
	int r = load_request(request_pem, &request);

	if (r < 0) {
		gnutls_x509_crq_deinit(request);
		return failed(err, -EBADMSG, "the certificate request", r);
	}
	r = gnutls_x509_crt_init(&crt);
	/* Its key only: names and extensions are not for it to choose. */
	if (r >= 0) {
		gnutls_pubkey_t pub = NULL;

		r = gnutls_pubkey_init(&pub);
		if (r >= 0)
			r = gnutls_pubkey_import_x509_crq(pub, request, 0);
		if (r >= 0)
			r = gnutls_x509_crt_set_pubkey(crt, pub);
		gnutls_pubkey_deinit(pub);
	}
	if (r >= 0)
		r = set_common(crt, name, days);
	if (r >= 0)
		r = sign_by(ca, crt, GNUTLS_KP_TLS_WWW_CLIENT, ret);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_crq_deinit(request);
	return r < 0 ? failed(err, -EIO, "cannot sign the request", r) : 0;
}

static int read_fields(gnutls_x509_crt_t crt, struct cert_info *ret)
{
	unsigned char serial[SERIAL_BYTES];
	size_t n = sizeof ret->name, n_serial = sizeof serial;
	size_t n_print = sizeof ret->fingerprint;
	int r = gnutls_x509_crt_get_dn_by_oid(
	    crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret->name, &n);

	if (r >= 0)
		r = gnutls_x509_crt_get_serial(crt, serial, &n_serial);
	if (r >= 0)
		r = gnutls_x509_crt_get_fingerprint(
		    crt, GNUTLS_DIG_SHA256, ret->fingerprint, &n_print);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_serial; i++)
		snprintf(ret->serial + 2 * i, 3, "%02x", serial[i]);
	ret->from = (int64_t)gnutls_x509_crt_get_activation_time(crt) * 1000000;
	ret->until =
	    (int64_t)gnutls_x509_crt_get_expiration_time(crt) * 1000000;
	return 0;
}

static int read_as(struct str bytes, gnutls_x509_crt_fmt_t format,
    struct cert_info *ret, struct err *err)
{
	gnutls_x509_crt_t crt = NULL;
	int r = load_cert(bytes, format, &crt);

	*ret = (struct cert_info){.until = 0};
	if (r >= 0)
		r = read_fields(crt, ret);
	gnutls_x509_crt_deinit(crt);
	return r < 0 ? failed(err, -EBADMSG, "the certificate", r) : 0;
}

int cert_read(struct str pem, struct cert_info *ret, struct err *err)
{
	return read_as(pem, GNUTLS_X509_FMT_PEM, ret, err);
}

int cert_read_der(struct str der, struct cert_info *ret, struct err *err)
{
	return read_as(der, GNUTLS_X509_FMT_DER, ret, err);
}
