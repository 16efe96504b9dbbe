/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fdpass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Room for all descriptors, aligned as the kernel's headers in it must be. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(FDPASS_FDS_MAX * sizeof(int))];
};

int fdpass_pair(int ret[static 2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0
		   ? -errno
		   : 0;
}

int fdpass_send(
    int sock, const void *msg, size_t n, const int *fds, unsigned n_fds)
{
	struct iovec iov = {(void *)(uintptr_t)msg, n};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control = {.room = {0}};
	ssize_t sent;

	if (n == 0 || n_fds > FDPASS_FDS_MAX)
		return -EINVAL;
	if (n_fds) {
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n_fds * sizeof(int));
	}
	do
		sent = sendmsg(sock, &mh, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == n ? 0 : -EMSGSIZE;
}

/* The descriptors of all parts: there is one, but the sender decides. */
static unsigned take_fds(struct msghdr *mh, int ret[static FDPASS_FDS_MAX])
{
	unsigned n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(ret + n, CMSG_DATA(c), bytes);
		n += (unsigned)(bytes / sizeof(int));
	}
	return n;
}

static int check_message(
    const struct msghdr *mh, size_t got, size_t n, struct err *err)
{
	if (mh->msg_flags & MSG_CTRUNC)
		return err_set(err, -EMFILE,
		    "a message has more than %d descriptors, or this process "
		    "may not open more",
		    FDPASS_FDS_MAX);
	if (mh->msg_flags & MSG_TRUNC)
		return err_set(
		    err, -EMSGSIZE, "a message is longer than %zu bytes", n);
	if (got != n)
		return err_set(err, -EMSGSIZE,
		    "a message has %zu bytes, %zu are expected", got, n);
	return 0;
}

int fdpass_receive(int sock, void *msg, size_t n,
    int ret_fds[static FDPASS_FDS_MAX], unsigned *ret_n_fds, struct err *err)
{
	struct iovec iov = {msg, n};
	union control control = {.room = {0}};
	struct msghdr mh = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control.room,
	};
	int fds[FDPASS_FDS_MAX];
	unsigned n_fds;
	ssize_t got;
	int r;

	do
		got = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, -errno, "cannot receive a message");
	n_fds = take_fds(&mh, fds);
	/* An empty message would look like the end, with descriptors or not. */
	if (got == 0 && n_fds == 0 && !(mh.msg_flags & MSG_CTRUNC))
		return 0;
	r = check_message(&mh, (size_t)got, n, err);
	if (r) {
		for (unsigned i = 0; i < n_fds; i++)
			close(fds[i]);
		return r;
	}
	memcpy(ret_fds, fds, n_fds * sizeof *fds);
	*ret_n_fds = n_fds;
	return 1;
}

int fdpass_peer(int sock, struct ucred *ret)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return -errno;
	/* No user: it is not connected, or no UNIX socket. */
	if (n != sizeof peer || peer.uid == (uid_t)-1)
		return -ENOTCONN;
	*ret = peer;
	return 0;
}
