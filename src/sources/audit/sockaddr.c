/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/sockaddr.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "sources/audit/value.h"

static void parse_inet(struct arena *a, const uint8_t *p, size_t n, int family,
    struct sock_address *ret)
{
	size_t at = family == AF_INET ? 4 : 8;
	size_t len = family == AF_INET ? 4 : 16;
	const uint8_t *from = p + at;
	char text[INET6_ADDRSTRLEN];

	if (n >= 4)
		ret->port = p[2] << 8 | p[3];
	if (n < at + len)
		return;
	if (family == AF_INET6 &&
	    memcmp(from, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) {
		/* An IPv4 peer of an IPv6 socket: named as everywhere else. */
		family = AF_INET;
		from += 12;
	}
	if (inet_ntop(family, from, text, sizeof text))
		ret->addr = arena_dup(a, str_z(text));
}

static void parse_local(
    struct arena *a, uint8_t *p, size_t n, struct sock_address *ret)
{
	struct str path = str_make(p + 2, n - 2);

	if (path.n == 0)
		return;
	if (p[2] == 0) {
		p[2] = '@';
		while (path.n > 1 && path.p[path.n - 1] == 0)
			path.n--;
		if (path.n > 1)
			ret->path = path;
		return;
	}
	ret->path = str_upto(path, str_find_char(path, '\0'));
}

bool sockaddr_parse(struct arena *a, struct str hex, struct sock_address *ret)
{
	struct str bytes = value_unhex(a, hex);
	uint8_t *p;

	*ret = (struct sock_address){-1, STR_NONE, -1, STR_NONE};
	if (!bytes.p)
		return false;
	if (bytes.n < 2)
		return true;
	p = arena_alloc(a, bytes.n);
	if (!p)
		return false;
	memcpy(p, bytes.p, bytes.n);
	ret->family = p[0] | p[1] << 8;
	if (ret->family == AF_INET || ret->family == AF_INET6)
		parse_inet(a, p, bytes.n, ret->family, ret);
	else if (ret->family == AF_UNIX)
		parse_local(a, p, bytes.n, ret);
	return true;
}
