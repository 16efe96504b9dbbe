/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What all programs in the kernel share: the ring, and records in the making.
 * Included by trace.bpf.c alone.
 */
#ifndef SOURCES_BPF_DRAFT_BPF_H
#define SOURCES_BPF_DRAFT_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "sources/bpf/kernel_bpf.h"
#include "sources/bpf/record.h"
#include "sources/bpf/wake_bpf.h"

#define PATHS_BYTES (3 * REC_PATH_MAX)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, REC_RING_BYTES);
} ring SEC(".maps");

/* Records that found no room in the ring, by type. Read through mmap(). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, REC_N_TYPES);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* A record being made: too large for the stack. */
struct draft {
	union {
		struct rec_exec exec;
		struct rec_net net;
		struct rec_file file;
		struct rec_act act;
	};
	char text[PATHS_BYTES + REC_ARGS_PIECE];
	/* Beyond what is sent: the state of the walk along a path. */
	__u32 at, end;
	__u32 flags;
	struct dentry *dentry, *root;
	struct mount *mount, *root_mount;
	__u32 taken;
};

/*
 * One program may be interrupted by another: each has its own. Those that can
 * be interrupted by themselves take one of several and give it back.
 */
enum { DRAFT_EXEC, DRAFT_NET, DRAFT_FREE, N_DRAFTS = DRAFT_FREE + 4 };

/* Text follows each of them, so they are of one size. */
_Static_assert(sizeof(struct rec_exec) == sizeof(struct rec_net), "");
_Static_assert(sizeof(struct rec_exec) == sizeof(struct rec_file), "");
_Static_assert(sizeof(struct rec_exec) == sizeof(struct rec_act), "");
_Static_assert(__builtin_offsetof(struct draft, at) <= REC_MAX, "");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_DRAFTS);
	__type(key, __u32);
	__type(value, struct draft);
} drafts SEC(".maps");

static __always_inline __u64 wakeup(__u64 now)
{
	return wake(&ring, REC_RING_BYTES, now);
}

static __always_inline void count_lost(__u32 type)
{
	__u64 *n = bpf_map_lookup_elem(&lost, &type);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline struct draft *get_draft(__u32 which)
{
	return bpf_map_lookup_elem(&drafts, &which);
}

/* NULL, and counted as lost: as many programs interrupt each other here. */
static __always_inline struct draft *take_draft(__u32 type)
{
	struct draft *d;
	int i;

	for (i = DRAFT_FREE; i < N_DRAFTS; i++) {
		d = get_draft(i);
		if (d && !__sync_lock_test_and_set(&d->taken, 1))
			return d;
	}
	count_lost(type);
	return NULL;
}

static __always_inline void give_back(struct draft *d)
{
	__sync_lock_test_and_set(&d->taken, 0);
}

static __always_inline void fill_head(
    struct rec_head *head, __u16 type, __u32 size, __u32 pid)
{
	head->magic = REC_MAGIC;
	head->version = REC_VERSION;
	head->type = type;
	head->size = size;
	head->pid = pid;
	head->time = bpf_ktime_get_boot_ns();
}

/* Appends at most `max` bytes of a string of the kernel's, without its NUL. */
static __always_inline __u32 add_text(
    struct draft *d, const char *text, __u32 max)
{
	__u32 at = d->at;
	long n;

	if (at > PATHS_BYTES - max)
		return 0;
	n = bpf_probe_read_kernel_str(d->text + at, max, text);
	if (n <= 1 || n > max)
		return 0;
	d->at = at + n - 1;
	return n - 1;
}

static __always_inline void send_draft(struct draft *d, __u32 type, __u32 fixed)
{
	struct rec_head *head = (struct rec_head *)d;
	__u32 size = fixed + d->at;

	barrier_var(size);
	head->size = size;
	if (size > __builtin_offsetof(struct draft, at) ||
	    bpf_ringbuf_output(&ring, d, size, wakeup(head->time)))
		count_lost(type);
}

#endif
