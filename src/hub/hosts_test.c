/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"
#include "hub/place.h"

struct world {
	char dir[64], store[80];
	struct place place;
};

static int set_up(void **state)
{
	static const char *const names[] = {"localhost", "127.0.0.1", NULL};
	struct world *w = calloc(1, sizeof *w);
	struct err err = {""};

	snprintf(w->dir, sizeof w->dir, "/tmp/hosts_test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->store, sizeof w->store, "%s/hub", w->dir);
	assert_int_equal(place_open(&w->place, w->store, &err), -ENOENT);
	place_close(&w->place);
	assert_int_equal(place_init(w->store, names, &err), 0);
	assert_int_equal(place_open(&w->place, w->store, &err), 0);
	/* Once only: another authority would shut all hosts out. */
	assert_int_equal(place_init(w->store, names, &err), -EEXIST);
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

static void test_secrets(void **state)
{
	static const char *const secret[] = {"ca.key", "server.key"};
	const struct world *w = *state;
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fstatat(w->place.dirfd, secret[i], &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	assert_int_equal(fstat(w->place.dirfd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void test_tokens(void **state)
{
	const struct world *w = *state;
	struct token token, read, late;
	char text[TOKEN_TEXT_LEN + 1];
	struct err err = {""};

	assert_int_equal(token_make(&w->place, 60000000, &token, &err), 0);
	token_format(&token, text);
	assert_int_equal(strlen(text), TOKEN_TEXT_LEN);
	assert_true(token_parse(str_z(text), &read));
	assert_memory_equal(&read, &token, sizeof token);
	/* A token names the authority. */
	assert_memory_equal(
	    read.authority, w->place.ca.fingerprint, sizeof read.authority);
	assert_int_equal(token_check(&w->place, &read, &err), 0);
	assert_int_equal(token_redeem(&w->place, &read, &err), 0);
	assert_int_equal(token_redeem(&w->place, &read, &err), -ENOENT);
	assert_int_equal(token_make(&w->place, -1, &late, &err), 0);
	assert_int_equal(token_redeem(&w->place, &late, &err), -ETIME);
	late.secret[0] ^= 1;
	assert_int_equal(token_redeem(&w->place, &late, &err), -ENOENT);
	text[5] = 'x';
	assert_false(token_parse(str_z(text), &read));
	assert_false(token_parse(str_upto(str_z(text), 40), &read));
	assert_false(token_parse(STR(""), &read));
}

static int count(void *ctx, const struct host_entry *h)
{
	struct buf *names = ctx;

	buf_printf(names, "%s%s ", h->name, h->revoked ? "!" : "");
	return 0;
}

static void test_hosts(void **state)
{
	const struct world *w = *state;
	struct host_entry a = {.name = "web-01", .serial = "aa", .until = 7};
	struct host_entry got;
	struct buf names = BUF_INIT;
	struct err err = {""};

	memset(a.key.key, 1, sizeof a.key.key);
	host_id(&a.key, a.id);
	assert_int_equal(host_find(&w->place, a.id, &got, &err), -ENOENT);
	assert_int_equal(
	    host_find(&w->place, "../ca.crt", &got, &err), -ENOENT);
	assert_int_equal(host_put(&w->place, &a, &err), 0);
	assert_int_equal(host_find(&w->place, a.id, &got, &err), 0);
	assert_string_equal(got.name, "web-01");
	assert_string_equal(got.serial, "aa");
	assert_memory_equal(&got.key, &a.key, sizeof a.key);
	assert_int_equal(got.until, 7);
	assert_false(got.revoked);
	memset(a.key.key, 2, sizeof a.key.key);
	host_id(&a.key, a.id);
	memcpy(a.name, "db-01", 6);
	a.revoked = true;
	assert_int_equal(host_put(&w->place, &a, &err), 0);
	assert_int_equal(host_find_any(&w->place, "db-01", &got, &err), 0);
	assert_true(got.revoked);
	assert_int_equal(host_find_any(&w->place, a.id, &got, &err), 0);
	assert_int_equal(host_find_any(&w->place, "db", &got, &err), -ENOENT);
	assert_int_equal(host_each(&w->place, count, &names, &err), 0);
	assert_true(str_eqz(buf_str(&names), "db-01! web-01 "));
	buf_free(&names);
}

static void test_names(void **state)
{
	assert_true(host_name_is_good(STR("web-01.example_2")));
	assert_false(host_name_is_good(STR("")));
	assert_false(host_name_is_good(STR("a b")));
	assert_false(host_name_is_good(STR("a/b")));
	assert_false(host_name_is_good(STR("a+b")));
	assert_false(host_name_is_good(STR("a:b")));
	assert_false(host_name_is_good(
	    STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaa")));
}

int main(void)
{
#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    WITH_PLACE(test_secrets),
	    WITH_PLACE(test_tokens),
	    WITH_PLACE(test_hosts),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
