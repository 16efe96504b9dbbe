/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host as a member of a hub: how it joins, and what it keeps of that in the
 * directory `joined` of its store:
 *
 *   ca.crt       the hub's authority
 *   client.pem   this host's certificate, its common name the host id, and key
 *   member       url, host id and name, and the hub's verifier key
 *   CHAIN.note   the newest checkpoint of a chain that the hub has cosigned
 */
#ifndef WIRE_MEMBER_H
#define WIRE_MEMBER_H

#include "base/arena.h"
#include "crypto/sign.h"
#include "net/cert.h"
#include "net/http_client.h"

#define MEMBER_DIR	  "joined"
#define HOST_ID_LEN	  16 /* digits: of SHA-256 of the store's key */
#define TOKEN_SECRET_LEN  16
#define TOKEN_TEXT_LEN	  (2 * TOKEN_SECRET_LEN + 1 + 2 * CERT_FINGERPRINT_LEN)
/* The origin under which a request to join is signed, before the name. */
#define MEMBER_PROOF	  "enroll:"
/* A certificate is renewed when less than this part of its time is left. */
#define MEMBER_RENEW_PART 3

/*
 * What a hub's administrator hands to a host: a secret that the hub takes once,
 * and the SHA-256 of the certificate of its authority, so that the host knows
 * whom it talks to. Text: both in hexadecimal digits, with a full stop between.
 */
struct token {
	uint8_t secret[TOKEN_SECRET_LEN];
	uint8_t authority[CERT_FINGERPRINT_LEN];
};

void token_format(const struct token *t, char ret[static TOKEN_TEXT_LEN + 1]);
bool token_parse(struct str text, struct token *ret);

void host_id(const struct sign_public *key, char ret[static HOST_ID_LEN + 1]);
/* Letters, digits, '.', '_' and '-'; at most CERT_NAME_MAX. */
bool host_name_is_good(struct str name);

/* How to join: all of it is the caller's. */
struct member_join {
	const char *url; /* "https://hub.example:7420", without a path */
	const char *token;
	const char *name; /* of the host, as in its events */
	const char *proxy;
	const struct sign_key *key; /* of the store */
};

/*
 * Join: get the hub's authority and check it against the token, make a key, and
 * have a certificate made for it. What was there before is replaced when all
 * went well. `store` is the store directory, open as store_fd. 0 or a negative
 * errno with err set; -EREMOTEIO: the hub refuses, its words are in err.
 */
int member_enroll(const char *store, int store_fd,
    const struct member_join *join, struct err *err);

/*
 * Append the certificate of the hub's authority, from whoever answers at
 * join->url: join->token says which it must be, or -EKEYREJECTED, and so where
 * it is not of the time that the clock here says.
 */
int member_fetch_authority(
    const struct member_join *join, struct buf *ret, struct err *err);

struct member {
	struct arena texts;
	const char *url, *id, *name;
	const char *ca_file, *client_file;
	struct str hub_name;
	struct sign_public hub;
	int64_t from, until; /* of the certificate */
};

/* -ENOENT: this store has not joined a hub. Free it also after a failure. */
int member_load(
    struct member *ret, const char *store, int store_fd, struct err *err);
void member_free(struct member *m);
/* The files by which this host shows itself. */
struct http_tls member_tls(const struct member *m);

/*
 * Have a new certificate made, for a new key, with the one that is still good.
 * Load it again afterwards.
 */
int member_renew(const struct member *m, struct http_client *client,
    int store_fd, struct err *err);

#endif
