/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of the first of the two words before each record. */
#define BUSY_BIT    ((uint32_t)1 << 31)
#define DISCARD_BIT ((uint32_t)1 << 30)
#define HEADER	    8

int ring_open(struct ring *r, int fd, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *own, *theirs;

	own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (own == MAP_FAILED)
		return -errno;
	theirs = mmap(
	    NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (theirs == MAP_FAILED) {
		int error = errno;

		munmap(own, page);
		return -error;
	}
	*r = (struct ring){.consumer = own,
	    .producer = theirs,
	    .data = (const char *)theirs + page,
	    .bytes = bytes,
	    .page = page};
	return 0;
}

void ring_close(struct ring *r)
{
	if (!r->consumer)
		return;
	munmap(r->consumer, r->page);
	munmap((void *)(uintptr_t)r->producer, r->page + 2 * r->bytes);
	*r = (struct ring){.consumer = NULL};
}

int ring_read(struct ring *r, struct buf *to, size_t max)
{
	uint64_t at = __atomic_load_n(r->consumer, __ATOMIC_RELAXED);
	uint64_t end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	size_t before = to->n;

	while (at != end && to->n - before < max) {
		const char *header = r->data + (at & (r->bytes - 1));
		uint32_t word = __atomic_load_n(
		    (const uint32_t *)(const void *)header, __ATOMIC_ACQUIRE);
		uint32_t n = word & ~(BUSY_BIT | DISCARD_BIT);

		/* Being written: neither it nor what follows is ours yet. */
		if (word & BUSY_BIT)
			return 0;
		if (end - at > r->bytes || n > end - at - HEADER)
			return -EIO;
		if (!(word & DISCARD_BIT))
			buf_add(to, header + HEADER, n);
		if (buf_error(to))
			return buf_error(to);
		at += (n + HEADER + 7) & ~(uint64_t)7;
		__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
	}
	return at != end;
}
