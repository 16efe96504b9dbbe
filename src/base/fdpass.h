/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages with descriptors between two processes of one host, over a pair of
 * UNIX sockets that keeps the borders of messages (SOCK_SEQPACKET). A message
 * has a size that both sides know: what has another is a fault of the other
 * side. The receiver trusts nothing: what came with a faulty message is closed.
 */
#ifndef BASE_FDPASS_H
#define BASE_FDPASS_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"

#define FDPASS_FDS_MAX 64

/* Both ends are closed on exec. Returns 0 or a negative errno. */
int fdpass_pair(int ret[static 2]);

/*
 * Send n bytes (at least one) and copies of n_fds descriptors, which stay the
 * caller's. 0; -EINVAL: more than FDPASS_FDS_MAX; -EPIPE: the other side is
 * gone; -EAGAIN: the socket does not block and has no room. Nothing or all is
 * sent.
 */
int fdpass_send(
    int sock, const void *msg, size_t n, const int *fds, unsigned n_fds);

/*
 * Receive a message of n bytes. 1: it is there, with *ret_n_fds descriptors,
 * now the caller's and closed on exec; 0: the other side closed its end; or a
 * negative errno with err set, and no descriptor left open:
 *   -EMSGSIZE  it is shorter or longer
 *   -EMFILE    it has more than FDPASS_FDS_MAX descriptors, or more than this
 *              process may open
 *   -EAGAIN    the socket does not block, and there is none
 * On failure nothing is said of what lies in `msg`.
 */
int fdpass_receive(int sock, void *msg, size_t n,
    int ret_fds[static FDPASS_FDS_MAX], unsigned *ret_n_fds, struct err *err);

/*
 * Who made the other end of a connected UNIX socket, as the kernel saw it then
 * (its program may be another by now). Returns 0 or a negative errno.
 */
int fdpass_peer(int sock, struct ucred *ret);

#endif
