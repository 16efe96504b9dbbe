/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The life of a process: exec and exit. */
#ifndef SOURCES_BPF_PROCESS_BPF_H
#define SOURCES_BPF_PROCESS_BPF_H

#include "sources/bpf/exit_bpf.h"
#include "sources/bpf/path_bpf.h"
#include "sources/bpf/session_bpf.h"

static __always_inline bool send_piece(
    const struct draft *d, __u32 offset, __u64 from)
{
	struct rec_args *piece;

	piece = bpf_ringbuf_reserve(&ring, sizeof *piece + REC_ARGS_PIECE, 0);
	if (!piece) {
		count_lost(REC_ARGS);
		return false;
	}
	piece->head = d->exec.head;
	piece->head.type = REC_ARGS;
	piece->head.size = sizeof *piece + REC_ARGS_PIECE;
	piece->offset = offset;
	piece->n = REC_ARGS_PIECE;
	if (bpf_probe_read_user(piece + 1, REC_ARGS_PIECE, (void *)from)) {
		bpf_ringbuf_discard(piece, 0);
		return false;
	}
	bpf_ringbuf_submit(piece, wakeup(piece->head.time));
	return true;
}

/*
 * The arguments from the copy that the kernel made for the new program: what
 * the caller's memory says by now does not matter. The program itself has not
 * run yet.
 */
static __noinline int add_args(struct draft *d, struct task_struct *task)
{
	__u64 from = BPF_CORE_READ(task, mm, arg_start);
	__u64 total = BPF_CORE_READ(task, mm, arg_end) - from;
	__u32 left, at;
	int i;

	d->exec.args_total = total;
	d->exec.args_kept = 0;
	d->exec.n_args = 0;
	for (i = 0; i < REC_ARGS_MAX / REC_ARGS_PIECE; i++) {
		if (total - d->exec.args_kept <= REC_ARGS_PIECE)
			break;
		if (!send_piece(d, d->exec.args_kept, from + d->exec.args_kept))
			return 0;
		d->exec.args_kept += REC_ARGS_PIECE;
	}
	if (i == REC_ARGS_MAX / REC_ARGS_PIECE)
		return 0;
	left = total - d->exec.args_kept;
	barrier_var(left);
	if (left > REC_ARGS_PIECE)
		return 0;
	/* Last: what it is known to be is forgotten when it leaves a register.
	 */
	at = d->at;
	barrier_var(at);
	if (at > PATHS_BYTES)
		return 0;
	if (bpf_probe_read_user(
		d->text + at, left, (void *)(from + d->exec.args_kept)))
		return 0;
	d->exec.args_kept += left;
	d->exec.n_args = left;
	d->at = at + left;
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(trace_exec, struct task_struct *task, int old_pid,
    struct linux_binprm *bprm)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct draft *d;
	long n;

	if (!in_session(task))
		return 0;
	d = get_draft(DRAFT_EXEC);
	if (!d)
		return 0;
	fill_head(&d->exec.head, REC_EXEC, 0, BPF_CORE_READ(task, tgid));
	fill_who(&d->exec.who, task);
	__builtin_memset(d->exec.unused, 0, sizeof d->exec.unused);
	d->exec.sid =
	    BPF_CORE_READ(task, signal, pids[PIDTYPE_SID], numbers[0].nr);
	d->exec.start = BPF_CORE_READ(task, start_boottime);
	d->exec.argc = BPF_CORE_READ(bprm, argc);
	n = bpf_probe_read_kernel_str(
	    d->text, REC_PATH_MAX, BPF_CORE_READ(bprm, filename));
	d->at = d->exec.n_file = n > 0 ? n : 0;
	add_exe(d, task, REC_PATH_MAX);
	d->exec.n_exe = d->at - d->exec.n_file;
	d->exec.exe_flags = d->flags;
	add_path(d, &fs->pwd, task, REC_PATH_MAX);
	d->exec.n_cwd = d->at - d->exec.n_file - d->exec.n_exe;
	d->exec.cwd_flags = d->flags;
	add_args(d, task);
	send_draft(d, REC_EXEC, sizeof d->exec);
	return 0;
}

/* A process ends with its last thread, whichever that is. */
static __always_inline int tell_exit(struct task_struct *task)
{
	__u32 status = exit_status(task);
	struct rec_exit *rec;

	rec = bpf_ringbuf_reserve(&ring, sizeof *rec, 0);
	if (!rec) {
		count_lost(REC_EXIT);
		return 0;
	}
	fill_head(&rec->head, REC_EXIT, sizeof *rec, BPF_CORE_READ(task, tgid));
	fill_who(&rec->who, task);
	rec->status = status;
	rec->unused = 0;
	rec->start = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_ringbuf_submit(rec, wakeup(rec->head.time));
	end_member(task, status);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(trace_exit, struct task_struct *task, bool group_dead)
{
	return group_dead && in_session(task) ? tell_exit(task) : 0;
}

/*
 * For kernels before 6.16, where the tracepoint does not say it. Two last
 * threads that end in the same moment may both be taken for the last.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(trace_exit_5_8, struct task_struct *task)
{
	if (!in_session(task) || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	return tell_exit(task);
}

#endif
