/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/fd.h"

#define AUTHORITY_DAYS 3650
#define SERVER_DAYS    825

static int put(int dirfd, const char *name, mode_t mode, const struct buf *b,
    struct err *err)
{
	int r = fd_replace_file(dirfd, name, mode, b->p, b->n);

	return r < 0 ? err_sys(err, r, HUB_DIR "/%s", name) : 0;
}

/* Keys first: a certificate without its key would be of no use. */
static int make_certificates(
    int dirfd, const char *const *names, struct err *err)
{
	struct buf ca_key = BUF_INIT, ca = BUF_INIT;
	struct buf key = BUF_INIT, cert = BUF_INIT;
	int r = cert_make_key(&ca_key, err);

	if (r == 0)
		r = cert_make_authority(buf_str(&ca_key),
		    "sshtrail-hub authority", AUTHORITY_DAYS, &ca, err);
	if (r == 0)
		r = cert_make_key(&key, err);
	if (r == 0) {
		const struct cert_signer signer = {
		    buf_str(&ca), buf_str(&ca_key)};

		r = cert_sign_server(
		    &signer, buf_str(&key), names, SERVER_DAYS, &cert, err);
	}
	if (r == 0)
		r = put(dirfd, "server.key", 0600, &key, err);
	if (r == 0)
		r = put(dirfd, "server.crt", 0644, &cert, err);
	if (r == 0)
		r = put(dirfd, "ca.key", 0600, &ca_key, err);
	/* The last one: with it there is a hub. */
	if (r == 0)
		r = put(dirfd, "ca.crt", 0644, &ca, err);
	buf_free(&ca_key);
	buf_free(&ca);
	buf_free(&key);
	buf_free(&cert);
	return r;
}

static int open_dir(const char *store, int flags, int *ret)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/" HUB_DIR, store);
	if (flags & O_CREAT && mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

int place_init(const char *store, const char *const *names, struct err *err)
{
	struct archive *a = NULL;
	CLEANUP_FD int dirfd = -1;
	int r = archive_open(&a, store, ARCHIVE_WRITE, err);

	if (r < 0)
		return r;
	r = open_dir(store, O_CREAT, &dirfd);
	if (r == 0 && faccessat(dirfd, "ca.crt", F_OK, 0) == 0)
		r = -EEXIST;
	if (r == 0 &&
	    ((mkdirat(dirfd, "hosts", 0700) < 0 && errno != EEXIST) ||
		(mkdirat(dirfd, "tokens", 0700) < 0 && errno != EEXIST)))
		r = -errno;
	if (r == -EEXIST)
		err_set(err, r, "%s is the store of a hub already", store);
	else if (r < 0)
		err_sys(err, r, "%s/" HUB_DIR, store);
	else
		r = make_certificates(dirfd, names, err);
	archive_close(a);
	return r;
}

static int get(int dirfd, const char *name, struct buf *ret, struct err *err)
{
	int r = fd_read_file(dirfd, name, CERT_PEM_MAX, ret);

	if (r == 0 && !buf_z(ret))
		r = -ENOMEM;
	return r < 0 ? err_sys(err, r, HUB_DIR "/%s", name) : 0;
}

int place_open(struct place *ret, const char *store, struct err *err)
{
	int r;

	*ret = (struct place){.dirfd = -1};
	r = open_dir(store, 0, &ret->dirfd);
	if (r == -ENOENT)
		return err_set(err, r,
		    "there is no hub in %s: make one with \"sshtrail-hub init "
		    "%s\"",
		    store, store);
	if (r < 0)
		return err_sys(err, r, "%s/" HUB_DIR, store);
	r = get(ret->dirfd, "ca.crt", &ret->ca_cert, err);
	if (r == 0)
		r = get(ret->dirfd, "ca.key", &ret->ca_key, err);
	if (r == 0)
		r = get(ret->dirfd, "server.crt", &ret->server_cert, err);
	if (r == 0)
		r = get(ret->dirfd, "server.key", &ret->server_key, err);
	return r < 0 ? r : cert_read(buf_str(&ret->ca_cert), &ret->ca, err);
}

void place_close(struct place *p)
{
	fd_close(&p->dirfd);
	buf_free(&p->ca_cert);
	buf_free(&p->ca_key);
	buf_free(&p->server_cert);
	buf_free(&p->server_key);
}

int place_each_name(const struct place *p, const char *dir,
    int (*pick)(const struct dirent *e), int (*fn)(void *ctx, const char *name),
    void *ctx, struct err *err)
{
	struct dirent **v = NULL;
	int n = scandirat(p->dirfd, dir, &v, pick, alphasort), r = 0;

	if (n < 0)
		return errno == ENOENT
			   ? 0
			   : err_sys(err, -errno, HUB_DIR "/%s", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = fn(ctx, v[i]->d_name);
		free(v[i]);
	}
	free(v);
	return r;
}
