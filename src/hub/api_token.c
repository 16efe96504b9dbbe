/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "hub/account.h"
#include "wire/message.h"

#define DIR_NAME "api-tokens"
#define PATH_LEN 96
#define FILE_MAX 4096

static void token_name(const struct token *t, char ret[static 65])
{
	struct sha256 h;

	sha256_of(t->secret, sizeof t->secret, &h);
	sha256_hex(&h, ret);
}

static void token_path(const char *name, char ret[static PATH_LEN])
{
	snprintf(ret, PATH_LEN, DIR_NAME "/%.64s", name);
}

int api_token_make(const struct place *p, const char *account, int64_t usec,
    struct token *ret, struct err *err)
{
	int64_t now = time_now();
	struct buf b = BUF_INIT;
	char name[65], path[PATH_LEN];
	CLEANUP_FD int dirfd = -1;
	int r;

	random_bytes(ret->secret, sizeof ret->secret);
	memcpy(ret->authority, p->ca.fingerprint, sizeof ret->authority);
	token_name(ret, name);
	token_path(name, path);
	message_begin(&b);
	message_text(&b, "account", str_z(account));
	message_number(&b, "until",
	    (uint64_t)(usec > INT64_MAX - now ? INT64_MAX : now + usec));
	message_end(&b);
	r = buf_error(&b);
	if (r == 0)
		r = fd_open_dir(p->dirfd, DIR_NAME, 0700, &dirfd);
	if (r == 0)
		r = fd_replace_file(p->dirfd, path, 0600, b.p, b.n);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, HUB_DIR "/" DIR_NAME) : 0;
}

static int read_token(
    const struct place *p, const char *name, struct api_token *ret)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct str account = STR_NONE;
	char path[PATH_LEN];
	uint64_t until = 0;
	int r;

	token_path(name, path);
	r = fd_read_file(p->dirfd, path, FILE_MAX, &b);
	if (r == 0)
		account = message_get(buf_str(&b), "account", &a);
	if (r == 0 &&
	    (!message_get_number(buf_str(&b), "until", &until) || !account.n))
		r = -EBADMSG;
	snprintf(ret->id, sizeof ret->id, "%.*s", TOKEN_ID_LEN, name);
	snprintf(ret->account, sizeof ret->account, "%.*s", STR_ARG(account));
	ret->until = until > INT64_MAX ? INT64_MAX : (int64_t)until;
	buf_free(&b);
	arena_free(&a);
	return r;
}

int api_token_find(const struct place *p, const struct token *t,
    struct api_token *ret, struct err *err)
{
	char name[65], path[PATH_LEN];
	int r;

	token_name(t, name);
	r = read_token(p, name, ret);
	if (r == 0 && ret->until < time_now()) {
		token_path(name, path);
		unlinkat(p->dirfd, path, 0);
		r = -ENOENT;
	}
	return r < 0 ? err_set(err, -ENOENT,
			   "this token was removed, has ended, or was never "
			   "made here: \"sshtrail-hub api-token\" makes "
			   "another")
		     : 0;
}

/* 64 digits: a file that is being replaced has another name. */
static int pick(const struct dirent *e)
{
	struct sha256 h;

	return sha256_parse(str_z(e->d_name), &h);
}

struct walk {
	const struct place *place;
	int (*fn)(void *ctx, const struct api_token *t);
	void *ctx;
};

static int walk_one(void *ctx, const char *name)
{
	const struct walk *w = ctx;
	struct api_token t;

	return read_token(w->place, name, &t) < 0 ? 0 : w->fn(w->ctx, &t);
}

int api_token_each(const struct place *p,
    int (*fn)(void *ctx, const struct api_token *t), void *ctx, struct err *err)
{
	struct walk w = {p, fn, ctx};

	return place_each_name(p, DIR_NAME, pick, walk_one, &w, err);
}

struct removal {
	const struct place *place;
	struct str id;
};

static int remove_one(void *ctx, const char *name)
{
	const struct removal *gone = ctx;
	char path[PATH_LEN];

	if (!str_eq(str_upto(str_z(name), TOKEN_ID_LEN), gone->id))
		return 0;
	token_path(name, path);
	return unlinkat(gone->place->dirfd, path, 0) < 0 ? -errno : 1;
}

int api_token_remove(const struct place *p, struct str id, struct err *err)
{
	struct removal gone = {p, id};
	int r = place_each_name(p, DIR_NAME, pick, remove_one, &gone, err);

	if (r == 0)
		return err_set(
		    err, -ENOENT, "no token has the id %.*s", STR_ARG(id));
	return r < 0 ? err_sys(err, r, HUB_DIR "/" DIR_NAME) : 0;
}
