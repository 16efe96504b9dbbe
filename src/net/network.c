/* SPDX-License-Identifier: Apache-2.0 */
#include "net/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>

static const unsigned char mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* The whole of either family, 0: not one. */
static unsigned parse_bytes(struct str s, unsigned char ret[static 16])
{
	char text[INET6_ADDRSTRLEN];

	if (s.n >= sizeof text)
		return 0;
	snprintf(text, sizeof text, "%.*s", STR_ARG(s));
	if (inet_pton(AF_INET6, text, ret) == 1)
		return 128;
	memcpy(ret, mapped, sizeof mapped);
	return inet_pton(AF_INET, text, ret + sizeof mapped) == 1 ? 32 : 0;
}

static bool bit(const unsigned char *bytes, unsigned i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

bool network_parse(struct str text, struct network *ret)
{
	struct str address;
	unsigned whole;
	uint64_t bits = 0;
	bool has_bits = str_cut(&text, '/', &address);

	whole = parse_bytes(address, ret->bytes);
	if (!has_bits)
		bits = whole;
	else if (!str_u64(text, &bits))
		return false;
	if (whole == 0 || bits > whole)
		return false;
	ret->bits = (unsigned)bits + 128 - whole;
	for (unsigned i = ret->bits; i < 128; i++)
		if (bit(ret->bytes, i))
			return false;
	return true;
}

static bool get_bytes(
    const struct sockaddr_storage *a, unsigned char ret[static 16])
{
	if (a->ss_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
		return true;
	}
	if (a->ss_family != AF_INET)
		return false;
	memcpy(ret, mapped, sizeof mapped);
	memcpy(
	    ret + sizeof mapped, &((const struct sockaddr_in *)a)->sin_addr, 4);
	return true;
}

bool network_has(const struct network *n, const struct sockaddr_storage *a)
{
	unsigned char bytes[16];

	if (!get_bytes(a, bytes))
		return false;
	for (unsigned i = 0; i < n->bits; i++)
		if (bit(bytes, i) != bit(n->bytes, i))
			return false;
	return true;
}

void network_text(
    const struct sockaddr_storage *a, char ret[static NETWORK_TEXT_MAX])
{
	unsigned char bytes[16];
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	if (!get_bytes(a, bytes)) {
		snprintf(ret, NETWORK_TEXT_MAX, "unknown");
		return;
	}
	if (memcmp(bytes, mapped, sizeof mapped) == 0) {
		inet_ntop(
		    AF_INET, bytes + sizeof mapped, ret, NETWORK_TEXT_MAX);
		return;
	}
	inet_ntop(AF_INET6, bytes, ret, NETWORK_TEXT_MAX);
	/* Link-local: of one link. */
	if (in6->sin6_scope_id)
		snprintf(ret + strlen(ret), NETWORK_TEXT_MAX - strlen(ret),
		    "%%%u", in6->sin6_scope_id);
}

bool network_parse_listen(struct str text, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	size_t colon = str_rfind_char(text, ':');
	struct str address = str_upto(text, colon);
	unsigned char bytes[16];
	unsigned whole;
	uint64_t port = 0;

	if (colon == STR_NPOS || !str_u64(str_from(text, colon + 1), &port) ||
	    port > UINT16_MAX)
		return false;
	if (str_skip(&address, STR("[")) && !str_chop(&address, STR("]")))
		return false;
	whole = parse_bytes(address, bytes);
	if (whole == 0 || (whole == 128) != (text.p[0] == '['))
		return false;
	*ret = (struct sockaddr_storage){
	    .ss_family = whole == 128 ? AF_INET6 : AF_INET};
	if (whole == 128) {
		memcpy(&in6->sin6_addr, bytes, 16);
		in6->sin6_port = htons((uint16_t)port);
	} else {
		memcpy(&in->sin_addr, bytes + sizeof mapped, 4);
		in->sin_port = htons((uint16_t)port);
	}
	return true;
}
