/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/control.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

/* A kernel that does not answer within this hangs. */
#define ANSWER_SECONDS 2

struct request {
	struct nlmsghdr head;
	struct audit_status status;
};

struct answer {
	struct nlmsghdr head;
	char body[8192];
};

static int send_request(
    int fd, uint16_t type, uint16_t flags, const struct audit_status *status)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct request req = {.head = {.nlmsg_len = NLMSG_LENGTH(0),
				  .nlmsg_type = type,
				  .nlmsg_flags = NLM_F_REQUEST | flags,
				  .nlmsg_seq = 1}};

	if (status) {
		req.status = *status;
		req.head.nlmsg_len = NLMSG_LENGTH(sizeof req.status);
	}
	if (sendto(fd, &req, req.head.nlmsg_len, 0,
		(const struct sockaddr *)(const void *)&kernel,
		sizeof kernel) < 0)
		return -errno;
	return 0;
}

/* Length of the body of the next message of the kernel, or -errno. */
static ssize_t receive(int fd, struct answer *ret)
{
	struct sockaddr_nl from;
	socklen_t from_n;
	ssize_t n;

	do {
		from_n = sizeof from;
		n = recvfrom(fd, ret, sizeof *ret, 0,
		    (struct sockaddr *)(void *)&from, &from_n);
	} while (n < 0 ? errno == EINTR
		       : from.nl_pid != 0 || n < (ssize_t)NLMSG_HDRLEN);
	return n < 0 ? (errno == EAGAIN ? -ETIMEDOUT : -errno)
		     : n - (ssize_t)NLMSG_HDRLEN;
}

/*
 * Send a request and wait until it is acknowledged and, with `ret`, answered:
 * the kernel sends these two in any order.
 */
static int ask(
    uint16_t type, const struct audit_status *set, struct audit_status *ret)
{
	const struct timeval timeout = {.tv_sec = ANSWER_SECONDS};
	CLEANUP_FD int fd =
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	bool acknowledged = false, answered = !ret;
	struct answer answer;
	ssize_t n;
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
			  sizeof timeout) < 0)
		return -errno;
	r = send_request(fd, type, NLM_F_ACK, set);
	if (r < 0)
		return r;
	while (!acknowledged || !answered) {
		n = receive(fd, &answer);
		if (n < 0)
			return (int)n;
		if (answer.head.nlmsg_type == NLMSG_ERROR &&
		    n >= (ssize_t)sizeof r) {
			memcpy(&r, answer.body, sizeof r);
			if (r < 0)
				return r;
			acknowledged = true;
		} else if (ret && answer.head.nlmsg_type == AUDIT_GET) {
			memset(ret, 0, sizeof *ret);
			memcpy(ret, answer.body,
			    (size_t)n < sizeof *ret ? (size_t)n : sizeof *ret);
			answered = true;
		}
	}
	return 0;
}

static int explain(int r, struct err *err)
{
	if (r == -EPROTONOSUPPORT)
		return err_set(err, r, "this kernel has no audit");
	if (r == -ECONNREFUSED)
		return err_set(err, r,
		    "audit does not answer within a container: run this on "
		    "the host itself");
	if (r == -EPERM)
		return err_set(err, r,
		    "the kernel refuses: this needs CAP_AUDIT_CONTROL, and "
		    "audit not to be locked (auditctl -s: enabled 2)");
	return r < 0 ? err_sys(err, r, "cannot ask the kernel for audit") : 0;
}

int control_status(struct audit_status *ret, struct err *err)
{
	return explain(ask(AUDIT_GET, NULL, ret), err);
}

int control_set(const struct audit_status *set, struct err *err)
{
	return explain(ask(AUDIT_SET, set, NULL), err);
}

int control_register(int fd, struct err *err)
{
	const struct audit_status set = {
	    .mask = AUDIT_STATUS_PID, .pid = (uint32_t)getpid()};
	struct audit_status now;
	/* Not acknowledged: that would come among the records. */
	int r = explain(send_request(fd, AUDIT_SET, 0, &set), err);

	if (r == 0)
		r = control_status(&now, err);
	if (r == 0 && now.pid != set.pid)
		r = err_set(err, -EBUSY,
		    "the kernel did not take this process as the reader of "
		    "audit records: is audit locked (auditctl -s: enabled 2)?");
	return r;
}
