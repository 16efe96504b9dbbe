/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What a process does to its own identity, to other processes and to the
 * kernel: changes of user, ptrace, modules, bpf, mounts, namespaces.
 */
#ifndef SOURCES_BPF_ACT_BPF_H
#define SOURCES_BPF_ACT_BPF_H

#include "sources/bpf/path_bpf.h"
#include "sources/bpf/task_bpf.h"

#define ACT_NAME_MAX 256

static __always_inline struct draft *begin_act(
    struct task_struct *task, __u16 op, __u32 error)
{
	struct draft *d = begin_draft(task, REC_ACT);

	if (!d)
		return NULL;
	d->act.op = op;
	d->act.error = error;
	return d;
}

static __always_inline void set_place(struct draft *d, struct dentry *dentry,
    struct vfsmount *mnt, struct task_struct *task)
{
	add_path_loop(d, dentry, mnt, task, REC_PATH_MAX);
	d->act.n_path = d->at;
	d->act.path_flags = d->flags;
}

static __always_inline void set_act_name(struct draft *d, const char *name)
{
	d->act.n_name = add_text(d, name, ACT_NAME_MAX);
}

static __always_inline int end_act(struct draft *d, struct task_struct *task)
{
	__u32 before = d->at;

	add_exe_loop(d, task, REC_NET_EXE_MAX);
	d->act.n_exe = d->at - before;
	d->act.exe_flags = d->flags;
	send_draft(d, REC_ACT, sizeof d->act);
	give_back(d);
	return 0;
}

/*
 * An identity that the process did not have in any form, or another real user.
 * To go to and fro between those that it has is its daily life.
 */
static __always_inline bool is_other_user(
    const struct cred *old, const struct cred *new)
{
	__u32 euid = new->euid.val;

	return new->uid.val != old->uid.val ||
	       (euid != old->uid.val && euid != old->euid.val &&
		   euid != old->suid.val);
}

SEC("fentry/commit_creds")
int BPF_PROG(trace_user, struct cred *new)
{
	struct task_struct *task = session_task();
	struct draft *d;

	if (!task || !is_other_user(task->cred, new))
		return 0;
	d = begin_act(task,
	    BPF_CORE_READ_BITFIELD_PROBED(task, in_execve) ? REC_ACT_SETUID_EXEC
							   : REC_ACT_SETUID,
	    0);
	if (!d)
		return 0;
	d->act.uid = new->uid.val;
	d->act.euid = new->euid.val;
	return end_act(d, task);
}

/*
 * Asked for ptrace, process_vm_writev, /proc/PID/mem and pidfd_getfd alike, and
 * only where the kernel's own rules allow it.
 */
SEC("fexit/security_ptrace_access_check")
int BPF_PROG(trace_ptrace, struct task_struct *child, unsigned int mode)
{
	struct task_struct *task = session_task();
	struct draft *d;

	if (!task || !(mode & PTRACE_MODE_ATTACH))
		return 0;
	d = begin_act(task, REC_ACT_PTRACE, result(ctx));
	if (!d)
		return 0;
	d->act.pid = child->tgid;
	set_act_name(d, child->comm);
	return end_act(d, task);
}

SEC("tp_btf/module_load")
int BPF_PROG(trace_module, struct module *module)
{
	struct task_struct *task = session_task();
	struct draft *d = task ? begin_act(task, REC_ACT_MODULE, 0) : NULL;

	if (!d)
		return 0;
	set_act_name(d, module->name);
	return end_act(d, task);
}

SEC("fentry/perf_event_bpf_event")
int BPF_PROG(trace_bpf_load, struct bpf_prog *prog, int type)
{
	struct task_struct *task = session_task();
	struct draft *d;

	if (!task || type != PERF_BPF_EVENT_PROG_LOAD)
		return 0;
	d = begin_act(task, REC_ACT_BPF, 0);
	if (!d)
		return 0;
	set_act_name(d, prog->aux->name);
	return end_act(d, task);
}

SEC("fexit/path_mount")
int BPF_PROG(trace_mount, const char *device, struct path *path)
{
	struct task_struct *task = session_task();
	struct draft *d =
	    task ? begin_act(task, REC_ACT_MOUNT, result(ctx)) : NULL;

	if (!d)
		return 0;
	set_place(d, path->dentry, path->mnt, task);
	set_act_name(d, device);
	return end_act(d, task);
}

SEC("fexit/security_move_mount")
int BPF_PROG(trace_move_mount, const struct path *from, const struct path *to)
{
	struct task_struct *task = session_task();
	struct draft *d =
	    task ? begin_act(task, REC_ACT_MOVE_MOUNT, result(ctx)) : NULL;

	if (!d)
		return 0;
	set_place(d, to->dentry, to->mnt, task);
	return end_act(d, task);
}

SEC("fexit/security_sb_umount")
int BPF_PROG(trace_umount, struct vfsmount *mnt)
{
	struct task_struct *task = session_task();
	struct draft *d =
	    task ? begin_act(task, REC_ACT_UMOUNT, result(ctx)) : NULL;

	if (!d)
		return 0;
	set_place(d, mnt->mnt_root, mnt, task);
	return end_act(d, task);
}

SEC("fexit/security_sb_pivotroot")
int BPF_PROG(trace_pivot_root, const struct path *old, const struct path *new)
{
	struct task_struct *task = session_task();
	struct draft *d =
	    task ? begin_act(task, REC_ACT_PIVOT_ROOT, result(ctx)) : NULL;

	if (!d)
		return 0;
	set_place(d, new->dentry, new->mnt, task);
	return end_act(d, task);
}

static __always_inline int tell_spaces(struct task_struct *task, __u32 spaces)
{
	struct draft *d = begin_act(task, REC_ACT_NAMESPACE, 0);

	if (!d)
		return 0;
	d->act.spaces = spaces;
	return end_act(d, task);
}

/* 1 where the two differ; without a branch, which the verifier goes twice. */
#define DIFFERS(a, b, member)                                                  \
	({                                                                     \
		__u64 _d = (__u64)BPF_CORE_READ(a, member) ^                   \
			   (__u64)BPF_CORE_READ(b, member);                    \
		(__u32)((_d | -_d) >> 63);                                     \
	})

/* unshare and setns; a process that ends gives its namespaces up, too. */
SEC("fentry/switch_task_namespaces")
int BPF_PROG(trace_namespaces, struct task_struct *of, struct nsproxy *new)
{
	struct task_struct *task = session_task();
	struct nsproxy *old;
	__u32 spaces;

	if (!task || task != of || !new)
		return 0;
	old = task->nsproxy;
	if (!old)
		return 0;
	spaces = DIFFERS(old, new, mnt_ns) * REC_NS_MNT |
		 DIFFERS(old, new, pid_ns_for_children) * REC_NS_PID |
		 DIFFERS(old, new, net_ns) * REC_NS_NET |
		 DIFFERS(old, new, uts_ns) * REC_NS_UTS |
		 DIFFERS(old, new, ipc_ns) * REC_NS_IPC |
		 DIFFERS(old, new, cgroup_ns) * REC_NS_CGROUP;
	return spaces ? tell_spaces(task, spaces) : 0;
}

SEC("fexit/create_user_ns")
int BPF_PROG(trace_user_namespace)
{
	struct task_struct *task = session_task();

	return task && !result(ctx) ? tell_spaces(task, REC_NS_USER) : 0;
}

#endif
