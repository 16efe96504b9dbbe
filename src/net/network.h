/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of others, and networks that these may be of. Pure. */
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/str.h"

/* Of an address with its NUL, "fe80::1%2" too. */
#define NETWORK_TEXT_MAX 64

struct network {
	unsigned char bytes[16]; /* IPv4 as ::ffff:0:0/96 */
	unsigned bits;		 /* of these that count */
};

/*
 * "192.0.2.0/24", "2001:db8::/32", or one address. False: it is none, or has
 * bits behind its length.
 */
bool network_parse(struct str text, struct network *ret);
bool network_has(const struct network *n, const struct sockaddr_storage *a);

/*
 * The address alone, as people write it; IPv4 over IPv6 as IPv4. "unknown":
 * neither of the two.
 */
void network_text(
    const struct sockaddr_storage *a, char ret[static NETWORK_TEXT_MAX]);

/*
 * "192.0.2.1:514", "[::]:514". False: it is no address with a port.
 */
bool network_parse_listen(struct str text, struct sockaddr_storage *ret);

#endif
