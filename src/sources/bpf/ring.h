/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a BPF ring buffer through its memory alone (layout:
 * Documentation/bpf/ringbuf.rst of the kernel): where the reader has no
 * privileges and perhaps no bpf(2), which libbpf's reader asks for the size.
 */
#ifndef SOURCES_BPF_RING_H
#define SOURCES_BPF_RING_H

#include "base/buf.h"

struct ring {
	uint64_t *consumer;	  /* written by us */
	const uint64_t *producer; /* and behind it the data, twice in a row */
	const char *data;
	size_t bytes; /* of data, a power of two */
	size_t page;
};

/* Maps the ring of `bytes` behind fd, which may then be closed. */
int ring_open(struct ring *r, int fd, size_t bytes);
void ring_close(struct ring *r);

/*
 * Appends whole records to `to` until `max` bytes or more were added, and
 * gives their room back. Returns 1 when there may be more, 0 when there is
 * nothing more at hand, or a negative errno: -EIO when the memory is no ring.
 */
int ring_read(struct ring *r, struct buf *to, size_t max);

#endif
