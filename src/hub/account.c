/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/account.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "wire/message.h"

#define DIR_NAME "accounts"
#define PATH_LEN 96

static const char *const roles[ROLE_N] = {
    [ROLE_VIEWER] = "viewer",
    [ROLE_AUDITOR] = "auditor",
    [ROLE_ADMIN] = "admin",
};

const char *role_name(enum role role)
{
	return roles[role];
}

int role_parse(struct str name)
{
	for (int i = 0; i < ROLE_N; i++)
		if (str_eqz(name, roles[i]))
			return i;
	return -1;
}

static bool name_is_good(struct str name)
{
	return host_name_is_good(name) && name.p[0] != '.';
}

/* Lists are kept as lines. */
static bool users_are_good(const struct account *a)
{
	for (size_t i = 0; i < a->n_users; i++)
		if (a->users[i].n == 0 || a->users[i].n > ACCOUNT_USER_MAX ||
		    str_find_char(a->users[i], '\n') != STR_NPOS)
			return false;
	return true;
}

int account_check(const struct account *a, struct err *err)
{
	if (!name_is_good(str_z(a->name)))
		return err_set(err, -EINVAL,
		    "\"%s\" is no name for an account: letters, digits, full "
		    "stops, '_' and '-', at most %d",
		    a->name, ACCOUNT_NAME_MAX);
	for (size_t i = 0; i < a->n_hosts; i++)
		if (!host_name_is_good(a->hosts[i]))
			return err_set(err, -EINVAL,
			    "\"%.*s\" is no name of a host",
			    STR_ARG(a->hosts[i]));
	if (!users_are_good(a))
		return err_set(err, -EINVAL, "not the name of a user");
	if (a->role == ROLE_VIEWER && !a->n_hosts && !a->n_users)
		return err_set(err, -EINVAL,
		    "a viewer sees chosen hosts or users: name them with "
		    "--host and --user");
	if (a->role != ROLE_VIEWER && (a->n_hosts || a->n_users))
		return err_set(err, -EINVAL,
		    "%s sees all: only a viewer is bound to hosts or users",
		    role_name(a->role));
	return 0;
}

/* --- files --- */

static void account_path(struct str name, char ret[static PATH_LEN])
{
	snprintf(ret, PATH_LEN, DIR_NAME "/%.*s", STR_ARG(name));
}

static bool read_list(struct str lines, struct str *v, size_t *n)
{
	struct str line;

	for (*n = 0; lines.n; ++*n) {
		if (*n == QUERY_VALUES_MAX)
			return false;
		str_cut(&lines, '\n', &line);
		v[*n] = line;
	}
	return true;
}

static void write_list(
    struct buf *b, const char *key, const struct str *v, size_t n)
{
	struct buf lines = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_add_z(&lines, i ? "\n" : "");
		buf_add_str(&lines, v[i]);
	}
	message_text(b, key, buf_str(&lines));
	buf_free(&lines);
}

static int parse(struct str text, struct account *ret)
{
	struct arena *a = &ret->texts;
	int role = role_parse(message_get(text, "role", a));

	if (role < 0)
		return -EBADMSG;
	ret->role = (enum role)role;
	snprintf(ret->password, sizeof ret->password, "%.*s",
	    STR_ARG(message_get(text, "password", a)));
	if (!read_list(
		message_get(text, "hosts", a), ret->hosts, &ret->n_hosts) ||
	    !read_list(
		message_get(text, "users", a), ret->users, &ret->n_users))
		return -EBADMSG;
	/* A damaged file must not let its account see more. */
	return account_check(ret, NULL) < 0 ? -EBADMSG : 0;
}

int account_find(const struct place *p, struct str name, struct account *ret,
    struct err *err)
{
	struct buf b = BUF_INIT;
	char path[PATH_LEN];
	int r = name_is_good(name) ? 0 : -ENOENT;

