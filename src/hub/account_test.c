/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/account.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"

struct world {
	char dir[64], store[80];
	struct place place;
};

static int set_up(void **state)
{
	static const char *const names[] = {"localhost", NULL};
	struct world *w = calloc(1, sizeof *w);
	struct err err = {""};

	snprintf(w->dir, sizeof w->dir, "/tmp/account_test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->store, sizeof w->store, "%s/hub", w->dir);
	assert_int_equal(place_init(w->store, names, &err), 0);
	assert_int_equal(place_open(&w->place, w->store, &err), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	place_close(&w->place);
	fd_remove_tree(w->dir);
	free(w);
	return 0;
}

static struct account viewer(void)
{
	return (struct account){.name = "ann",
	    .role = ROLE_VIEWER,
	    .hosts = {STR("web-01"), STR("db-01")},
	    .n_hosts = 2,
	    .users = {STR("carl \xff\"x\"")},
	    .n_users = 1,
	    .password = "$argon2id$x"};
}

static int names_of(void *ctx, const struct account *a)
{
	buf_printf(ctx, "%s:%s ", a->name, role_name(a->role));
	return 0;
}

static void test_accounts(void **state)
{
	struct world *w = *state;
	struct account a = viewer(), got;
	struct account root = {.name = "admin", .role = ROLE_ADMIN};
	struct buf names = BUF_INIT;
	struct err err;

	assert_int_equal(account_each(&w->place, names_of, &names, &err), 0);
	assert_int_equal(names.n, 0);
	assert_int_equal(account_put(&w->place, &a, &err), 0);
	assert_int_equal(account_put(&w->place, &root, &err), 0);
	assert_int_equal(account_find(&w->place, STR("ann"), &got, &err), 0);
	assert_int_equal(got.role, ROLE_VIEWER);
	assert_int_equal(got.n_hosts, 2);
	assert_true(str_eq(got.hosts[1], a.hosts[1]));
	assert_int_equal(got.n_users, 1);
	assert_true(str_eq(got.users[0], a.users[0]));
	assert_string_equal(got.password, a.password);
	account_free(&got);
	assert_int_equal(account_each(&w->place, names_of, &names, &err), 0);
	assert_true(str_eqz(buf_str(&names), "admin:admin ann:viewer "));
	buf_free(&names);
}

static void assert_none(struct world *w, struct str name)
{
	struct account got;

	assert_int_equal(account_find(&w->place, name, &got, NULL), -ENOENT);
	account_free(&got);
}

static void test_bad(void **state)
{
	struct world *w = *state;
	struct account a = viewer(), got;
	struct err err;
	int fd;

	a.n_hosts = a.n_users = 0;
	assert_int_equal(account_put(&w->place, &a, &err), -EINVAL);
	a = viewer();
	a.role = ROLE_AUDITOR;
	assert_int_equal(account_put(&w->place, &a, &err), -EINVAL);
	a = viewer();
	a.users[0] = STR("a\nb");
	assert_int_equal(account_put(&w->place, &a, &err), -EINVAL);
	snprintf(a.name, sizeof a.name, "../x");
	assert_int_equal(account_put(&w->place, &a, &err), -EINVAL);
	assert_none(w, STR("ann"));
	assert_none(w, STR(""));
	assert_none(w, STR(".."));
	assert_none(w, STR("../hosts"));
	/* A damaged file lets nobody see more. */
	a = viewer();
	assert_int_equal(account_put(&w->place, &a, &err), 0);
	fd = openat(w->place.dirfd, "accounts/ann", O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, "{\"role\":\"viewer\"}", 17), 0);
	fd_close(&fd);
	assert_int_equal(
	    account_find(&w->place, STR("ann"), &got, &err), -EBADMSG);
	account_free(&got);
}

static int count(void *ctx, const struct api_token *t)
{
	(void)t;
	++*(int *)ctx;
	return 0;
}

static void test_tokens(void **state)
{
	struct world *w = *state;
	struct account a = viewer();
	struct token one, two, ended;
	struct api_token got;
	struct err err;
	int n = 0;

	assert_int_equal(account_put(&w->place, &a, &err), 0);
	assert_int_equal(
	    api_token_make(&w->place, "ann", INT64_MAX, &one, &err), 0);
	assert_int_equal(
	    api_token_make(&w->place, "ann", 60000000, &two, &err), 0);
	assert_int_equal(api_token_make(&w->place, "ann", -1, &ended, &err), 0);
	assert_int_equal(api_token_find(&w->place, &one, &got, &err), 0);
	assert_string_equal(got.account, "ann");
	assert_true(got.until == INT64_MAX);
	assert_int_equal(
	    api_token_find(&w->place, &ended, &got, &err), -ENOENT);
	assert_int_equal(api_token_each(&w->place, count, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(api_token_find(&w->place, &two, &got, &err), 0);
	assert_int_equal(api_token_remove(&w->place, str_z(got.id), &err), 0);
	assert_int_equal(
	    api_token_remove(&w->place, str_z(got.id), &err), -ENOENT);
	assert_int_equal(api_token_find(&w->place, &two, &got, &err), -ENOENT);
	one.secret[3] ^= 1;
	assert_int_equal(api_token_find(&w->place, &one, &got, &err), -ENOENT);
	one.secret[3] ^= 1;
	/* With the account its tokens go, also should it be made again. */
	assert_int_equal(account_remove(&w->place, STR("ann"), &err), 0);
	assert_int_equal(account_put(&w->place, &a, &err), 0);
	assert_int_equal(api_token_find(&w->place, &one, &got, &err), -ENOENT);
	assert_int_equal(account_remove(&w->place, STR("bob"), &err), -ENOENT);
}

static void test_narrow(void **state)
{
	struct account a = viewer();
	struct account all = {.role = ROLE_AUDITOR};
	struct query q = {.since = 0};

	(void)state;
	assert_true(account_narrow(&all, &q));
	assert_int_equal(q.n_host + q.n_user, 0);
	assert_false(q.login_only);
	assert_true(account_narrow(&a, &q));
	assert_int_equal(q.n_host, 2);
	assert_int_equal(q.n_user, 1);
	assert_true(q.login_only);
	q = (struct query){.host = {STR("db-02"), STR("db-01")}, .n_host = 2};
	assert_true(account_narrow(&a, &q));
	assert_int_equal(q.n_host, 1);
	assert_true(str_eqz(q.host[0], "db-01"));
	q = (struct query){.host = {STR("db-02")}, .n_host = 1};
	assert_false(account_narrow(&a, &q));
	q = (struct query){.user = {STR("root")}, .n_user = 1};
	assert_false(account_narrow(&a, &q));
}

int main(void)
{
#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    WITH_PLACE(test_accounts),
	    WITH_PLACE(test_bad),
	    WITH_PLACE(test_tokens),
	    cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
