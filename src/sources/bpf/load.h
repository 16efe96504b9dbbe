/* SPDX-License-Identifier: Apache-2.0 */
/* Into the kernel: the half of the tap that needs root. */
#ifndef SOURCES_BPF_LOAD_H
#define SOURCES_BPF_LOAD_H

#include "sources/bpf/reader.h"

/* What stands where in tap_opened.fd: the links are all behind these. */
enum bpf_fd {
	BPF_FD_RING = READER_RING,
	BPF_FD_LOST = READER_LOST,
	BPF_FD_DIRS, /* maps of watch_map.h */
	BPF_FD_NAMES,
	BPF_FD_ASKED,
	BPF_FD_SIEVE,
	BPF_FD_STREAMS, /* map of streams_map.h */
	BPF_N_FDS
};

/* Meaning of tap_opened.kept. */
enum bpf_kept {
	BPF_KEPT_WHOLE, /* kinds (1 << enum event_kind) that all run for */
	BPF_KEPT_TCP,	/* all connections by TCP are told: 1 */
	BPF_KEPT_SINCE, /* time_now() when all of this ran */
	/* 1 << i: the link i is that of a program which may be passed over */
	BPF_KEPT_SPARED,
};

/*
 * Loads and attaches every program that this kernel takes, appends the
 * descriptors of ring, loss counters, maps and links, and says in the note what
 * runs and what does not. The programs run as long as some process holds the
 * descriptors of the links.
 */
int bpf_load(struct tap_opened *ret, struct err *err);

/*
 * Look up the files of `list` (watch.h) and write them into the maps. How many
 * entries were left out (too long, too many), or a negative errno.
 */
int bpf_watch(const struct tap_opened *opened, struct str list);

/*
 * A program does not run where it would interrupt itself on one processor; the
 * kernel counts that. Carry its counts over to where the tap's losses stand.
 */
void bpf_count_missed(const struct tap_opened *opened);

#endif
