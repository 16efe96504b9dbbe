/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* When who reads a ring is woken. */
#ifndef SOURCES_BPF_WAKE_BPF_H
#define SOURCES_BPF_WAKE_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "sources/bpf/record.h"

/* When it was woken last; two processors may both do it. */
__u64 woken;

/*
 * To wake the reader costs more than to make the record: while one begins
 * after the other it is left to come by itself (reader.h), unless much waits.
 */
static __always_inline __u64 wake(void *ring, __u64 ring_bytes, __u64 now)
{
	if (now - woken < REC_WAKE_NS &&
	    bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < ring_bytes / 4)
		return BPF_RB_NO_WAKEUP;
	woken = now;
	return BPF_RB_FORCE_WAKEUP;
}

#endif
