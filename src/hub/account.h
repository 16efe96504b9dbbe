/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask a hub, and about what. Kept beside the hosts (hub/place.h), a
 * file each, replaced whole and read anew for each request:
 *
 *   accounts/NAME      role, hosts, users, and the password's hash
 *   api-tokens/SHA256  account and end of a token; its name is the digest of
 *                      the secret, which is nowhere
 */
#ifndef HUB_ACCOUNT_H
#define HUB_ACCOUNT_H

#include "crypto/password.h"
#include "hub/place.h"
#include "store/query.h"

#define ACCOUNT_NAME_MAX CERT_NAME_MAX
/* Of a name of a user that may be seen. */
#define ACCOUNT_USER_MAX 256
#define TOKEN_ID_LEN	 12

enum role {
	ROLE_VIEWER,  /* what is of its hosts and users */
	ROLE_AUDITOR, /* all that hosts told, and the hub's own trail */
	ROLE_ADMIN,   /* the same for the time being: what changes the hub */
	ROLE_N
};

const char *role_name(enum role role);
/* -1: there is none. */
int role_parse(struct str name);

struct account {
	char name[ACCOUNT_NAME_MAX + 1];
	enum role role;
	/* Of a viewer: both must fit; none of one: any. */
	struct str hosts[QUERY_VALUES_MAX], users[QUERY_VALUES_MAX];
	size_t n_hosts, n_users;
	char password[PASSWORD_HASH_LEN]; /* hash; empty: tokens only */
	struct arena texts;
};

/*
 * Letters, digits, '.', '_' and '-', not '.' first. A viewer must be bound to
 * hosts or users, others to none. -EINVAL, and err says what is wrong.
 */
int account_check(const struct account *a, struct err *err);
/* -ENOENT: no such account; -EBADMSG: damaged. Free it in any case. */
int account_find(const struct place *p, struct str name, struct account *ret,
    struct err *err);
void account_free(struct account *a);
int account_put(
    const struct place *p, const struct account *a, struct err *err);
/* With its tokens. -ENOENT: no such account. */
int account_remove(const struct place *p, struct str name, struct err *err);
/* In the order of their names; a non-zero return of fn stops. */
int account_each(const struct place *p,
    int (*fn)(void *ctx, const struct account *a), void *ctx, struct err *err);

/*
 * Narrow a question to what the account may see, whatever else it asks. False:
 * it may see nothing of that.
 */
bool account_narrow(const struct account *a, struct query *q);

struct api_token {
	char id[TOKEN_ID_LEN + 1]; /* by which it is called */
	char account[ACCOUNT_NAME_MAX + 1];
	int64_t until; /* microseconds */
};

/* `usec` INT64_MAX: it does not end. *ret is what its owner is handed. */
int api_token_make(const struct place *p, const char *account, int64_t usec,
    struct token *ret, struct err *err);
/* -ENOENT: never made, removed, or it has ended. */
int api_token_find(const struct place *p, const struct token *t,
    struct api_token *ret, struct err *err);
int api_token_each(const struct place *p,
    int (*fn)(void *ctx, const struct api_token *t), void *ctx,
    struct err *err);
/* -ENOENT: no token has this id. */
int api_token_remove(const struct place *p, struct str id, struct err *err);

#endif
