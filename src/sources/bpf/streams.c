/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/streams.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BYTES	    (STREAMS_SLOTS * sizeof(struct stream))
#define USEC_PER_MS 1000

int streams_open(struct streams *s, int fd)
{
	void *p;

	*s = (struct streams){.seen = NULL};
	if (fd < 0)
		return 0;
	p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	s->seen = p;
	s->taken = calloc(STREAMS_SLOTS, sizeof *s->taken);
	return s->taken ? 0 : -ENOMEM;
}

void streams_close(struct streams *s)
{
	if (s->seen)
		munmap((void *)(uintptr_t)s->seen, BYTES);
	free(s->taken);
	*s = (struct streams){.seen = NULL};
}

/* An IPv4 peer of an IPv6 socket is named as one of IPv4. */
static bool is_addr(const struct stream *seen, struct str text)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *at = (const uint8_t *)seen->addr;
	uint8_t addr[16];
	char z[INET6_ADDRSTRLEN];

	if (text.n >= sizeof z)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	if (inet_pton(AF_INET, z, addr) == 1)
		return seen->family == AF_INET
			   ? memcmp(at, addr, 4) == 0
			   : memcmp(at, mapped, 12) == 0 &&
				 memcmp(at + 12, addr, 4) == 0;
	return inet_pton(AF_INET6, z, addr) == 1 && seen->family == AF_INET6 &&
	       memcmp(at, addr, 16) == 0;
}

static bool is_same(const struct stream *a, const struct stream *b)
{
	return a->pid == b->pid && a->family == b->family &&
	       a->port == b->port && a->called == b->called &&
	       memcmp(a->addr, b->addr, sizeof a->addr) == 0;
}

bool streams_take(struct streams *s, const struct event *ev)
{
	const uint32_t pid = (uint32_t)event_int(ev, F_PID, 0);
	const uint16_t port = (uint16_t)event_int(ev, F_PORT, 0);
	const uint64_t called = (uint64_t)ev->time / USEC_PER_MS;
	const uint32_t slot = stream_slot(pid, port, called);
	struct stream now, *taken;

	if (!s->seen || !pid || !event_has(ev, F_ADDR))
		return false;
	memcpy(&now, &s->seen[slot], sizeof now);
	taken = &s->taken[slot];
	if (now.pid != pid || now.port != port || now.called != called ||
	    !is_addr(&now, event_str(ev, F_ADDR)))
		return false;
	if (!is_same(taken, &now)) {
		*taken = now;
		taken->n = 0;
	}
	if (taken->n >= now.n)
		return false;
	taken->n++;
	return true;
}
