/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a process ended. */
#ifndef SOURCES_BPF_EXIT_BPF_H
#define SOURCES_BPF_EXIT_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "sources/bpf/kernel_bpf.h"

/*
 * What it leaves to its parent, as the kernel's wait says it; at the exit of
 * its last thread.
 */
static __always_inline __u32 exit_status(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

#endif
