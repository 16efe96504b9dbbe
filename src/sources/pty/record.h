/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the programs in the kernel (pty.bpf.c) tell user space of the terminals
 * that sshd holds, and of commands that it runs without one: a stream of
 * records, shared by both sides, in the byte order of the host. Each names its
 * terminal or command completely, so that whoever reads only the rest of a
 * stream knows whose it is.
 */
#ifndef SOURCES_PTY_RECORD_H
#define SOURCES_PTY_RECORD_H

#include "sources/bpf/record.h"

#define PTY_MAGIC   0x70527353u /* "SsRp" */
#define PTY_VERSION 2

/*
 * Bytes of one record at most; what was written or read at once and is longer
 * is told in so many records, up to PTY_CHUNKS of them: more than the kernel
 * moves through a pty at once.
 */
#define PTY_CHUNK  4096
#define PTY_CHUNKS 16

/* Bytes of the arguments of a program that a command runs; then cut. */
#define PTY_ARGS 1024

/* Bytes of the ring; a power of two. */
#define PTY_RING_BYTES (8 << 20)

enum pty_type {
	PTY_CLOCK = REC_CLOCK, /* struct rec_clock, written by the tap */
	PTY_OPEN,
	PTY_SIZE,
	PTY_OUTPUT,
	PTY_INPUT,
	PTY_MASKED, /* input while the terminal does not echo: not told */
	/* Of commands only: */
	PTY_ERRORS,  /* what it wrote to its standard error */
	PTY_EXEC,    /* it or a descendant of it runs a program */
	PTY_LIMITED, /* output is only counted from here on */
	PTY_CLOSE,
	/* No record: place of the counter of programs that did not run. */
	PTY_MISSED,
	PTY_N_TYPES,
};

enum pty_flag {
	PTY_LATE = 1,	 /* it was open before its first record */
	PTY_COMMAND = 2, /* a command, not a terminal */
	PTY_CUT = 4,	 /* arguments are longer than what is told of them */
	PTY_EXITED = 8,	 /* the command has ended: `status` */
	/* sshd ran something else in its process before: not told */
	PTY_EARLIER = 16,
	/* Of sshtrail-rec (sources/rec/) only: */
	PTY_KILLED = 32, /* with PTY_CLOSE: it did not say that it ended */
	PTY_UNREAD = 64, /* a command whose output is not read */
	/* What it showed before was all told; with PTY_CLOSE: will be. */
	PTY_RESUMED = 128,
};

struct pty_rec {
	struct rec_head head; /* pid: of the sshd process that holds it */
	uint64_t serial;      /* of the terminal, never used again; not 0 */
	/*
	 * Bytes of output before this record, told or lost: where that is not
	 * what was read, the difference was lost.
	 */
	uint64_t offset;
	uint64_t counted; /* bytes of output beyond the limit; not in offset */
	uint32_t ppid, auid, ses;
	uint32_t index; /* N of /dev/pts/N; of a command: its process */
	uint16_t rows, cols;
	uint32_t flags; /* enum pty_flag */
	uint32_t n;	/* bytes that follow; the record may be longer */
	/*
	 * How many programs a command ran, each told before by PTY_EXEC unless
	 * that record was lost; with records that are no PTY_EXEC.
	 */
	uint32_t execs;
	uint32_t status; /* as wait(2) tells it; with PTY_EXITED */
	uint32_t unused;
	/*
	 * char bytes[n]: output, input, or of a PTY_OPEN and PTY_EXEC of a
	 * command the arguments, each with a NUL behind it.
	 */
};

/*
 * Words of the map `counters`, which user space maps: the one that the tap
 * keeps, then records that found no room by enum pty_type, then the number of
 * processes that sshd made for its connections and that live.
 */
#define PTY_COUNTER_SSHDS PTY_N_TYPES
#define PTY_N_COUNTERS	  (PTY_N_TYPES + 1)

#endif
