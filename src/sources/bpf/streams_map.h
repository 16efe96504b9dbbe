/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The connections that processes began last, by the system call that did
 * it, as the programs in the kernel (net_bpf.h) write it into their map
 * `streams` and streams.c reads it.
 */
#ifndef SOURCES_BPF_STREAMS_MAP_H
#define SOURCES_BPF_STREAMS_MAP_H

#include <stdint.h>

#define STREAMS_SLOTS 4096

struct stream {
	uint32_t pid; /* process; 0: nothing stands here */
	uint16_t family, port;
	uint64_t addr[2]; /* as in struct rec_ends */
	/* When the call began as audit's record of it tells: ms since 1970. */
	uint64_t called;
	uint32_t n; /* connections of this kind */
	uint32_t unused;
};

/* Each has one place; what came before there is forgotten. */
static inline uint32_t stream_slot(uint32_t pid, uint16_t port, uint64_t called)
{
	uint64_t v = ((uint64_t)pid << 16 | port) ^ called << 20;

	return (uint32_t)(v * 0x9e3779b97f4a7c15u >> 52);
}

#endif
