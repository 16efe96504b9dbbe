/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/link.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fdpass.h"

_Static_assert(TAP_FDS_MAX <= FDPASS_FDS_MAX, "a tap's descriptors fit");

int link_send(int fd, const struct link_message *m)
{
	return fdpass_send(fd, m, sizeof *m, m->opened.fd, m->opened.n_fd);
}

int link_receive(int fd, struct link_message *ret)
{
	int fds[FDPASS_FDS_MAX];
	unsigned n;
	int r = fdpass_receive(fd, ret, sizeof *ret, fds, &n, NULL);

	if (r <= 0)
		return r == 0 ? -EPIPE : r == -EAGAIN ? 0 : -EBADMSG;
	if (n != ret->opened.n_fd || n > TAP_FDS_MAX) {
		for (unsigned i = 0; i < n; i++)
			close(fds[i]);
		return -EBADMSG;
	}
	memcpy(ret->opened.fd, fds, n * sizeof fds[0]);
	ret->text[sizeof ret->text - 1] = '\0';
	ret->opened.name[TAP_NAME_MAX - 1] = '\0';
	ret->opened.note[TAP_NOTE_MAX - 1] = '\0';
	return 1;
}
