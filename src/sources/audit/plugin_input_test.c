/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/plugin_input.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sources/audit/plugin_wire.h"

/* A connection as accept() would give it. */
static int connected(struct plugin_input *p)
{
	int pair[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	plugin_input_init(p, -1);
	p->fd = pair[0];
	return pair[1];
}

static void assert_line(struct plugin_input *p, const char *want)
{
	char *line;
	size_t n;

	assert_int_equal(plugin_input_line(p, &line, &n), 1);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(line, want, n);
}

static void test_lines(void **state)
{
	struct plugin_input p;
	char *line;
	size_t n;
	int fd = connected(&p);

	(void)state;
	assert_int_equal(plugin_input_line(&p, &line, &n), 0);
	assert_int_equal(fd_write_all(fd, "one\n\1lost 12\ntw", 15), 0);
	assert_line(&p, "one");
	assert_int_equal(plugin_input_line(&p, &line, &n), 0);
	assert_int_equal(p.lost, 12);
	assert_int_equal(
	    fd_write_all(fd, "o\n\1lost x\n\1lost 3\nhalf", 23), 0);
	assert_line(&p, "two");
	close(fd);
	assert_int_equal(plugin_input_line(&p, &line, &n), -EPIPE);
	assert_int_equal(p.lost, 15);
	assert_int_equal(p.fd, -1);
	plugin_input_close(&p);
}

static void test_plain(void **state)
{
	static const struct {
		const char *line, *plain;
	} cases[] = {
	    {"type=CWD msg=audit(1.000:2): cwd=\"/\"",
		"type=CWD msg=audit(1.000:2): cwd=\"/\""},
	    {"node=a type=X msg=audit(1.000:2): uid=0\x1dUID=\"root\"",
		"type=X msg=audit(1.000:2): uid=0"},
	    {"type=USER msg=audit(1.000:2): a\rb\x7f\x1d c \x1dUID=\"x\"",
		"type=USER msg=audit(1.000:2): a b   c"},
	    {"type=EOE msg=audit(1.000:2): ", "type=EOE msg=audit(1.000:2):"},
	    {"node=", ""},
	    {"\x1d", ""},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char line[80];
		struct str plain;

		snprintf(line, sizeof line, "%s", cases[i].line);
		plain = plugin_input_plain(line, strlen(line));
		assert_int_equal(plain.n, strlen(cases[i].plain));
		assert_true(str_eqz(plain, cases[i].plain));
	}
}

/* Who sends without end gets no more memory than that. */
static void test_no_end(void **state)
{
	char text[4096];
	struct plugin_input p;
	char *line;
	size_t n;
	int fd = connected(&p), r = 0;

	(void)state;
	memset(text, 'x', sizeof text);
	for (int i = 0; i < 1000 && r == 0; i++) {
		if (send(fd, text, sizeof text, MSG_DONTWAIT | MSG_NOSIGNAL) <
		    0)
			break;
		r = plugin_input_line(&p, &line, &n);
		assert_true(p.bytes.n < 4 * PLUGIN_LINE_MAX);
	}
	assert_int_equal(r, -EPIPE);
	close(fd);
	plugin_input_close(&p);
}

static pid_t call_as(const struct sockaddr_un *addr, uid_t uid)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setuid(uid) == 0 &&
		    connect(fd, (const struct sockaddr *)(const void *)addr,
			sizeof *addr) == 0)
			pause();
		_exit(1);
	}
	assert_true(pid > 0);
	return pid;
}

/* Root, and one at a time. */
static void test_who_comes(void **state)
{
	/* Linux's own names: nobody's files, gone with the socket. */
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	static const struct {
		uid_t uid;
		bool taken;
	} callers[] = {{65534, false}, {0, true}, {0, false}};
	struct plugin_input p;
	pid_t pid[3];

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(addr.sun_path + 1, sizeof addr.sun_path - 1,
	    "sshtrail-test-%d", (int)getpid());
	plugin_input_init(&p, socket(AF_UNIX, SOCK_STREAM, 0));
	assert_int_equal(
	    bind(p.listen_fd, (const struct sockaddr *)(const void *)&addr,
		sizeof addr),
	    0);
	assert_int_equal(listen(p.listen_fd, 4), 0);
	for (size_t i = 0; i < 3; i++) {
		/* It waits for who comes. */
		pid[i] = call_as(&addr, callers[i].uid);
		assert_int_equal(plugin_input_accept(&p), callers[i].taken);
	}
	for (size_t i = 0; i < 3; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	plugin_input_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_no_end),
	    cmocka_unit_test(test_who_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
