/* SPDX-License-Identifier: Apache-2.0 */
/* The socket addresses of SOCKADDR records. */
#ifndef SOURCES_AUDIT_SOCKADDR_H
#define SOURCES_AUDIT_SOCKADDR_H

#include "base/arena.h"

struct sock_address {
	int family;	 /* AF_*, -1 when not known */
	struct str addr; /* text of an IPv4 or IPv6 address */
	int64_t port;	 /* -1: none */
	struct str path; /* of a local socket; abstract names begin with @ */
};

/*
 * Read the value of saddr= (hex of the bytes as they lay in memory, in the
 * byte order of the machine that wrote them: a little-endian one is taken).
 * Short addresses give what there is. False when it is not hex.
 */
bool sockaddr_parse(struct arena *a, struct str hex, struct sock_address *ret);

#endif
