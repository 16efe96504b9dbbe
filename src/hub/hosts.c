/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts that joined, and the tokens by which others may. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "hub/place.h"
#include "wire/message.h"

#define PATH_LEN 96

static bool id_is_good(const char *id)
{
	size_t n = strspn(id, "0123456789abcdef");

	return n == HOST_ID_LEN && id[n] == '\0';
}

static void copy(char *ret, size_t n, struct str s)
{
	snprintf(ret, n, "%.*s", STR_ARG(s));
}

static int parse(struct str text, struct host_entry *ret)
{
	struct arena a = ARENA_INIT;
	uint64_t until = 0, revoked = 0;
	int r;

	copy(ret->name, sizeof ret->name, message_get(text, "name", &a));
	copy(ret->serial, sizeof ret->serial, message_get(text, "serial", &a));
	copy(ret->before, sizeof ret->before, message_get(text, "before", &a));
	r = sign_public_parse(
	    message_get(text, "key", &a), &ret->key, NULL, NULL);
	if (!message_get_number(text, "until", &until) ||
	    !message_get_number(text, "revoked", &revoked) || !ret->name[0])
		r = -EBADMSG;
	/* What an older hub wrote has neither. */
	if (!message_get_number(text, "history", &ret->history) ||
	    ret->history == 0)
		ret->history = 1;
	(void)message_get_number(text, "forked", &ret->forked);
	ret->until = (int64_t)until;
	ret->revoked = revoked != 0;
	arena_free(&a);
	return r < 0 ? -EBADMSG : 0;
}

int host_find(const struct place *p, const char *id, struct host_entry *ret,
    struct err *err)
{
	struct buf b = BUF_INIT;
	char path[PATH_LEN];
	int r = id_is_good(id) ? 0 : -ENOENT;

	*ret = (struct host_entry){.until = 0};
	snprintf(path, sizeof path, "hosts/%.*s", HOST_ID_LEN, id);
	if (r == 0)
		r = fd_read_file(p->dirfd, path, MESSAGE_MAX, &b);
	if (r == 0) {
		copy(ret->id, sizeof ret->id, str_z(id));
		r = parse(buf_str(&b), ret);
	}
	buf_free(&b);
	if (r == -ENOENT)
		return err_set(err, r, "no host %s has joined", id);
	return r < 0 ? err_sys(err, r, HUB_DIR "/%s", path) : 0;
}

int host_put(const struct place *p, const struct host_entry *h, struct err *err)
{
	struct buf b = BUF_INIT, key = BUF_INIT;
	char path[PATH_LEN];
	int r;

	sign_public_format(&h->key, str_z(h->name), &key);
	message_begin(&b);
	message_text(&b, "name", str_z(h->name));
	message_text(&b, "key", str_trim(buf_str(&key)));
	message_text(&b, "serial", str_z(h->serial));
	message_text(&b, "before", str_z(h->before));
	message_number(&b, "until", (uint64_t)h->until);
	message_number(&b, "revoked", h->revoked);
	message_number(&b, "history", h->history);
	message_number(&b, "forked", h->forked);
	message_end(&b);
	snprintf(path, sizeof path, "hosts/%s", h->id);
	r = buf_error(&b);
	if (r == 0)
		r = fd_replace_file(p->dirfd, path, 0600, b.p, b.n);
	buf_free(&b);
	buf_free(&key);
	return r < 0 ? err_sys(err, r, HUB_DIR "/%s", path) : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct host_entry *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->id, y->id);
}

/* All that can be read, in `ret`, to be freed. */
static int read_all(const struct place *p, struct buf *ret, struct err *err)
{
	int fd = openat(p->dirfd, "hosts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct host_entry h;
	struct dirent *e;

	if (!d)
		return err_sys(err, -errno, HUB_DIR "/hosts");
	while ((e = readdir(d)))
		if (id_is_good(e->d_name) &&
		    host_find(p, e->d_name, &h, err) == 0)
			buf_add(ret, &h, sizeof h);
	closedir(d);
	return buf_error(ret);
}

int host_each(const struct place *p,
    int (*fn)(void *ctx, const struct host_entry *h), void *ctx,
    struct err *err)
{
	struct buf all = BUF_INIT;
	int r = read_all(p, &all, err);
	size_t n = all.n / sizeof(struct host_entry);
	struct host_entry *v = (void *)all.p;

	if (r == 0 && n)
		qsort(v, n, sizeof *v, by_name);
	for (size_t i = 0; i < n && r == 0; i++)
		r = fn(ctx, &v[i]);
	buf_free(&all);
	return r;
}

struct search {
	const char *what;
	struct host_entry *ret;
};

static int match(void *ctx, const struct host_entry *h)
{
	struct search *s = ctx;

	if (strcmp(h->id, s->what) != 0 && strcmp(h->name, s->what) != 0)
		return 0;
	*s->ret = *h;
	return 1;
}

int host_find_any(const struct place *p, const char *what,
    struct host_entry *ret, struct err *err)
{
	struct search s = {what, ret};
	int r = host_each(p, match, &s, err);

	if (r == 0)
		return err_set(err, -ENOENT, "no host %s has joined", what);
	return r < 0 ? r : 0;
}

/* --- tokens --- */

static void token_path(const struct token *t, char ret[static PATH_LEN])
{
	struct sha256 h;
	char hex[65];

	sha256_of(t->secret, sizeof t->secret, &h);
	sha256_hex(&h, hex);
	snprintf(ret, PATH_LEN, "tokens/%s", hex);
}

int token_make(
    const struct place *p, int64_t usec, struct token *ret, struct err *err)
{
	struct buf b = BUF_INIT;
	char path[PATH_LEN];
	int r;

	random_bytes(ret->secret, sizeof ret->secret);
	memcpy(ret->authority, p->ca.fingerprint, sizeof ret->authority);
	token_path(ret, path);
	message_begin(&b);
	message_number(&b, "until", (uint64_t)(time_now() + usec));
	message_end(&b);
	r = buf_error(&b);
	if (r == 0)
		r = fd_replace_file(p->dirfd, path, 0600, b.p, b.n);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, HUB_DIR "/tokens") : 0;
}

int token_check(const struct place *p, const struct token *t, struct err *err)
{
	struct buf b = BUF_INIT;
	char path[PATH_LEN];
	uint64_t until = 0;
	int r;

	token_path(t, path);
	r = fd_read_file(p->dirfd, path, 4096, &b);
	if (r == 0 && (!message_get_number(buf_str(&b), "until", &until) ||
			  (int64_t)until < time_now()))
		r = -ETIME;
	buf_free(&b);
	if (r == -ETIME)
		return err_set(err, r,
		    "this token has expired: \"sshtrail-hub token\" makes "
		    "another");
	return r < 0 ? err_set(err, -ENOENT,
			   "this token was used, or never made here: "
			   "\"sshtrail-hub token\" makes another")
		     : 0;
}

int token_redeem(const struct place *p, const struct token *t, struct err *err)
{
	char path[PATH_LEN];
	int r = token_check(p, t, err);

	token_path(t, path);
	if (r == 0 && unlinkat(p->dirfd, path, 0) < 0)
		r = err_sys(err, -errno, HUB_DIR "/%s", path);
	return r;
}
