/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fdpass.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

struct message {
	char text[16];
};

struct bench {
	int pair[2];
	int pipe[2];
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	*state = b;
	return !b || fdpass_pair(b->pair) || pipe2(b->pipe, O_CLOEXEC);
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 2; i++) {
		fd_close(&b->pair[i]);
		fd_close(&b->pipe[i]);
	}
	free(b);
	return 0;
}

static unsigned count_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 200; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int receive(struct bench *b, struct message *m, int *fds, unsigned *n)
{
	struct err err;

	return fdpass_receive(b->pair[1], m, sizeof *m, fds, n, &err);
}

static void test_roundtrip(void **state)
{
	static const unsigned counts[] = {0, 1, 2, FDPASS_FDS_MAX};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct message out = {"hello"}, in;
		int give[FDPASS_FDS_MAX], got[FDPASS_FDS_MAX];
		unsigned n = 99, before = count_open();

		for (unsigned j = 0; j < counts[i]; j++)
			give[j] = b->pipe[1];
		assert_int_equal(
		    fdpass_send(b->pair[0], &out, sizeof out, give, counts[i]),
		    0);
		assert_int_equal(receive(b, &in, got, &n), 1);
		assert_memory_equal(&in, &out, sizeof in);
		assert_int_equal(n, counts[i]);
		assert_int_equal(count_open(), before + n);
		for (unsigned j = 0; j < n; j++) {
			char c = 0;

			assert_int_equal(fcntl(got[j], F_GETFD), FD_CLOEXEC);
			assert_int_equal(write(got[j], "x", 1), 1);
			assert_int_equal(read(b->pipe[0], &c, 1), 1);
			close(got[j]);
		}
	}
}

static void test_messages_keep_apart(void **state)
{
	struct bench *b = *state;
	struct message one = {"one"}, two = {"two"}, in;
	int got[FDPASS_FDS_MAX];
	unsigned n;

	assert_int_equal(
	    fdpass_send(b->pair[0], &one, sizeof one, b->pipe, 2), 0);
	assert_int_equal(fdpass_send(b->pair[0], &two, sizeof two, NULL, 0), 0);
	assert_int_equal(receive(b, &in, got, &n), 1);
	assert_string_equal(in.text, "one");
	assert_int_equal(n, 2);
	close(got[0]);
	close(got[1]);
	assert_int_equal(receive(b, &in, got, &n), 1);
	assert_string_equal(in.text, "two");
	assert_int_equal(n, 0);
}

static void test_end(void **state)
{
	struct bench *b = *state;
	struct message m = {""};
	int got[FDPASS_FDS_MAX];
	unsigned n;

	assert_int_equal(fdpass_send(b->pair[0], &m, sizeof m, NULL, 0), 0);
	fd_close(&b->pair[0]);
	/* What was sent before comes first. */
	assert_int_equal(receive(b, &m, got, &n), 1);
	assert_int_equal(receive(b, &m, got, &n), 0);
	assert_int_equal(
	    fdpass_send(b->pair[1], &m, sizeof m, NULL, 0), -EPIPE);
}

static void test_send_refuses(void **state)
{
	struct bench *b = *state;
	int many[FDPASS_FDS_MAX + 1] = {0}, closed = -1;

	assert_int_equal(fdpass_send(b->pair[0], "", 0, NULL, 0), -EINVAL);
	assert_int_equal(
	    fdpass_send(b->pair[0], "x", 1, many, FDPASS_FDS_MAX + 1), -EINVAL);
	assert_int_equal(fdpass_send(b->pair[0], "x", 1, &closed, 1), -EBADF);
	assert_int_equal(fdpass_send(b->pipe[0], "x", 1, NULL, 0), -ENOTSOCK);
}

