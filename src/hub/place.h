/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hub keeps beside the store, in the directory `hub` of it:
 *
 *   ca.crt, ca.key          the authority that signs hosts and the server
 *   server.crt, server.key
 *   hosts/ID                one file for each host that ever joined
 *   tokens/SHA256           one for each token that may still be used; its
 *                           name is the digest of the secret, which is nowhere
 *   accounts/, api-tokens/  see hub/account.h
 *   held/                   see hub/held.h
 *
 * Files are replaced whole; whoever has the directory's owner's rights may work
 * on it while the hub runs, which reads them anew each time.
 */
#ifndef HUB_PLACE_H
#define HUB_PLACE_H

#include <dirent.h>

#include "wire/member.h"

#define HUB_DIR		"hub"
/* Below the store: what forwarders keep. */
#define HUB_OUTPUTS_DIR HUB_DIR "/outputs"

struct place {
	int dirfd;
	struct buf ca_cert, ca_key, server_cert, server_key; /* with a NUL */
	struct cert_info ca;
};

/*
 * Make the store and all of it. `names`: host names and addresses of the
 * server, NULL at the end. -EEXIST: it is a hub already.
 */
int place_init(const char *store, const char *const *names, struct err *err);
/* -ENOENT: no hub there. Close it also after a failure. */
int place_open(struct place *ret, const char *store, struct err *err);
void place_close(struct place *p);

/*
 * Call fn with the names of files in directory `dir` of it for which `pick`
 * gives non-zero, sorted. None where the directory is not there; a non-zero
 * return of fn stops and is returned.
 */
int place_each_name(const struct place *p, const char *dir,
    int (*pick)(const struct dirent *e), int (*fn)(void *ctx, const char *name),
    void *ctx, struct err *err);

/* A host that joined. */
struct host_entry {
	char id[HOST_ID_LEN + 1];
	char name[CERT_NAME_MAX + 1];
	char serial[CERT_SERIAL_LEN + 1]; /* of its newest certificate ... */
	char before[CERT_SERIAL_LEN + 1]; /* ... and of the one before */
	struct sign_public key;		  /* of its store */
	int64_t until; /* its certificate lasts, microseconds */
	bool revoked;
	/* See hub/history.h: 1, 2, ...; and the bits of its chains that were
	 * found to fork, and are not resolved. */
	uint64_t history, forked;
};

/* 0; -ENOENT: no such host; -EBADMSG: its file is damaged. */
int host_find(const struct place *p, const char *id, struct host_entry *ret,
    struct err *err);
int host_put(
    const struct place *p, const struct host_entry *h, struct err *err);
/* In the order of their names; a non-zero return of fn stops. */
int host_each(const struct place *p,
    int (*fn)(void *ctx, const struct host_entry *h), void *ctx,
    struct err *err);
/* By id or name. */
int host_find_any(const struct place *p, const char *what,
    struct host_entry *ret, struct err *err);

/* A new token, good for `usec`. */
int token_make(
    const struct place *p, int64_t usec, struct token *ret, struct err *err);
/* 0: it may be used; -ENOENT: never made, or used; -ETIME: too late. */
int token_check(const struct place *p, const struct token *t, struct err *err);
/* The same, and it is used up. */
int token_redeem(const struct place *p, const struct token *t, struct err *err);

#endif
