/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/daemon.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define ANSWER_MAX ((size_t)1 << 20)
#define WAIT_SEC   5

static int connect_to(const char *path, int *ret)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = WAIT_SEC};
	size_t n = strlen(path);

	if (n >= sizeof addr.sun_path)
		return ENAMETOOLONG;
	memcpy(addr.sun_path, path, n + 1);
	*ret = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*ret < 0 ||
	    setsockopt(*ret, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    connect(*ret, (const struct sockaddr *)&addr, sizeof addr) < 0)
		return errno;
	return 0;
}

static int ask(int fd, struct str request, struct buf *answer)
{
	ssize_t n = send(fd, request.p, request.n, MSG_NOSIGNAL);

	while (n > 0 && answer->n < ANSWER_MAX) {
		char *at = buf_reserve(answer, 4096);

		if (!at)
			return ENOMEM;
		n = recv(fd, at, 4096, 0);
		answer->n += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? errno : 0;
}

int daemon_ask(const char *socket_path, struct str request, struct buf *answer)
{
	CLEANUP_FD int fd = -1;
	size_t before = answer->n;
	int error = connect_to(socket_path, &fd);

	if (error == 0)
		error = ask(fd, request, answer);
	if (error == 0 && answer->n == before)
		error = ECONNREFUSED;
	return error;
}

const char *daemon_advice(int error)
{
	if (error == EACCES)
		return "you are neither root nor in its group";
	if (error == ENOENT || error == ECONNREFUSED)
		return "sshtraild is not running; start it, or name its socket "
		       "with --socket";
	return strerror(error);
}
