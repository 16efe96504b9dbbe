/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets at which others reach us by UDP and TCP. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <stdint.h>

#include "base/err.h"
#include "net/network.h"

/*
 * Open and bind one, which does not block, in *ret; for SOCK_STREAM it listens.
 * IPv6 takes IPv4 too where nothing else does. Before a sandbox is entered.
 */
int net_listen(
    const struct sockaddr_storage *at, int type, int *ret, struct err *err);

/* The port that it got, where it asked for any (0). */
uint16_t net_port(int fd);

/*
 * Take the next connection: *ret_fd does not block, and finds out when the
 * other side is gone. -EAGAIN: none waits; other errors are of one connection
 * or pass: try again later.
 */
int net_accept(int fd, int *ret_fd, struct sockaddr_storage *ret_from);

/*
 * Receive a datagram of at most n bytes: how many it has. *ret_lost (set when
 * it is told): how many the kernel has dropped of this socket since it was
 * opened, for lack of room. -EAGAIN: none waits.
 */
long net_receive(int fd, void *p, size_t n, struct sockaddr_storage *ret_from,
    uint32_t *ret_lost);

#endif