	*ret = (struct account){.texts = ARENA_INIT};
	if (r == 0) {
		account_path(name, path);
		snprintf(ret->name, sizeof ret->name, "%.*s", STR_ARG(name));
		r = fd_read_file(p->dirfd, path, MESSAGE_MAX, &b);
	}
	if (r == 0)
		r = parse(buf_str(&b), ret);
	buf_free(&b);
	if (r == -ENOENT)
		return err_set(
		    err, r, "there is no account %.*s", STR_ARG(name));
	return r < 0 ? err_sys(err, r, HUB_DIR "/%s", path) : 0;
}

void account_free(struct account *a)
{
	arena_free(&a->texts);
}

int account_put(const struct place *p, const struct account *a, struct err *err)
{
	struct buf b = BUF_INIT;
	char path[PATH_LEN];
	CLEANUP_FD int dirfd = -1;
	int r = account_check(a, err);

	if (r < 0)
		return r;
	message_begin(&b);
	message_text(&b, "role", str_z(role_name(a->role)));
	write_list(&b, "hosts", a->hosts, a->n_hosts);
	write_list(&b, "users", a->users, a->n_users);
	message_text(&b, "password", str_z(a->password));
	message_end(&b);
	account_path(str_z(a->name), path);
	r = buf_error(&b);
	if (r == 0)
		r = fd_open_dir(p->dirfd, DIR_NAME, 0700, &dirfd);
	if (r == 0)
		r = fd_replace_file(p->dirfd, path, 0600, b.p, b.n);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, HUB_DIR "/%s", path) : 0;
}

struct removal {
	const struct place *place;
	struct str account;
};

static int remove_token_of(void *ctx, const struct api_token *t)
{
	const struct removal *gone = ctx;

	return str_eqz(gone->account, t->account)
		   ? api_token_remove(gone->place, str_z(t->id), NULL)
		   : 0;
}

/* Tokens last: without the account they are good for nothing. */
int account_remove(const struct place *p, struct str name, struct err *err)
{
	struct removal gone = {p, name};
	char path[PATH_LEN];
	int r = name_is_good(name) ? 0 : -ENOENT;

	account_path(name, path);
	if (r == 0 && unlinkat(p->dirfd, path, 0) < 0)
		r = -errno;
	if (r == -ENOENT)
		return err_set(
		    err, r, "there is no account %.*s", STR_ARG(name));
	if (r < 0)
		return err_sys(err, r, HUB_DIR "/%s", path);
	return api_token_each(p, remove_token_of, &gone, err);
}

static int pick(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

struct walk {
	const struct place *place;
	int (*fn)(void *ctx, const struct account *a);
	void *ctx;
	struct err *err;
};

static int walk_one(void *ctx, const char *name)
{
	const struct walk *w = ctx;
	struct account a;
	int r = account_find(w->place, str_z(name), &a, w->err);

	if (r == 0)
		r = w->fn(w->ctx, &a);
	account_free(&a);
	return r;
}

int account_each(const struct place *p,
    int (*fn)(void *ctx, const struct account *a), void *ctx, struct err *err)
{
	struct walk w = {p, fn, ctx, err};

	return place_each_name(p, DIR_NAME, pick, walk_one, &w, err);
}

/* --- what an account may see --- */

static bool holds(const struct str *v, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i], s))
			return true;
	return false;
}

/* What is asked for of what is allowed; all of that where nothing is. */
static bool narrow(
    struct str *asked, size_t *n, const struct str *allowed, size_t n_allowed)
{
	size_t kept = 0;

	if (n_allowed == 0)
		return true;
	if (*n == 0) {
		memcpy(asked, allowed, n_allowed * sizeof *asked);
		*n = n_allowed;
		return true;
	}
	for (size_t i = 0; i < *n; i++)
		if (holds(allowed, n_allowed, asked[i]))
			asked[kept++] = asked[i];
	*n = kept;
	return kept > 0;
}

bool account_narrow(const struct account *a, struct query *q)
{
	if (a->n_users)
		q->login_only = true;
	return narrow(q->host, &q->n_host, a->hosts, a->n_hosts) &&
	       narrow(q->user, &q->n_user, a->users, a->n_users);
}
