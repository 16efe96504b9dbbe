/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/fd.h"

#define BACKLOG	      128
/* As much as the kernel lets: net.core.rmem_max. */
#define DATAGRAM_ROOM (8 << 20)

static int set_up(int fd, const struct sockaddr_storage *at, int type)
{
	const socklen_t n = at->ss_family == AF_INET6
				? sizeof(struct sockaddr_in6)
				: sizeof(struct sockaddr_in);
	int on = 1, room = DATAGRAM_ROOM;

	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	/* Without it nothing is known of what was lost. */
	if (type == SOCK_DGRAM &&
	    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)at, n) < 0)
		return -errno;
	if (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

int net_listen(
    const struct sockaddr_storage *at, int type, int *ret, struct err *err)
{
	char text[NETWORK_TEXT_MAX];
	int fd = socket(at->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : set_up(fd, at, type);

	if (r == 0) {
		*ret = fd;
		return 0;
	}
	fd_close(&fd);
	network_text(at, text);
	return err_sys(err, r, "cannot listen at %s port %u", text,
	    ntohs(((const struct sockaddr_in *)at)->sin_port));
}

uint16_t net_port(int fd)
{
	struct sockaddr_storage a = {.ss_family = AF_UNSPEC};
	socklen_t n = sizeof a;

	/* The port lies where it does in both families. */
	return getsockname(fd, (struct sockaddr *)&a, &n) < 0
		   ? 0
		   : ntohs(((struct sockaddr_in *)&a)->sin_port);
}

int net_accept(int fd, int *ret_fd, struct sockaddr_storage *ret_from)
{
	socklen_t n = sizeof *ret_from;
	int on = 1, got;

	do {
		got = accept4(fd, (struct sockaddr *)ret_from, &n,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	(void)setsockopt(got, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*ret_fd = got;
	return 0;
}

long net_receive(int fd, void *p, size_t n, struct sockaddr_storage *ret_from,
    uint32_t *ret_lost)
{
	union {
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {p, n};
	struct msghdr msg = {.msg_name = ret_from,
	    .msg_namelen = sizeof *ret_from,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control};
	ssize_t got = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (got < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN
							      : -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(ret_lost, CMSG_DATA(c), sizeof *ret_lost);
	return got;
}
