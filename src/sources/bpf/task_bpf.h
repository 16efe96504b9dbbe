/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* For programs at the end of a function of the kernel: who, and its result. */
#ifndef SOURCES_BPF_TASK_BPF_H
#define SOURCES_BPF_TASK_BPF_H

#include "sources/bpf/session_bpf.h"

#define EPERM	1
#define EACCES	13
#define EROFS	30
#define MAX_ERR 4095

/*
 * What fexit programs run in, if that is a process of a session. What a process
 * does to a file of overlayfs, that does again to the file below, as whoever
 * mounted it: it is told once. (io_uring can act as somebody else, too: what
 * uses that is told twice rather than not at all.)
 */
static __always_inline struct task_struct *session_task(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 pid = task->tgid;

	/* Who took his login uid off is followed, see session_bpf.h. */
	if (task->loginuid.val == UID_UNSET &&
	    !bpf_map_lookup_elem(&members, &pid))
		return NULL;
	if (task->cred != task->real_cred && !task->io_uring)
		return NULL;
	return task;
}

/* A record in the making of something that this process does. */
static __always_inline struct draft *begin_draft(
    struct task_struct *task, __u32 type)
{
	struct draft *d;

	/* Its session is told first. */
	in_session(task);
	d = take_draft(type);
	if (!d)
		return NULL;
	fill_head(&d->exec.head, type, 0, task->tgid);
	fill_who(&d->exec.who, task);
	__builtin_memset(&d->exec.argc, 0,
	    sizeof d->exec - __builtin_offsetof(struct rec_exec, argc));
	d->at = 0;
	return d;
}

/* Refusals are told; what failed because a file was or was not there is not. */
static __always_inline bool is_told(__u32 error)
{
	return !error || error == EPERM || error == EACCES || error == EROFS;
}

/*
 * errno of what the function returned: an int, or a pointer. The upper half of
 * an int means nothing. (The helper came with Linux 5.17, when these functions
 * had their arguments of today: kernels before it refuse the program.)
 */
static __always_inline __u32 result(void *ctx)
{
	__u64 ret = 0;
	__u32 high, low;

	bpf_get_func_ret(ctx, &ret);
	high = ret >> 32;
	low = ret;
	return (high == 0 || high == ~0u) && -low <= MAX_ERR ? -low : 0;
}

#endif
