/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/teller.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/layout.h"
#include "base/fd.h"

static char dir[] = "sshtrail-teller-XXXXXX";

static int make_dir(void **state)
{
	memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return fd_remove_tree(dir);
}

static void make_chain(int fd, const char *chain)
{
	CLEANUP_FD int made = -1;

	assert_int_equal(layout_open_chain(fd, chain, true, &made, NULL), 0);
}

/* Of whom an event of `host`, in the chain, is told. */
static bool is_told_of(struct teller *t, const char *host, const char *of)
{
	struct event ev;

	event_init(&ev, EVENT_AUTH_OK);
	ev.source = STR("auth-log");
	ev.host = str_z(host);
	assert_int_equal(teller_check(t, &ev), 0);
	return str_eqz(ev.host, of);
}

static void test_whose_word_counts(void **state)
{
	CLEANUP_FD int fd = -1;
	struct teller t = {.dirfd = -1};
	char host[32];

	assert_int_equal(layout_open(dir, true, &fd, NULL), 0);
	make_chain(fd, "events:logs");
	make_chain(fd, "events:web");
	teller_chain(&t, fd, "events:logs");
	/* More than are kept, each as often as it takes to keep it. */
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 5000; i++) {
			snprintf(host, sizeof host, "device-%d", i);
			assert_true(is_told_of(&t, host, host));
		}
	assert_true(is_told_of(&t, "logs", "logs"));
	assert_true(is_told_of(&t, "web", "logs"));
	assert_true(is_told_of(&t, "", ""));
	assert_int_equal(t.corrected, 1);
	/* Chains of others than hosts tell what they like. */
	teller_chain(&t, fd, "import:web");
	assert_true(is_told_of(&t, "web", "web"));
	teller_free(&t);
}

/* From the moment on at which it has a chain, however often it had none. */
static void test_who_joins_later(void **state)
{
	CLEANUP_FD int fd = -1;
	struct teller t = {.dirfd = -1};
	char host[32], chain[48];

	assert_int_equal(layout_open(dir, true, &fd, NULL), 0);
	make_chain(fd, "events:logs");
	teller_chain(&t, fd, "events:logs");
	for (int i = 0; i < 40; i++) {
		snprintf(host, sizeof host, "web-%d", i);
		snprintf(chain, sizeof chain, "events:%s", host);
		/* What was made just now, and what lies there for long. */
		poll(NULL, 0, i % 4 == 0 ? 60 : i % 4);
		for (int n = 0; n < 3; n++)
			assert_true(is_told_of(&t, host, host));
		make_chain(fd, chain);
		assert_true(is_told_of(&t, host, "logs"));
	}
	teller_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_whose_word_counts, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(
		test_who_joins_later, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
