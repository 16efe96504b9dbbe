/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the programs in the kernel (pty.bpf.c) tell user space of the terminals
 * that sshd holds: a stream of records, shared by both sides, in the byte order
 * of the host. Each names its terminal completely, so that whoever reads only
 * the rest of a stream knows whose it is.
 */
#ifndef SOURCES_PTY_RECORD_H
#define SOURCES_PTY_RECORD_H

#include "sources/bpf/record.h"

#define PTY_MAGIC   0x70527353u /* "SsRp" */
#define PTY_VERSION 1

/*
 * Bytes of one record at most; what was written or read at once and is longer
 * is told in so many records, up to PTY_CHUNKS of them: more than the kernel
 * moves through a pty at once.
 */
#define PTY_CHUNK  4096
#define PTY_CHUNKS 16

/* Bytes of the ring; a power of two. */
#define PTY_RING_BYTES (8 << 20)

enum pty_type {
	PTY_CLOCK = REC_CLOCK, /* struct rec_clock, written by the tap */
	PTY_OPEN,
	PTY_SIZE,
	PTY_OUTPUT,
	PTY_INPUT,
	PTY_MASKED, /* input while the terminal does not echo: not told */
	PTY_CLOSE,
	/* No record: place of the counter of programs that did not run. */
	PTY_MISSED,
	PTY_N_TYPES,
};

enum pty_flag {
	PTY_LATE = 1, /* it was open before its first record */
};

struct pty_rec {
	struct rec_head head; /* pid: of the sshd process that holds it */
	uint64_t serial;      /* of the terminal, never used again; not 0 */
	/*
	 * Bytes of output before this record, told or lost: where that is not
	 * what was read, the difference was lost.
	 */
	uint64_t offset;
	uint32_t ppid, auid, ses;
	uint32_t index; /* N of /dev/pts/N */
	uint16_t rows, cols;
	uint32_t flags; /* enum pty_flag */
	uint32_t n;	/* bytes that follow; the record may be longer */
	uint32_t unused;
	/* char bytes[n] */
};

/*
 * Words of the map `counters`, which user space maps: the one that the tap
 * keeps, then records that found no room by enum pty_type, then the number of
 * processes that sshd made for its connections and that live.
 */
#define PTY_COUNTER_SSHDS PTY_N_TYPES
#define PTY_N_COUNTERS	  (PTY_N_TYPES + 1)

#endif
