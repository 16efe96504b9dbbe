/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/member.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/when.h"
#include "crypto/checkpoint.h"
#include "wire/message.h"

#define CA_FILE	    "ca.crt"
#define CLIENT_FILE "client.pem"
#define MEMBER_FILE "member"
/* Clocks are told apart by more than an answer may take. */
#define CLOCK_APART (60 * USEC_PER_SEC)

static void hex(const uint8_t *p, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++)
		snprintf(ret + 2 * i, 3, "%02x", p[i]);
}

static bool unhex(struct str s, uint8_t *ret, size_t n)
{
	if (s.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = str_hexdigit(s.p[2 * i]);
		int low = str_hexdigit(s.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void token_format(const struct token *t, char ret[static TOKEN_TEXT_LEN + 1])
{
	hex(t->secret, sizeof t->secret, ret);
	ret[2 * TOKEN_SECRET_LEN] = '.';
	hex(t->authority, sizeof t->authority, ret + 2 * TOKEN_SECRET_LEN + 1);
}

bool token_parse(struct str text, struct token *ret)
{
	struct str secret;

	return str_cut(&text, '.', &secret) &&
	       unhex(secret, ret->secret, sizeof ret->secret) &&
	       unhex(text, ret->authority, sizeof ret->authority);
}

void host_id(const struct sign_public *key, char ret[static HOST_ID_LEN + 1])
{
	struct sha256 h;

	sha256_of(key->key, sizeof key->key, &h);
	hex(h.h, HOST_ID_LEN / 2, ret);
}

bool host_name_is_good(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return name.n > 0 && name.n <= CERT_NAME_MAX;
}

/* --- asking the hub --- */

/* *ret_date (may be NULL): what the clock there says; 0: it does not say. */
static int ask(struct http_client *c, const char *url, const char *path,
    struct str body, struct buf *ret, int64_t *ret_date, struct err *err)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", NULL};
	struct http_answer answer;
	char full[2048];
	int r;

	if ((size_t)snprintf(full, sizeof full, "%s%s", url, path) >=
	    sizeof full)
		return err_set(err, -ENAMETOOLONG, "the hub's URL");
	r = http_client_send(c,
	    &(struct http_request){
		body.p ? "POST" : "GET", full, headers, body},
	    &answer, err);
	if (r == 0 && answer.status != 200)
		r = err_set(err, -EREMOTEIO, "the hub refuses (%d): %.*s",
		    answer.status,
		    STR_ARG(str_trim(str_upto(buf_str(&answer.body), 500))));
	if (r == 0) {
		buf_add_str(ret, buf_str(&answer.body));
		r = buf_error(ret);
	}
	if (ret_date)
		*ret_date = answer.date;
	http_answer_free(&answer);
	return r;
}

/*
 * TLS would say no more than that a certificate is not good. `date` is told by
 * whoever answered: it decides nothing.
 */
static int check_clock(
    const struct cert_info *authority, int64_t date, struct err *err)
{
	const int64_t now = time_now(), apart = date - now;
	char here[TIME_ISO_LEN], end[TIME_ISO_LEN], span[TIME_SPAN_LEN];
	const bool early = now < authority->from;

	if (!early && now <= authority->until)
		return 0;
	time_format_iso(now, here);
	time_format_iso(early ? authority->from : authority->until, end);
	time_format_span(apart < 0 ? -apart : apart, span);
	if (date == 0 || (apart < CLOCK_APART && -apart < CLOCK_APART))
		return err_set(err, -EKEYREJECTED,
		    "it is %s, and the certificate of the hub's authority %s "
		    "at %s: the hub must be made anew",
		    here, early ? "begins" : "ended", end);
	return err_set(err, -EKEYREJECTED,
	    "the clock here says %s, and that of the hub is %s %s of it; the "
	    "hub's certificate %s at %s: set the clock that is wrong (see "
	    "timedatectl(1)), then try again",
	    here, span, apart > 0 ? "ahead" : "behind",
	    early ? "begins" : "ended", end);
}

int member_fetch_authority(
    const struct member_join *join, struct buf *ret, struct err *err)
{
	const struct http_client_config cfg = {
	    .tls = {.any_server = true}, .proxy = join->proxy};
	struct http_client *c;
	struct cert_info info;
	struct token token;
	int64_t date = 0;
	int r;

	if (!token_parse(str_z(join->token), &token))
		return err_set(err, -EINVAL,
		    "this is no token of a hub: it has %d characters, as "
		    "\"sshtrail-hub token\" printed it",
		    TOKEN_TEXT_LEN);
	r = http_client_open(&c, &cfg, err);
	if (r == 0)
		r = ask(c, join->url, "/v1/ca", STR_NONE, ret, &date, err);
	http_client_close(c);
	if (r == 0)
		r = cert_read(buf_str(ret), &info, err);
	if (r == 0 &&
	    memcmp(info.fingerprint, token.authority, sizeof token.authority))
		r = err_set(err, -EKEYREJECTED,
		    "%s is not the hub that made this token: its authority "
		    "has another key",
		    join->url);
	return r < 0 ? r : check_clock(&info, date, err);
}

/* Shows that who asks has the key of the store: signs what the request is. */
static int add_proof(
    const struct member_join *join, struct str request, struct buf *b)
{
	struct buf origin = BUF_INIT, note = BUF_INIT;
	struct checkpoint cp = {.size = 0};
	int r;

	buf_printf(&origin, MEMBER_PROOF "%s", join->name);
	cp.origin = buf_str(&origin);
	sha256_of(request.p, request.n, &cp.root);
	r = buf_error(&origin);
	if (r == 0)
		r = checkpoint_sign(&cp, join->key, &note);
	if (r == 0)
		message_text(b, "proof", buf_str(&note));
	buf_free(&origin);
	buf_free(&note);
	return r;
}

static int make_request(const struct member_join *join, struct str request,
    struct buf *b, struct err *err)
{
	struct buf key = BUF_INIT;
	int r;

	sign_public_format(&join->key->pub, str_z(join->name), &key);
	message_begin(b);
	message_text(b, "token", str_z(join->token));
	message_text(b, "name", str_z(join->name));
	message_text(b, "key", str_trim(buf_str(&key)));
	message_text(b, "request", request);
	r = add_proof(join, request, b);
	message_end(b);
	buf_free(&key);
	if (r == 0)
		r = buf_error(b);
	return r < 0 ? err_sys(err, r, "request to the hub") : 0;
}

/* --- what is kept --- */

static int put(
    int dirfd, const char *name, mode_t mode, struct str text, struct err *err)
{
	int r = fd_replace_file(dirfd, name, mode, text.p, text.n);

	return r < 0 ? err_sys(err, r, MEMBER_DIR "/%s", name) : 0;
}

/* One file, so that a crash never leaves a key with another certificate. */
static int keep_certificate(
    int dirfd, struct str key, struct str answer, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct str cert = message_get(answer, "certificate", &a);
	struct buf both = BUF_INIT;
	struct cert_info info;
	int r = cert_read(cert, &info, err);

	buf_add_str(&both, cert);
	buf_add_str(&both, key);
	if (r == 0)
		r = put(dirfd, CLIENT_FILE, 0600, buf_str(&both), err);
	arena_free(&a);
	buf_free(&both);
	return r;
}

static int keep_member(int dirfd, const struct member_join *join,
    struct str answer, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	char id[HOST_ID_LEN + 1];
	int r;

	host_id(&join->key->pub, id);
	message_begin(&b);
	message_text(&b, "url", str_z(join->url));
	message_text(&b, "id", str_z(id));
	message_text(&b, "name", str_z(join->name));
	message_text(&b, "hub", message_get(answer, "hub", &a));
	message_end(&b);
	r = buf_error(&b);
	r = r < 0 ? err_sys(err, r, MEMBER_FILE)
		  : put(dirfd, MEMBER_FILE, 0644, buf_str(&b), err);
	arena_free(&a);
	buf_free(&b);
	return r;
}

static int open_dir(int store_fd, int *ret, struct err *err)
{
	int r = fd_open_dir(store_fd, MEMBER_DIR, 0700, ret);

	return r < 0 ? err_sys(err, r, "%s in the store", MEMBER_DIR) : 0;
}

/* Ask as somebody who knows the authority, and keep what the hub answers. */
static int join_with(const struct member_join *join, const char *ca_file,
    int dirfd, struct err *err)
{
	const struct http_client_config cfg = {
	    .tls = {.ca_file = ca_file}, .proxy = join->proxy};
	struct buf key = BUF_INIT, request = BUF_INIT, message = BUF_INIT;
	struct buf answer = BUF_INIT;
	struct http_client *c = NULL;
	int r = cert_make_key(&key, err);

	if (r == 0)
		r = cert_make_request(buf_str(&key), join->name, &request, err);
	if (r == 0)
		r = make_request(join, buf_str(&request), &message, err);
	if (r == 0)
		r = http_client_open(&c, &cfg, err);
	if (r == 0)
		r = ask(c, join->url, "/v1/enroll", buf_str(&message), &answer,
		    NULL, err);
	if (r == 0)
		r = keep_certificate(
		    dirfd, buf_str(&key), buf_str(&answer), err);
	if (r == 0)
		r = keep_member(dirfd, join, buf_str(&answer), err);
	http_client_close(c);
	buf_free(&key);
	buf_free(&request);
	buf_free(&message);
	buf_free(&answer);
	return r;
}

int member_enroll(const char *store, int store_fd,
    const struct member_join *join, struct err *err)
{
	struct buf ca = BUF_INIT;
	CLEANUP_FD int dirfd = -1;
	char ca_file[4200];
	int r = 0;

	if (!host_name_is_good(str_z(join->name)))
		return err_set(err, -EINVAL,
		    "\"%s\" is no name for a host: letters, digits, full "
		    "stops, '_' and '-', at most %d",
		    join->name, CERT_NAME_MAX);
	snprintf(ca_file, sizeof ca_file, "%s/" MEMBER_DIR "/" CA_FILE, store);
	r = member_fetch_authority(join, &ca, err);
	if (r == 0)
		r = open_dir(store_fd, &dirfd, err);
	if (r == 0)
		r = put(dirfd, CA_FILE, 0644, buf_str(&ca), err);
	if (r == 0)
		r = join_with(join, ca_file, dirfd, err);
	buf_free(&ca);
	return r;
}

/* --- a member --- */

static int read_member(struct member *m, int dirfd, struct err *err)
{
	struct buf b = BUF_INIT, cert = BUF_INIT;
	struct cert_info info;
	struct str hub;
	int r = fd_read_file(dirfd, MEMBER_FILE, MESSAGE_MAX, &b);

	if (r == 0)
		r = fd_read_file(dirfd, CLIENT_FILE, CERT_PEM_MAX, &cert);
	if (r < 0) {
		err_sys(err, r, "%s in the store", MEMBER_DIR);
	} else {
		m->url = message_get(buf_str(&b), "url", &m->texts).p;
		m->id = message_get(buf_str(&b), "id", &m->texts).p;
		m->name = message_get(buf_str(&b), "name", &m->texts).p;
		hub = message_get(buf_str(&b), "hub", &m->texts);
		r = m->url && m->id && m->name ? 0 : -EBADMSG;
		if (r == 0)
			r = sign_public_parse(hub, &m->hub, &m->hub_name, err);
		else
			err_set(err, r,
			    "the file %s/%s is damaged: enroll "
			    "again",
			    MEMBER_DIR, MEMBER_FILE);
		if (r == 0)
			r = cert_read(buf_str(&cert), &info, err);
	}
	if (r == 0) {
		m->from = info.from;
		m->until = info.until;
	}
	buf_free(&b);
	buf_free(&cert);
	return r;
}

int member_load(
    struct member *ret, const char *store, int store_fd, struct err *err)
{
	CLEANUP_FD int dirfd =
	    openat(store_fd, MEMBER_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = (struct member){.texts = ARENA_INIT};
	if (dirfd < 0)
		return err_sys(err, -errno, "%s/" MEMBER_DIR, store);
	ret->ca_file =
	    arena_printf(&ret->texts, "%s/" MEMBER_DIR "/" CA_FILE, store).p;
	ret->client_file =
	    arena_printf(&ret->texts, "%s/" MEMBER_DIR "/" CLIENT_FILE, store)
		.p;
	if (!ret->ca_file || !ret->client_file)
		return err_sys(err, -ENOMEM, "%s/" MEMBER_DIR, store);
	return read_member(ret, dirfd, err);
}

void member_free(struct member *m)
{
	arena_free(&m->texts);
}

struct http_tls member_tls(const struct member *m)
{
	return (struct http_tls){.ca_file = m->ca_file,
	    .cert_file = m->client_file,
	    .key_file = m->client_file};
}

int member_renew(const struct member *m, struct http_client *client,
    int store_fd, struct err *err)
{
	struct buf key = BUF_INIT, request = BUF_INIT, message = BUF_INIT;
	struct buf answer = BUF_INIT;
	CLEANUP_FD int dirfd = -1;
	int r = open_dir(store_fd, &dirfd, err);

	if (r == 0)
		r = cert_make_key(&key, err);
	if (r == 0)
		r = cert_make_request(buf_str(&key), m->name, &request, err);
	if (r == 0) {
		message_begin(&message);
		message_text(&message, "request", buf_str(&request));
		message_end(&message);
		r = ask(client, m->url, "/v1/renew", buf_str(&message), &answer,
		    NULL, err);
	}
	if (r == 0)
		r = keep_certificate(
		    dirfd, buf_str(&key), buf_str(&answer), err);
	buf_free(&key);
	buf_free(&request);
	buf_free(&message);
	buf_free(&answer);
	return r;
}