static void test_no_waiting(void **state)
{
	struct bench *b = *state;
	struct message m = {""};
	int got[FDPASS_FDS_MAX], r;
	unsigned n;

	for (int i = 0; i < 2; i++)
		assert_int_equal(fcntl(b->pair[i], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(receive(b, &m, got, &n), -EAGAIN);
	do
		r = fdpass_send(b->pair[0], &m, sizeof m, NULL, 0);
	while (r == 0);
	assert_int_equal(r, -EAGAIN);
}

/* A message as no fdpass_send() makes it. */
static void send_raw(int sock, size_t n, const int *fds, unsigned n_fds)
{
	static char bytes[100];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(100 * sizeof(int))];
	} control = {.room = {0}};
	struct iovec iov = {bytes, n};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds) {
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &mh, MSG_NOSIGNAL), n);
}

/* Nothing that came with a faulty message stays open. */
static void test_faulty_messages(void **state)
{
	static const struct {
		size_t bytes;
		unsigned n_fds;
		int error;
		const char *says;
	} cases[] = {
	    {15, 0, -EMSGSIZE, "has 15 bytes, 16 are expected"},
	    {17, 0, -EMSGSIZE, "longer than 16"},
	    {100, 3, -EMSGSIZE, "longer than 16"},
	    {1, 3, -EMSGSIZE, "has 1 bytes"},
	    {0, 3, -EMSGSIZE, "has 0 bytes"},
	    {16, FDPASS_FDS_MAX + 1, -EMFILE, "more than 64 descriptors"},
	    {16, 100, -EMFILE, "more than 64 descriptors"},
	    {0, 100, -EMFILE, "more than 64 descriptors"},
	};
	struct bench *b = *state;
	struct message m = {"left alone"};
	int fds[100], got[FDPASS_FDS_MAX] = {-7};
	unsigned n = 99, before = count_open();

	for (int i = 0; i < 100; i++)
		fds[i] = b->pipe[0];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err err = {""};

		send_raw(b->pair[0], cases[i].bytes, fds, cases[i].n_fds);
		assert_int_equal(
		    fdpass_receive(b->pair[1], &m, sizeof m, got, &n, &err),
		    cases[i].error);
		assert_non_null(strstr(err.text, cases[i].says));
		assert_int_equal(got[0], -7);
		assert_int_equal(n, 99);
		assert_int_equal(count_open(), before);
	}
	/* The next good one is taken. */
	assert_int_equal(fdpass_send(b->pair[0], &m, sizeof m, NULL, 0), 0);
	assert_int_equal(receive(b, &m, got, &n), 1);
}

/* A receiver at its own limit keeps none of them either. */
static void test_no_room_for_descriptors(void **state)
{
	struct bench *b = *state;
	struct message m = {""};
	struct rlimit old, tight;
	int got[FDPASS_FDS_MAX], r;
	unsigned n, before = count_open();

	assert_int_equal(fdpass_send(b->pair[0], &m, sizeof m, b->pipe, 2), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	/* One more would fit. */
	tight = old;
	tight.rlim_cur = (rlim_t)dup(0) + 1;
	close((int)tight.rlim_cur - 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	r = receive(b, &m, got, &n);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(count_open(), before);
}

static void test_peer(void **state)
{
	struct bench *b = *state;
	CLEANUP_FD int inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEANUP_FD int alone = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ucred peer;

	assert_int_equal(fdpass_peer(b->pair[0], &peer), 0);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.gid, getegid());
	assert_int_equal(fdpass_peer(inet, &peer), -ENOTCONN);
	assert_int_equal(fdpass_peer(alone, &peer), -ENOTCONN);
	assert_int_equal(fdpass_peer(b->pipe[0], &peer), -ENOTSOCK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_roundtrip),
	    TEST(test_messages_keep_apart),
	    TEST(test_end),
	    TEST(test_send_refuses),
	    TEST(test_no_waiting),
	    TEST(test_faulty_messages),
	    TEST(test_no_room_for_descriptors),
	    TEST(test_peer),
	};

	return cmocka_run_group_tests_name("fdpass", tests, NULL, NULL);
}
