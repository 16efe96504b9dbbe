/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector's half of a tap of programs in the kernel: their ring, when to
 * look into it, what was lost, and how the kernel's times are to be read.
 */
#ifndef SOURCES_BPF_READER_H
#define SOURCES_BPF_READER_H

#include "sources/bpf/clock.h"
#include "sources/bpf/ring.h"
#include "sources/tap.h"

/* The first of tap_opened.fd: ring, loss counters. */
enum reader_fd { READER_RING, READER_LOST, READER_N_FDS };

struct reader {
	struct ring ring;
	int timer;	/* when to look again, see REC_WAKE_NS */
	int poll_fd;	/* epoll of ring and timer; to be polled */
	uint64_t *lost; /* words [1] to [n_lost - 1]; [0]: told already */
	size_t n_lost;
	uint64_t base; /* told by a collector before this one */
	struct record_clock clock;
};

/* What a reader reads. */
struct reader_kind {
	size_t ring_bytes, n_lost;
	uint32_t magic;
	uint16_t version;
};

/*
 * Descriptors stay the caller's, and may be closed but for that of the ring.
 * Close it also after a failure.
 */
int reader_open(struct reader *r, const struct tap_opened *opened,
    const struct reader_kind *kind);
void reader_close(struct reader *r);

/*
 * Appends what is at hand, before it a record of the clock where its offset
 * has changed. An enum tap_state or a negative errno.
 */
int reader_read(struct reader *r, struct buf *to, struct err *err);

/* Records since start, see struct tap_loss. */
uint64_t reader_lost(struct reader *r);

#endif
