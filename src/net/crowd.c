/* SPDX-License-Identifier: Apache-2.0 */
#include "net/crowd.h"

#include <errno.h>
#include <netinet/in.h>

#include "base/hash.h"

void crowd_init(struct crowd *c)
{
	*c = (struct crowd){.counts = MAP_INIT};
	c->end = &c->first;
}

void crowd_free(struct crowd *c)
{
	map_free(&c->counts);
}

/* Who has one address of IPv6 has the 2^64 beside it. */
static uint64_t hash_address(const struct sockaddr *from)
{
	const union {
		const struct sockaddr *any;
		const struct sockaddr_in *in;
		const struct sockaddr_in6 *in6;
	} at = {from};

	if (from->sa_family == AF_INET)
		return hash_bytes(str_make(&at.in->sin_addr, 4));
	if (from->sa_family != AF_INET6)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&at.in6->sin6_addr))
		return hash_bytes(str_make(&at.in6->sin6_addr.s6_addr[12], 4));
	return hash_bytes(str_make(&at.in6->sin6_addr, 8));
}

int crowd_enter(
    struct crowd *c, struct crowd_member *m, const struct sockaddr *from)
{
	const uint64_t address = hash_address(from);
	uint64_t *n = map_put(&c->counts, address);

	if (!n)
		return -ENOMEM;
	++*n;
	*m = (struct crowd_member){
	    .address = address, .is_in = true, .place = c->end};
	*c->end = m;
	c->end = &m->next;
	return 0;
}

void crowd_leave(struct crowd *c, struct crowd_member *m)
{
	uint64_t *n;

	if (!m->is_in)
		return;
	n = map_get(&c->counts, m->address);
	if (--*n == 0)
		map_del(&c->counts, m->address);
	*m->place = m->next;
	if (m->next)
		m->next->place = m->place;
	else
		c->end = m->place;
	m->is_in = false;
}

uint64_t crowd_count(const struct crowd *c, const struct crowd_member *m)
{
	return *map_get(&c->counts, m->address);
}

struct crowd_member *crowd_yields(const struct crowd *c)
{
	struct crowd_member *most = NULL;
	uint64_t n = 0;

	for (struct crowd_member *m = c->first; m; m = m->next)
		if (crowd_count(c, m) > n) {
			n = crowd_count(c, m);
			most = m;
		}
	return most;
}
