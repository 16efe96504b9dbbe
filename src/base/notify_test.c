/* SPDX-License-Identifier: Apache-2.0 */
#include "base/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"

/* A manager that listens at `name`, "@..." being abstract. */
static int listen_at(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, name, n);
	if (*name == '@')
		addr.sun_path[0] = '\0';
	assert_true(fd >= 0);
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&addr,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
	    0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static const char *told(int manager)
{
	static char text[256];
	ssize_t n = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void check_manager(const char *name)
{
	int manager = listen_at(name), fd = notify_open();
	struct str said;
	uint64_t at;

	assert_true(fd >= 0);
	notify("READY=1\nSTATUS=here");
	assert_string_equal(told(manager), "READY=1\nSTATUS=here");
	/* The way that was opened before serves without the name. */
	unsetenv("NOTIFY_SOCKET");
	notify("STATUS=nobody hears this");
	notify_by(fd, "STOPPING=1");
	assert_string_equal(told(manager), "STOPPING=1");
	notify_reloading(fd);
	said = str_z(told(manager));
	assert_true(str_skip(&said, STR("RELOADING=1\nMONOTONIC_USEC=")));
	assert_true(str_chop(&said, STR("\n")));
	assert_true(str_u64(said, &at));
	assert_true(at > 0);
	assert_string_equal(told(manager), "");
	fd_close(&manager);
	/* Nobody listens any more. */
	notify_by(fd, "READY=1");
	fd_close(&fd);
}

static void test_managers(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof name, "@sshtrail-notify-%d", (int)getpid());
	check_manager(name);
	snprintf(name, sizeof name, "/tmp/sshtrail-notify-%d", (int)getpid());
	check_manager(name);
	/* It is gone, and its name is left. */
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(), -1);
	unlink(name);
	assert_int_equal(notify_open(), -1);
	notify("READY=1");
}

static void test_nobody(void **state)
{
	char longer[256];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_open(), -1);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_open(), -1);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	assert_int_equal(notify_open(), -1);
	notify_by(-1, "READY=1");
	notify_reloading(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_managers),
	    cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
